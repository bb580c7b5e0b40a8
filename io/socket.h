// TCP sockets with the options that the project needs.
#ifndef IO_SOCKET_H_
#define IO_SOCKET_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "io/file_descriptor.h"
#include "io/socket_address.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

// Options of every TCP socket. A listener's are inherited by what it accepts.
struct SocketOptions {
  // A dead peer is noticed after keepalive_idle_s + keepalive_interval_s * keepalive_count seconds.
  uint32_t keepalive_idle_s = limits::kKeepaliveIdleS;
  uint32_t keepalive_interval_s = limits::kKeepaliveIntervalS;
  uint32_t keepalive_count = limits::kKeepaliveCount;
  // Bytes; 0 leaves the kernel's autotuning on.
  uint32_t send_buffer_bytes = 0;
  uint32_t receive_buffer_bytes = 0;
  // Bytes not yet sent that the kernel takes from us; 0: no limit. Bounds kernel memory for
  // readers.
  uint32_t not_sent_low_bytes = 0;
  // TCP congestion control; "" takes the system's, but reno on loopback where that is bbr, which
  // makes bulk transfers there 3 times slower.
  std::string congestion;
};

// A blocking socket (io_uring's polling needs that) that listens, and its bound address.
// AlreadyExists if the address is in use; PermissionDenied; InvalidArgument if it is not of this
// machine.
struct Listener {
  FileDescriptor fd;
  Address address;
};
absl::StatusOr<Listener> OpenListener(const Address& address, const SocketOptions& options);

// A blocking socket for a connection to `peer`, not connected yet. ResourceExhausted without free
// descriptors.
absl::StatusOr<FileDescriptor> OpenSocket(const Address& peer, const SocketOptions& options);

// Raises this process's limit of open files as far as allowed and returns it.
// ResourceExhausted, naming both numbers and what to do, if it is below `needed`.
absl::StatusOr<uint64_t> RaiseOpenFileLimit(uint64_t needed);

}  // namespace ringjournal::io

#endif  // IO_SOCKET_H_
