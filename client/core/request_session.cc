#include "client/core/request_session.h"

#include <algorithm>
#include <utility>

#include "client/errors.h"

namespace ringjournal::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int64_t kMomentNs = kSecondNs;

// The message that is set in the oneof of a ClientMessage or ServerMessage.
const FieldDescriptor* SetField(const Message& envelope) {
  return envelope.GetReflection()->GetOneofFieldDescriptor(envelope,
                                                           envelope.GetDescriptor()->oneof_decl(0));
}

uint64_t RequestIdOf(const Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return 0;
  return message.GetReflection()->GetUInt64(message, field);
}

}  // namespace

RequestSession::RequestSession(SessionOptions options, v1::ClientMessage request,
                               bool changes_something)
    : Session(std::move(options)),
      request_(std::move(request)),
      changes_something_(changes_something) {}

void RequestSession::OnHello(const v1::HelloReply& reply, int64_t now_ns) {
  Established();  // and no progress before the answer: a server that refuses is asked with patience
  SendOpen();
}

void RequestSession::SendOpen() {
  if (journal_.empty()) return SendRequest();
  open_id_ = TakeRequestId();
  v1::ClientMessage message;
  message.mutable_open()->set_request_id(open_id_);
  message.mutable_open()->set_journal(journal_);
  message.mutable_open()->set_linearizable(true);  // what is asked may be about the end
  Send(message);
}

void RequestSession::SendRequest() {
  open_id_ = 0;
  request_id_ = TakeRequestId();
  SetRequestId(request_id_);
  Send(request_);
}

void RequestSession::SetRequestId(uint64_t id) {
  Message* message = request_.GetReflection()->MutableMessage(&request_, SetField(request_));
  message->GetReflection()->SetUInt64(message,
                                      message->GetDescriptor()->FindFieldByName("request_id"), id);
}

void RequestSession::OnFrame(const ServerFrame& frame, int64_t now_ns) {
  v1::ServerMessage reply;
  const FieldDescriptor* field = reply.GetDescriptor()->FindFieldByNumber(frame.field);
  if (field == nullptr) return;  // a message of a newer server
  Message* body = reply.GetReflection()->MutableMessage(&reply, field);
  if (!body->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
    return ProtocolError("a message does not parse");
  }
  uint64_t id = RequestIdOf(*body);
  bool about_open = open_id_ != 0 && id == open_id_;
  if (about_open && reply.has_open_reply()) {
    opened_ = std::move(*reply.mutable_open_reply());
    opened_here_ = true;
    return SendRequest();
  }
  if (reply.has_error() && (id == 0 || id == request_id_ || about_open)) {
    absl::Status why = StatusOf(reply.error());
    if (id == request_id_) request_id_ = 0;  // refused: it did nothing, and may be asked again
    if (AskAgainLater(reply.error(), why, now_ns)) return;
    const bool elsewhere = CodeOf(why) == ErrorCode::kNotLeader && may_follow_leader();
    return elsewhere || (IsTransient(CodeOf(why)) && retries()) ? Reconnect(why) : Stop(why);
  }
  if (id != request_id_) return;
  answered_ = true;
  reply_ = std::move(reply);
  Stop(absl::OkStatus());
}

// The server is the right one, and says when: neither another one nor a new connection helps. It is
// asked again for a moment also by who tries once only.
bool RequestSession::AskAgainLater(const v1::ErrorReply& error, const absl::Status& why,
                                   int64_t now_ns) {
  if (error.code() != v1::ERROR_CODE_NOT_YET) return false;
  if (not_yet_since_ns_ == kNeverNs) not_yet_since_ns_ = now_ns;
  if (!retries() && now_ns - not_yet_since_ns_ >= kMomentNs) return false;
  Stalled(why, now_ns);
  ask_again_ns_ = now_ns + std::max<int64_t>(error.not_yet().retry_after_ms(), 1) * kMsNs;
  return true;
}

void RequestSession::OnTick(int64_t now_ns) {
  if (now_ns < ask_again_ns_) return;
  ask_again_ns_ = kNeverNs;
  opened_here_ ? SendRequest() : SendOpen();
}

void RequestSession::OnDisconnected(int64_t now_ns) {
  ask_again_ns_ = kNeverNs;
  open_id_ = 0;
  opened_here_ = false;
  bool was_sent = std::exchange(request_id_, 0) != 0;
  if (!was_sent || !changes_something_) return;
  Stop(MakeError(ErrorCode::kOutcomeUnknown,
                 "the connection was lost before the server answered, so it may or may not have "
                 "done it: look with `ringjournal journal info` or `journal ls` before trying "
                 "again"));
}

}  // namespace ringjournal::client
