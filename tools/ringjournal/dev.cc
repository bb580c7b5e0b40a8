// ringjournal dev: a throw-away cluster on this machine.
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "tools/etcd_process/etcd_process.h"
#include "tools/ringjournal/bench_server.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/temporary_directory.h"

namespace ringjournal::cli {
namespace {

struct DevFlags {
  uint32_t nodes = 3;
  uint32_t etcd_members = 3;
  std::string program, directory;
};

constexpr uint32_t kNodesMax = 9;
constexpr int64_t kRestartAfterNs = 2'000'000'000;
constexpr int64_t kLookEveryNs = 20'000'000;

volatile sig_atomic_t g_stop = 0;

void OnSignal(int) { g_stop = 1; }

// One node; its process may change, its folder and ports stay.
struct DevNode {
  std::string name;
  bench::ServerProcessOptions options;
  std::unique_ptr<bench::ServerProcess> process;
  int64_t restart_at_ns = 0;
};

class DevCluster {
 public:
  explicit DevCluster(const DevFlags& flags) : flags_(flags) {}

  absl::Status Start() {
    absl::StatusOr<TemporaryDirectory> directory = TemporaryDirectory::Make(flags_.directory);
    if (!directory.ok()) return directory.status();
    directory_ = *std::move(directory);
    absl::Status status = StartEtcd();
    for (uint32_t i = 0; status.ok() && i < flags_.nodes; ++i) status = Launch(i);
    for (DevNode& node : nodes_) {
      if (status.ok()) status = node.process->AwaitServing();
    }
    return status;
  }

  void Describe(int64_t took_ms) const {
    std::string servers;
    for (const DevNode& node : nodes_) {
      absl::StrAppend(&servers, servers.empty() ? "" : ",", node.process->address().ToString());
    }
    std::printf("%zu nodes serve after %lld ms. Use them from another terminal:\n\n", nodes_.size(),
                static_cast<long long>(took_ms));
    std::printf("  export RINGJOURNAL_SERVER=%s\n\n", servers.c_str());
    for (const DevNode& node : nodes_) {
      std::printf("%s  %-16s  process %d, log %s\n", node.name.c_str(),
                  node.process->address().ToString().c_str(), node.process->pid(),
                  node.process->log_path().c_str());
    }
    std::printf(
        "\nKill one (`kill -9 PROCESS`) and another leads; it starts again after 2 s.\n"
        "Ctrl-C ends the cluster and removes everything in it.\n");
    std::fflush(stdout);
  }

  // Until a signal comes. Says who ended, and starts it again.
  absl::Status Attend() {
    while (g_stop == 0) {
      io::Pause(kLookEveryNs);
      for (DevNode& node : nodes_) {
        absl::Status status = Look(&node);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status StartEtcd() {
    EtcdClusterOptions options;
    options.directory = directory_.path();
    options.members = flags_.etcd_members;
    absl::StatusOr<std::unique_ptr<EtcdCluster>> etcd = EtcdCluster::Start(options);
    if (!etcd.ok()) return etcd.status();
    etcd_ = *std::move(etcd);
    return absl::OkStatus();
  }

  absl::Status Launch(uint32_t i) {
    DevNode node;
    node.name = absl::StrCat("n", i + 1);
    node.options.program = flags_.program;
    node.options.data_dir = directory_.path();
    // Ports of their own, so that a node that starts again is found where it was.
    const std::vector<uint16_t> ports = FreeLoopbackPorts(2);
    node.options.listen = absl::StrCat("127.0.0.1:", ports[0]);
    node.options.further_arguments = {"--node",        node.name,
                                      "--etcd",        etcd_->endpoints(),
                                      "--peer-listen", absl::StrCat("127.0.0.1:", ports[1])};
    absl::StatusOr<std::unique_ptr<bench::ServerProcess>> process =
        bench::ServerProcess::Launch(node.options);
    if (!process.ok()) return process.status();
    node.process = *std::move(process);
    nodes_.push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::Status Look(DevNode* node) {
    if (node->restart_at_ns == 0) {
      const std::string how = node->process->HowItEnded();
      if (how.empty()) return absl::OkStatus();
      std::printf("%s %s; it starts again in 2 s\n", node->name.c_str(), how.c_str());
      std::fflush(stdout);
      node->restart_at_ns = io::MonotonicNs() + kRestartAfterNs;
    }
    if (io::MonotonicNs() < node->restart_at_ns) return absl::OkStatus();
    node->restart_at_ns = 0;
    absl::Status status = node->process->StartAgain();
    if (!status.ok()) return status;
    std::printf("%s serves again, process %d\n", node->name.c_str(), node->process->pid());
    std::fflush(stdout);
    return absl::OkStatus();
  }

  DevFlags flags_;
  TemporaryDirectory directory_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::vector<DevNode> nodes_;
};

int RunDev(const Context& context, const DevFlags& flags) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  const int64_t started_ns = io::MonotonicNs();
  DevCluster cluster(flags);
  absl::Status status = cluster.Start();
  if (status.ok()) {
    cluster.Describe((io::MonotonicNs() - started_ns) / 1'000'000);
    status = cluster.Attend();
  }
  return status.ok() ? kExitOk : context.Fail(status);
}

}  // namespace

void RegisterDev(CLI::App& app, Context& context) {
  auto flags = std::make_shared<DevFlags>();
  CLI::App* sub = app.add_subcommand("dev", "Start a throw-away cluster on this machine");
  sub->fallthrough();
  AddNumberOption(sub, "--nodes", &flags->nodes, "Nodes of ringjournald [3]")
      ->check(CLI::Range(uint32_t{1}, kNodesMax));
  AddNumberOption(sub, "--etcd-members", &flags->etcd_members,
                  "Members of the etcd that keeps its configuration, 1 or 3 [3]")
      ->check(CLI::IsMember({1, 3}));
  sub->add_option("--ringjournald", flags->program,
                  "The server's program [beside this one, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", flags->directory, "Where its folders are made [$TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->footer("Everything in it goes when it ends.\nExample:\n  ringjournal dev --nodes 3\n");
  sub->callback([&context, flags] {
    context.command = "dev";
    context.needs_server = false;
    context.action = [&context, flags] { return RunDev(context, *flags); };
  });
}

}  // namespace ringjournal::cli
