// What sockets between nodes have that clients' have not.
#ifndef SERVER_DRIVER_PEER_SOCKETS_H_
#define SERVER_DRIVER_PEER_SOCKETS_H_

#include "io/socket.h"
#include "journal/base/limits.h"

namespace ringjournal {

inline io::SocketOptions PeerSocketOptions() {
  io::SocketOptions options;
  options.keepalive_idle_s = limits::kPeerKeepaliveIdleS;
  options.keepalive_interval_s = limits::kPeerKeepaliveIntervalS;
  options.keepalive_count = limits::kPeerKeepaliveCount;
  options.send_buffer_bytes = limits::kPeerSocketBufferBytes;
  options.receive_buffer_bytes = limits::kPeerSocketBufferBytes;
  return options;
}

}  // namespace ringjournal

#endif  // SERVER_DRIVER_PEER_SOCKETS_H_
