// A session that asks one question, such as a status or the creation of a journal.
#ifndef CLIENT_CORE_REQUEST_SESSION_H_
#define CLIENT_CORE_REQUEST_SESSION_H_

#include <cstdint>
#include <string>
#include <utility>

#include "client/core/session.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// Sends one request after the hello and stops when it is answered: reply() then holds the answer,
// or status() the error. A request that only asks is repeated after a disconnect. One that changes
// something is not: its outcome is then unknown. What was refused "not yet" is asked again on the
// same connection, for a moment even without retries.
class RequestSession : public Session {
 public:
  // `request`: any message whose answer carries the same request id. Its request_id is set here.
  RequestSession(SessionOptions options, v1::ClientMessage request, bool changes_something);

  // Opens this journal, as a reader, before the request: some questions are about an open one.
  // Before the first event.
  void OpenFirst(std::string journal) { journal_ = std::move(journal); }

  // Sent on this connection, and not answered.
  bool under_way() const { return request_id_ != 0 && !answered_; }
  bool answered() const { return answered_; }
  const v1::ServerMessage& reply() const { return reply_; }
  // What the journal of OpenFirst is; filled once it is open.
  const v1::OpenReply& opened() const { return opened_; }

 protected:
  void OnHello(const v1::HelloReply& reply, int64_t now_ns) override;
  void OnFrame(const ServerFrame& frame, int64_t now_ns) override;
  void OnDisconnected(int64_t now_ns) override;
  // A node may be busy with what is asked, such as a large ring's memory; and a change that was
  // sent is not asked twice.
  Owed owed() const override { return Owed::kPushes; }
  void OnTick(int64_t now_ns) override;
  int64_t NextTimerNs() const override { return ask_again_ns_; }

 private:
  void SetRequestId(uint64_t id);
  void SendRequest();
  void SendOpen();
  bool AskAgainLater(const v1::ErrorReply& error, const absl::Status& why, int64_t now_ns);

  v1::ClientMessage request_;
  bool changes_something_;
  std::string journal_;      // to open first; empty: none
  uint64_t open_id_ = 0;     // of that open, while it is under way
  uint64_t request_id_ = 0;  // 0: not sent on this connection
  int64_t ask_again_ns_ = kNeverNs;
  int64_t not_yet_since_ns_ = kNeverNs;
  bool opened_here_ = false;  // on this connection
  bool answered_ = false;
  v1::ServerMessage reply_;
  v1::OpenReply opened_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_REQUEST_SESSION_H_
