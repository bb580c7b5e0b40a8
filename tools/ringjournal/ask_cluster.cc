#include "tools/ringjournal/ask_cluster.h"

#include <algorithm>

#include "client/ask.h"

namespace ringjournal::cli {
namespace {

// A node that is frozen or cut off accepts, and says nothing.
constexpr int64_t kNodePatienceNs = 1'000'000'000;

v1::ClientMessage StatusRequest() {
  v1::ClientMessage request;
  request.mutable_status();
  return request;
}

}  // namespace

absl::StatusOr<v1::ServerMessage> AskNode(const Context& context, const std::string& address,
                                          const v1::ClientMessage& request) {
  client::ClientOptions options = context.ClientOptions(0);
  options.server = address;
  options.connect_timeout_ns = kNodePatienceNs;
  client::AskOptions how;
  how.timeout_ns = 2 * kNodePatienceNs;
  return client::Ask(options, request, how);
}

absl::StatusOr<std::vector<NodeAnswer>> AskAllNodes(const Context& context) {
  const v1::ClientMessage request = StatusRequest();
  auto first = client::Ask(context.ClientOptions(0), request, false);
  if (!first.ok()) return first.status();
  std::vector<NodeAnswer> answers;
  for (const v1::NodeAddress& node : first->status_reply().nodes()) {
    NodeAnswer answer;
    answer.node = node;
    auto reply = AskNode(context, node.address(), request);
    answer.answers = reply.ok();
    if (reply.ok()) {
      answer.status = reply->status_reply();
    } else {
      answer.trouble = std::string(reply.status().message());
    }
    answers.push_back(std::move(answer));
  }
  std::sort(answers.begin(), answers.end(),
            [](const NodeAnswer& a, const NodeAnswer& b) { return a.node.node() < b.node.node(); });
  if (!answers.empty()) return answers;
  NodeAnswer alone;
  alone.answers = true;
  alone.status = first->status_reply();
  alone.node.set_node(alone.status.node());
  answers.push_back(std::move(alone));
  return answers;
}

}  // namespace ringjournal::cli
