#include "client/core/journal_request_session.h"

#include <utility>

#include "client/errors.h"

namespace ringjournal::client {

JournalRequestSession::JournalRequestSession(SessionOptions options, std::string journal,
                                             v1::ClientMessage request, bool changes_something)
    : RequestSession(std::move(options), std::move(request), changes_something),
      journal_(std::move(journal)) {}

void JournalRequestSession::OnHello(const v1::HelloReply& reply, int64_t now_ns) {
  hello_ = reply;
  v1::ClientMessage message;
  open_id_ = TakeRequestId();
  message.mutable_open()->set_request_id(open_id_);
  message.mutable_open()->set_journal(journal_);
  Send(message);
}

void JournalRequestSession::OnFrame(const ServerFrame& frame, int64_t now_ns) {
  if (frame.field == v1::ServerMessage::kOpenReply) {
    if (ParseBody(frame, &opened_)) RequestSession::OnHello(hello_, now_ns);
    return;
  }
  if (frame.field == v1::ServerMessage::kError) {
    v1::ErrorReply error;
    if (!ParseBody(frame, &error)) return;
    if (error.request_id() == open_id_) {
      absl::Status why = StatusOf(error);
      return IsTransient(CodeOf(why)) && retries() ? Reconnect(why) : Stop(why);
    }
  }
  RequestSession::OnFrame(frame, now_ns);
}

}  // namespace ringjournal::client
