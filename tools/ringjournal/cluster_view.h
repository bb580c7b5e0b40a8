// A cluster as its nodes tell of it, put together: for `status` and `peers`.
#ifndef TOOLS_RINGJOURNAL_CLUSTER_VIEW_H_
#define TOOLS_RINGJOURNAL_CLUSTER_VIEW_H_

#include <string>
#include <vector>

#include "proto/client.pb.h"

namespace ringjournal::cli {

// What one node said, or why it said nothing.
struct NodeAnswer {
  v1::NodeAddress node;
  bool answers = false;
  std::string trouble;
  v1::StatusReply status;
};

// How well a cluster is, and what to do about it. Pure.
struct ClusterVerdict {
  bool healthy = false;
  std::string sentence;  // the gravest news, with the command to act on
};
ClusterVerdict JudgeCluster(const std::vector<NodeAnswer>& nodes);

// The verdict, a line for each node, and for each journal who leads it and how far behind the
// others are.
std::string ClusterText(const std::vector<NodeAnswer>& nodes);

// {"verdict", "healthy", "nodes": [{"node", "address", "answers", "trouble" or "status"}, …]},
// where `status` is the node's StatusReply: what each says of itself and of its own copies.
std::string ClusterJson(const std::vector<NodeAnswer>& nodes);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_CLUSTER_VIEW_H_
