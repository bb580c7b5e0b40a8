// A simulated connection: bytes on their way in both directions.
#ifndef TESTS_SIM_LINK_H_
#define TESTS_SIM_LINK_H_

#include <cstdint>
#include <string>

#include "server/session/effects.h"

namespace ringjournal::sim {

// Bytes arrive in order, in pieces of any size; the end of the connection may cut a frame.
struct Link {
  // What the kernel takes off the server's hands; above it the server sees a queue.
  static constexpr uint64_t kSocketBytes = 64 * 1024;

  ConnectionNumber number = 0;
  std::string up;            // client to server, not delivered yet
  std::string down;          // server to client, not delivered yet
  bool server_gone = false;  // the client sees the end once `down` is drained
  bool paused = false;       // the server does not receive
  uint64_t reported_queue = 0;

  uint64_t queued_bytes() const {
    return down.size() > kSocketBytes ? down.size() - kSocketBytes : 0;
  }
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_LINK_H_
