// ringjournal dev: a throw-away cluster on this machine.
#include <signal.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/local_cluster.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

constexpr uint32_t kNodesMax = 9;
constexpr uint32_t kEtcdMembersMax = 5;
constexpr int64_t kRestartAfterNs = 2'000'000'000;
constexpr int64_t kLookEveryNs = 20'000'000;

volatile sig_atomic_t g_stop = 0;

void OnSignal(int) { g_stop = 1; }

void Describe(LocalCluster* cluster, int64_t took_ms) {
  std::printf("%zu nodes serve after %lld ms. From another terminal:\n\n", cluster->size(),
              static_cast<long long>(took_ms));
  std::printf("  export RINGJOURNAL_SERVER=%s\n\n", cluster->servers().c_str());
  for (size_t i = 0; i < cluster->size(); ++i) {
    std::printf("%s  %-15s  process %d, log %s\n", cluster->name(i).c_str(),
                cluster->node(i)->address().ToString().c_str(), cluster->node(i)->pid(),
                cluster->node(i)->log_path().c_str());
  }
  std::printf(
      "\nKill one with `kill -9 PROCESS` and another leads; it starts again after 2 s.\n"
      "Ctrl-C ends the cluster and removes everything in it.\n");
  std::fflush(stdout);
}

// Says who ended, and starts it again after a while.
class Attendant {
 public:
  explicit Attendant(LocalCluster* cluster)
      : cluster_(cluster), restart_at_ns_(cluster->size(), 0) {}

  absl::Status UntilStopped() {
    while (g_stop == 0) {
      io::Pause(kLookEveryNs);
      for (size_t i = 0; i < cluster_->size(); ++i) {
        absl::Status status = Look(i);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Look(size_t i) {
    ServerProcess* node = cluster_->node(i);
    if (restart_at_ns_[i] == 0) {
      const std::string how = node->HowItEnded();
      if (how.empty()) return absl::OkStatus();
      Say(absl::StrCat(cluster_->name(i), " ", how, "; it starts again in 2 s"));
      restart_at_ns_[i] = io::MonotonicNs() + kRestartAfterNs;
    }
    if (io::MonotonicNs() < restart_at_ns_[i]) return absl::OkStatus();
    restart_at_ns_[i] = 0;
    absl::Status status = node->StartAgain();
    if (status.ok()) Say(absl::StrCat(cluster_->name(i), " serves again, process ", node->pid()));
    return status;
  }
  static void Say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  LocalCluster* cluster_;
  std::vector<int64_t> restart_at_ns_;  // 0: it runs
};

int RunDev(const Context& context, const LocalClusterOptions& options) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  const int64_t started_ns = io::MonotonicNs();
  absl::StatusOr<std::unique_ptr<LocalCluster>> cluster = LocalCluster::Start(options);
  if (!cluster.ok()) return context.Fail(cluster.status());
  Describe(cluster->get(), (io::MonotonicNs() - started_ns) / 1'000'000);
  absl::Status status = Attendant(cluster->get()).UntilStopped();
  return status.ok() ? kExitOk : context.Fail(status);
}

}  // namespace

void RegisterDev(CLI::App& app, Context& context) {
  auto options = std::make_shared<LocalClusterOptions>();
  CLI::App* sub = app.add_subcommand("dev", "Start a throw-away cluster on this machine");
  sub->fallthrough();
  AddNumberOption(sub, "--nodes", &options->nodes, "Nodes of ringjournald [3]", {1, kNodesMax});
  AddNumberOption(sub, "--etcd-members", &options->etcd_members,
                  "Members of the etcd that keeps its configuration [3]", {1, kEtcdMembersMax});
  sub->add_option("--ringjournald", options->server.program,
                  "The server's program [beside this one, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", options->server.data_dir,
                  "Where its folders are made [$TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->footer("Everything in it goes when it ends.\nExample:\n  ringjournal dev --nodes 3\n");
  sub->callback([&context, options] {
    context.command = "dev";
    context.needs_server = false;
    context.action = [&context, options] { return RunDev(context, *options); };
  });
}

}  // namespace ringjournal::cli
