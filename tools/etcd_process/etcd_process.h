// Starts a throw-away etcd of one member or three on this machine, and ends it. For tests and for a
// cluster of the developer's own machine.
#ifndef TOOLS_ETCD_PROCESS_ETCD_PROCESS_H_
#define TOOLS_ETCD_PROCESS_ETCD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/etcd_process/etcd_plan.h"

namespace ringjournal {

struct EtcdClusterOptions {
  std::string directory;  // exists; members keep data and logs below it
  size_t members = 3;
  std::string host = "127.0.0.1";  // EtcdPlan::host
  EtcdTls tls;
  std::vector<std::string> further_arguments;
  std::string program = "etcd";  // a path, or a name that is looked for in PATH
  // How long all members together may take until they are healthy.
  int64_t start_timeout_ns = 20'000'000'000;
};

// The processes of one cluster. Its destructor kills them, and the kernel does if the thread that
// started them ends first. Blocking; one thread.
class EtcdCluster {
 public:
  // Finds free ports, starts all members, waits until each is healthy: about half a second.
  // Errors: NotFound (no such program: says which package), Internal (etcd ended, or does not get
  // healthy in time: with the last lines of its log).
  static absl::StatusOr<std::unique_ptr<EtcdCluster>> Start(const EtcdClusterOptions& options);
  ~EtcdCluster();
  EtcdCluster(const EtcdCluster&) = delete;
  EtcdCluster& operator=(const EtcdCluster&) = delete;

  size_t size() const { return plan_.members.size(); }
  std::string endpoint(size_t member) const { return EtcdEndpointOf(plan_, member); }
  std::string endpoints() const { return EtcdEndpointsOf(plan_); }  // with commas between
  const EtcdPlan& plan() const { return plan_; }
  pid_t pid(size_t member) const { return pids_[member]; }  // -1: not running

  // SIGKILL, and waits for its end. Its data stay.
  void Kill(size_t member);
  // SIGSTOP and SIGCONT.
  void Freeze(size_t member);
  void Thaw(size_t member);
  // Starts a killed member on its data again; AwaitHealthy says when it serves.
  absl::Status Restart(size_t member);
  absl::Status AwaitHealthy(size_t member);
  // True if it serves linearizable reads just now.
  bool Healthy(size_t member) const;
  // The member that says it leads the others; size() if none does.
  size_t FindLeader() const;
  // What the member has logged.
  std::string Log(size_t member) const;

 private:
  explicit EtcdCluster(const EtcdClusterOptions& options) : options_(options) {}

  absl::Status StartOnce(int attempt);
  absl::Status Launch(size_t member);
  absl::Status AwaitAll();
  absl::Status Ended(size_t member, int wait_status);
  std::string LogPath(size_t member) const;

  EtcdClusterOptions options_;
  EtcdPlan plan_;
  std::vector<pid_t> pids_;
};

// `count` TCP ports of loopback that were free at the same moment.
std::vector<uint16_t> FreeLoopbackPorts(size_t count);

}  // namespace ringjournal

#endif  // TOOLS_ETCD_PROCESS_ETCD_PROCESS_H_
