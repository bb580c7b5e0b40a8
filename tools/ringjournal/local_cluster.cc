#include "tools/ringjournal/local_cluster.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal {

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(
    const LocalClusterOptions& options) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster());
  absl::StatusOr<TemporaryDirectory> directory = TemporaryDirectory::Make(options.server.data_dir);
  if (!directory.ok()) return directory.status();
  cluster->directory_ = *std::move(directory);
  if (options.can_be_cut) {
    auto network = LocalNetwork::Make(options.nodes);
    if (!network.ok()) return network.status();
    cluster->network_ = *std::move(network);
  }
  EtcdClusterOptions etcd_options;
  etcd_options.directory = cluster->directory_.path();
  etcd_options.members = options.etcd_members;
  if (cluster->network_ != nullptr) etcd_options.host = HomeAddress();
  auto etcd = EtcdCluster::Start(etcd_options);
  if (!etcd.ok()) return etcd.status();
  cluster->etcd_ = *std::move(etcd);
  for (uint32_t i = 0; i < options.nodes; ++i) {
    if (absl::Status s = cluster->LaunchNode(options.server); !s.ok()) return s;
  }
  for (const auto& node : cluster->nodes_) {
    if (absl::Status s = node->AwaitServing(); !s.ok()) return s;
  }
  return cluster;
}

absl::Status LocalCluster::LaunchNode(const ServerProcessOptions& server) {
  ServerProcessOptions options = server;
  options.data_dir = directory_.path();
  // Ports of their own, so that a node that starts again is found where it was.
  const std::vector<uint16_t> ports = FreeLoopbackPorts(2);
  std::string host = "127.0.0.1";
  if (network_ != nullptr) {
    host = NodeAddress(nodes_.size());
    options.inside = network_->namespace_of(nodes_.size());
    options.further_arguments.push_back("--allow-remote");
  }
  options.listen = absl::StrCat(host, ":", ports[0]);
  for (const std::string& word :
       {std::string("--node"), name(nodes_.size()), std::string("--etcd"), etcd_->endpoints(),
        std::string("--peer-listen"), absl::StrCat(host, ":", ports[1])}) {
    options.further_arguments.push_back(word);
  }
  absl::StatusOr<std::unique_ptr<ServerProcess>> process = ServerProcess::Launch(options);
  if (!process.ok()) return process.status();
  nodes_.push_back(*std::move(process));
  return absl::OkStatus();
}

std::string LocalCluster::name(size_t i) const { return absl::StrCat("n", i + 1); }

std::string LocalCluster::servers() const {
  std::string out;
  for (const auto& node : nodes_) {
    absl::StrAppend(&out, out.empty() ? "" : ",", node->address().ToString());
  }
  return out;
}

size_t LocalCluster::Find(const std::string& wanted) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (name(i) == wanted) return i;
  }
  return nodes_.size();
}

}  // namespace ringjournal
