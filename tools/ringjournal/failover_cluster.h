// A cluster whose leader is killed, frozen, cut off or replaced, and made whole again.
#ifndef TOOLS_RINGJOURNAL_FAILOVER_CLUSTER_H_
#define TOOLS_RINGJOURNAL_FAILOVER_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "proto/client.pb.h"
#include "tools/ringjournal/failover_figures.h"
#include "tools/ringjournal/local_cluster.h"

namespace ringjournal::bench {

struct FailoverClusterOptions {
  LocalClusterOptions cluster;
  std::vector<std::string> journals;
  uint64_t ring_bytes = 0;
  uint64_t retention_bytes = 0;
  uint64_t segment_bytes = 0;
};

// Blocking; one thread, with which the processes die.
class FailoverCluster {
 public:
  // Returns once each journal has all nodes in sync.
  static absl::StatusOr<std::unique_ptr<FailoverCluster>> Start(
      const FailoverClusterOptions& options);

  const client::ClientOptions& client_options() const { return client_; }
  LocalCluster* processes() { return cluster_.get(); }
  // Waits until all nodes are in sync. The node that leads the first journal is made to lead all of
  // them, and etcd's leader is found for the fault that needs it. `hurried` are moved first, by a
  // fault that moves them one by one.
  absl::Status Prepare(Fault fault, const std::vector<std::string>& hurried);
  // False if another node has come to lead meanwhile, or not all are in sync: Prepare again.
  bool StillPrepared();
  // Does it to the node that leads; cuts need LocalClusterOptions::can_be_cut. Returns at once, but
  // for an orderly stop and a handover.
  absl::Status Strike();
  // Everything runs again, and each journal has all nodes in sync. `look` is called now and then
  // until that is so.
  absl::Status Restore(const std::function<void()>& look = [] {});
  // "n2"
  std::string victim() const { return cluster_->name(victim_); }
  // Copies the nodes' logs into `directory`, which is made.
  absl::Status KeepLogs(const std::string& directory) const;

 private:
  FailoverCluster() = default;
  absl::Status Create(const FailoverClusterOptions& options);
  // Of each journal what the node says that knows its newest epoch; nodes that do not answer are
  // passed over.
  std::map<std::string, v1::JournalConfig> Look();
  // Empty if all nodes are in sync on all journals, else a journal of which that is not so.
  std::string Behind(const std::map<std::string, v1::JournalConfig>& journals) const;
  absl::Status AwaitInSync(const std::function<void()>& look = [] {});
  absl::Status MoveLeader(const std::string& journal, const std::string& target);

  client::ClientOptions client_;
  std::unique_ptr<LocalCluster> cluster_;
  std::vector<std::string> journals_;
  Fault fault_ = Fault::kKill;
  size_t victim_ = 0;
  size_t etcd_victim_ = 0;
  std::vector<std::string> hurried_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_FAILOVER_CLUSTER_H_
