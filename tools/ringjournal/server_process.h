// A ringjournald of one's own, for a run: its directories come and go with it.
#ifndef TOOLS_RINGJOURNAL_SERVER_PROCESS_H_
#define TOOLS_RINGJOURNAL_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/socket_address.h"
#include "tools/ringjournal/temporary_directory.h"

namespace ringjournal {

struct ServerProcessOptions {
  std::string program;   // ringjournald; empty: beside this executable, else from PATH
  std::string data_dir;  // where a temporary directory is made; empty: $TMPDIR or /tmp
  std::string listen = "127.0.0.1:0";
  uint64_t ring_bytes_total = 0;  // 0: the server's default
  uint32_t spin_us = 0;
  int cpu = -1;     // processor to stay on; -1: any
  int inside = -1;  // open file of a network namespace to run in; -1: that of this process
  std::vector<std::string> further_arguments;
};

// Its log goes to a file that an error quotes. It dies with the thread that started it. Blocking;
// one thread.
class ServerProcess {
 public:
  // Launch and AwaitServing. Errors: NotFound without a program, Internal with the last lines of
  // its log.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerProcessOptions& options);
  // Starts it and does not wait.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Launch(const ServerProcessOptions& options);
  // Returns once it accepts connections.
  absl::Status AwaitServing();
  // Kills it unless it has ended; removes its directories.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const io::Address& address() const { return address_; }
  pid_t pid() const { return pid_; }
  std::string log_path() const { return directory_.path() + "/log"; }
  // SIGTERM, and waits. Internal if it does not exit with 0.
  absl::Status Stop();
  // SIGKILL, and waits for its end. Directories and rings stay.
  void Kill();
  // SIGKILL only; Kill afterwards waits. Taking note of a process's end can take the kernel 100 ms
  // of a processor.
  void SendKill();
  // After its end: what it had on disk and in memory is gone.
  absl::Status Empty();
  // "was killed by signal 9", "ended with code 4"; empty while it runs. Said once.
  std::string HowItEnded();
  // After its end: the same on the same directories. Waits until it serves.
  absl::Status StartAgain();

 private:
  explicit ServerProcess(const ServerProcessOptions& options) : options_(options) {}
  absl::Status MakeDirectories();
  absl::Status Spawn();
  std::vector<std::string> Words() const;
  absl::Status WithLog(const std::string& what) const;

  ServerProcessOptions options_;
  pid_t pid_ = -1;
  TemporaryDirectory directory_;       // data, log and address file
  TemporaryDirectory ring_directory_;  // on tmpfs
  io::Address address_;
};

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_SERVER_PROCESS_H_
