// A session that asks one question, such as a status or the creation of a journal.
#ifndef CLIENT_CORE_REQUEST_SESSION_H_
#define CLIENT_CORE_REQUEST_SESSION_H_

#include <cstdint>
#include <string>

#include "client/core/session.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// Sends one request after the hello and stops when it is answered: reply() then holds the answer,
// or status() the error. A request that only asks is repeated after a disconnect. One that changes
// something is not: its outcome is then unknown.
class RequestSession : public Session {
 public:
  // `request`: any message whose answer carries the same request id. Its request_id is set here.
  RequestSession(SessionOptions options, v1::ClientMessage request, bool changes_something);

  bool answered() const { return answered_; }
  const v1::ServerMessage& reply() const { return reply_; }

 protected:
  void OnHello(const v1::HelloReply& reply, int64_t now_ns) override;
  void OnFrame(const ServerFrame& frame, int64_t now_ns) override;
  void OnDisconnected(int64_t now_ns) override;

 private:
  void SetRequestId(uint64_t id);

  v1::ClientMessage request_;
  bool changes_something_;
  uint64_t request_id_ = 0;  // 0: not sent on this connection
  bool answered_ = false;
  v1::ServerMessage reply_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_REQUEST_SESSION_H_
