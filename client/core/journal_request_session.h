// A session that opens a journal, asks one question about it, and ends.
#ifndef CLIENT_CORE_JOURNAL_REQUEST_SESSION_H_
#define CLIENT_CORE_JOURNAL_REQUEST_SESSION_H_

#include <cstdint>
#include <string>

#include "client/core/request_session.h"

namespace ringjournal::client {

// As RequestSession, for requests that need an open journal: Resolve and Locate. Repeats both after
// a disconnect, unless the request changes something and was sent.
class JournalRequestSession : public RequestSession {
 public:
  JournalRequestSession(SessionOptions options, std::string journal, v1::ClientMessage request,
                        bool changes_something);

  // What the journal is; filled once it is open.
  const v1::OpenReply& opened() const { return opened_; }

 protected:
  void OnHello(const v1::HelloReply& reply, int64_t now_ns) override;
  void OnFrame(const ServerFrame& frame, int64_t now_ns) override;

 private:
  std::string journal_;
  uint64_t open_id_ = 0;
  v1::HelloReply hello_;
  v1::OpenReply opened_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_JOURNAL_REQUEST_SESSION_H_
