// A network of one's own, where a cluster's nodes can be cut off as by a pulled cable: namespaces
// of the kernel that nobody else sees, and that end with the processes in them.
#ifndef TOOLS_RINGJOURNAL_LOCAL_NETWORK_H_
#define TOOLS_RINGJOURNAL_LOCAL_NETWORK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/file_descriptor.h"
#include "tools/ringjournal/network_plan.h"

namespace ringjournal {

// One namespace for each node, and one for everybody else ("home"), with a bridge between them.
// Needs `ip` and `nft`, and either root or a kernel that lets users make namespaces. Blocking; one
// thread.
class LocalNetwork {
 public:
  // Takes this thread, and what it starts from now on, home for good: the network of the machine,
  // its loopback too, is out of reach. Without root also into a user namespace, which the kernel
  // refuses to a process of several threads. FailedPrecondition, with what to do, where one of all
  // that is missing; the thread may then be in a namespace without any network.
  static absl::StatusOr<std::unique_ptr<LocalNetwork>> Make(size_t nodes);
  // What Make would return, found out by a process that ends: nothing changes for this one.
  static absl::Status Try();

  // For setns: where the node's process is to run. Open as long as this lives.
  int namespace_of(size_t node) const { return nodes_[node].get(); }
  // Once they return, packets of that way are lost, or none are. Cuts add up until Heal.
  // FailedPrecondition with what nft said.
  absl::Status CutOff(size_t node, Cut cut);
  absl::Status Heal();

 private:
  LocalNetwork() = default;
  absl::Status Begin(size_t nodes);
  absl::Status AddNode();

  std::string ip_, nft_;  // paths
  io::FileDescriptor home_;
  std::vector<io::FileDescriptor> nodes_;
};

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_LOCAL_NETWORK_H_
