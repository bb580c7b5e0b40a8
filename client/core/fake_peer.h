// For tests: the other end of a session, with the connection and the time under control.
#ifndef CLIENT_CORE_FAKE_PEER_H_
#define CLIENT_CORE_FAKE_PEER_H_

#include <cstddef>
#include <cstdint>

#include "client/core/fake_server.h"
#include "client/core/session.h"

namespace ringjournal::client {

// Carries bytes between a session and a FakeServer, as many as a test says.
class FakePeer : public FakeServer {
 public:
  explicit FakePeer(Session* session) : session_(session) {}

  // Lets time pass until the session wants to connect, and connects it.
  void Connect();
  void Disconnect();
  bool connected() const { return connected_; }
  // Carries at most so many bytes from the session to the server.
  void Deliver(size_t bytes_max = SIZE_MAX);
  // Carries at most so many bytes of answers to the session, in pieces of `piece` bytes.
  void Answer(size_t bytes_max = SIZE_MAX, size_t piece = SIZE_MAX);
  // Deliver and Answer until nothing moves.
  void Settle();
  void AdvanceTime(int64_t ns);

  int64_t now_ns = 1;

 private:
  Session* session_;
  bool connected_ = false;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_FAKE_PEER_H_
