// A cluster of one's own on this machine: an etcd and some nodes, for `dev` and `bench failover`.
#ifndef TOOLS_RINGJOURNAL_LOCAL_CLUSTER_H_
#define TOOLS_RINGJOURNAL_LOCAL_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/etcd_process/etcd_process.h"
#include "tools/ringjournal/local_network.h"
#include "tools/ringjournal/server_process.h"
#include "tools/ringjournal/temporary_directory.h"

namespace ringjournal {

struct LocalClusterOptions {
  uint32_t nodes = 3;
  uint32_t etcd_members = 3;
  // False: all on loopback. True: on a LocalNetwork, with what its Make does to this thread; etcd
  // and the clients are at home.
  bool can_be_cut = false;
  ServerProcessOptions server;  // of each node; ports are chosen
};

// Nodes n1, n2, … whose processes may end and start again; names, folders and ports stay.
// Everything goes with the object. Blocking; one thread, with which the processes die.
class LocalCluster {
 public:
  // Returns once all nodes serve. Errors are those of LocalNetwork, EtcdCluster and
  // ServerProcess.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const LocalClusterOptions& options);

  size_t size() const { return nodes_.size(); }
  std::string name(size_t i) const;
  ServerProcess* node(size_t i) { return nodes_[i].get(); }
  EtcdCluster* etcd() { return etcd_.get(); }
  LocalNetwork* network() { return network_.get(); }  // null on loopback
  // "127.0.0.1:1,127.0.0.1:2": what a client is told.
  std::string servers() const;
  // The position of the node of that name; size() if there is none.
  size_t Find(const std::string& name) const;

 private:
  LocalCluster() = default;
  absl::Status LaunchNode(const ServerProcessOptions& server);

  TemporaryDirectory directory_;
  std::unique_ptr<LocalNetwork> network_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::vector<std::unique_ptr<ServerProcess>> nodes_;
};

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_LOCAL_CLUSTER_H_
