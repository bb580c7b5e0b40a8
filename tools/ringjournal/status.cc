// ringjournal status: is the server, or the cluster, well?
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/clock.h"
#include "journal/base/units.h"
#include "tools/ringjournal/ask_cluster.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/journal_text.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

struct StatusFlags {
  std::string wait;
  int64_t timeout_ns = 30'000'000'000;
};

constexpr int64_t kLookEveryNs = 100'000'000;

bool IsCluster(const std::vector<NodeAnswer>& nodes) {
  return nodes.size() > 1 || nodes[0].status.nodes_size() > 0;
}

std::string DescribeAlone(const v1::StatusReply& status) {
  int64_t uptime_ns = static_cast<int64_t>(status.uptime_ms() / 1000) * 1'000'000'000;
  return absl::StrFormat("%s\n\nnode %s, incarnation %d, version %s, up %s, %s\n\n%s",
                         status.verdict(), status.node(), status.node_incarnation(),
                         status.server_version(), FormatDurationNs(uptime_ns),
                         Counted(status.sessions(), "session"), JournalTable(status.journals()));
}

std::string Json(const std::vector<NodeAnswer>& nodes) {
  return IsCluster(nodes) ? ClusterJson(nodes) : ToPrettyJson(nodes[0].status);
}

bool Healthy(const std::vector<NodeAnswer>& nodes) {
  return IsCluster(nodes) ? JudgeCluster(nodes).healthy
                          : nodes[0].status.verdict().rfind("Healthy", 0) == 0;
}

void Show(const Context& context, const std::vector<NodeAnswer>& nodes) {
  const std::string text = context.json()     ? Json(nodes)
                           : IsCluster(nodes) ? ClusterText(nodes)
                                              : DescribeAlone(nodes[0].status);
  std::fputs(text.c_str(), stdout);
}

int RunStatus(const Context& context, const StatusFlags& flags) {
  const int64_t give_up_ns = io::MonotonicNs() + flags.timeout_ns;
  while (true) {
    absl::StatusOr<std::vector<NodeAnswer>> nodes = AskAllNodes(context);
    const bool late = io::MonotonicNs() >= give_up_ns;
    if (flags.wait.empty() || late || (nodes.ok() && Healthy(*nodes))) {
      if (!nodes.ok()) return context.Fail(nodes.status());
      Show(context, *nodes);
      return flags.wait.empty() || Healthy(*nodes) ? kExitOk : kExitFailure;
    }
    io::Pause(kLookEveryNs);
  }
}

}  // namespace

void RegisterStatus(CLI::App& app, Context& context) {
  auto flags = std::make_shared<StatusFlags>();
  CLI::App* sub =
      app.add_subcommand("status", "Say how the server, or the cluster, and its journals are");
  sub->fallthrough();
  sub->add_option("--wait", flags->wait, "Return once it is so: healthy. Exit code 1 if it is not")
      ->type_name("STATE")
      ->check(CLI::IsMember({"healthy"}));
  AddDurationOption(sub, "--timeout", &flags->timeout_ns, "How long --wait waits [30s]");
  sub->footer(
      "Of a cluster every node is asked, whichever one is given; -o json gives what each says of "
      "itself.\n"
      "Examples:\n  ringjournal status\n  ringjournal -o json status\n"
      "  ringjournal status --wait healthy --timeout 1m\n");
  sub->callback([&context, flags] {
    context.command = "status";
    context.action = [&context, flags] { return RunStatus(context, *flags); };
  });
}

}  // namespace ringjournal::cli
