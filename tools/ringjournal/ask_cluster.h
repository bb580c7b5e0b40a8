// The same question to every node of a cluster.
#ifndef TOOLS_RINGJOURNAL_ASK_CLUSTER_H_
#define TOOLS_RINGJOURNAL_ASK_CLUSTER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/ringjournal/cluster_view.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::cli {

// Asks any of the servers given which nodes there are, then each for its status, one after the
// other. A node alone gives one answer, whose `status.nodes` is empty. Errors: nobody answers.
absl::StatusOr<std::vector<NodeAnswer>> AskAllNodes(const Context& context);

// One question to one node, with a short patience.
absl::StatusOr<v1::ServerMessage> AskNode(const Context& context, const std::string& address,
                                          const v1::ClientMessage& request);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_ASK_CLUSTER_H_
