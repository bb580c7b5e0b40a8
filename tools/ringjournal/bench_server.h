// A ringjournald of one's own, for a run: its directories come and go with it.
#ifndef TOOLS_RINGJOURNAL_BENCH_SERVER_H_
#define TOOLS_RINGJOURNAL_BENCH_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "io/socket_address.h"

namespace ringjournal::bench {

struct ServerProcessOptions {
  std::string program;   // ringjournald; empty: beside this executable, else from PATH
  std::string data_dir;  // where a temporary directory is made; empty: $TMPDIR or /tmp
  uint64_t ring_bytes_total = 0;
  uint32_t spin_us = 0;
  int cpu = -1;  // processor to stay on; -1: any
};

// Starts a server on a free port of loopback. Its log goes to a file that an error quotes.
class ServerProcess {
 public:
  // Returns once it accepts connections. Errors: NotFound without a program, Internal with the last
  // lines of its log.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerProcessOptions& options);
  // Kills it unless Stop was called; removes its directories.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const io::Address& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // SIGTERM, and waits. Internal if it does not exit with 0.
  absl::Status Stop();

 private:
  ServerProcess() = default;
  absl::Status MakeDirectories(const std::string& data_dir);
  absl::Status Launch(const ServerProcessOptions& options);
  absl::Status AwaitAddress();
  absl::Status WithLog(const std::string& what) const;

  pid_t pid_ = -1;
  std::string directory_;       // data, log and address file
  std::string ring_directory_;  // on tmpfs
  io::Address address_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_SERVER_H_
