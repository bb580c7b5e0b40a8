// A connection to a server, brought to the point where appends may flow.
#ifndef TOOLS_RINGJOURNAL_BENCH_SESSION_H_
#define TOOLS_RINGJOURNAL_BENCH_SESSION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "io/socket.h"

namespace ringjournal::bench {

// Connects with the options that server and floor give their listeners. Blocking; closed by exec.
absl::StatusOr<io::FileDescriptor> ConnectSocket(const io::Address& address);

// Where a session of appends begins.
struct AppendSession {
  io::FileDescriptor fd;
  uint64_t end_lsn = 0;  // of the journal's last transaction when it was opened
};
// Connects, says hello and opens `journal` as `producer`, which must be new: the load numbers from
// 1. Errors: Unavailable if the connection breaks, FailedPrecondition with the server's refusal.
absl::StatusOr<AppendSession> OpenAppendSession(const io::Address& address,
                                                const std::string& journal,
                                                const std::string& producer);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_SESSION_H_
