// ringjournal bench failover: how long clients wait when the node that leads is lost.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/clock.h"
#include "journal/base/units.h"
#include "tools/ringjournal/bench_process.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/failover_cluster.h"
#include "tools/ringjournal/failover_load.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using bench::Fault;

constexpr uint64_t kMiB = limits::kMiB;
constexpr uint32_t kJournalsMax = 1000;
constexpr uint32_t kRunsMax = 100'000;
constexpr uint32_t kClientsMax = 64;
constexpr int64_t kSaturateNs = 1'000'000'000;
constexpr double kShareOfSaturation = 0.5;
// The load runs so long before the fault, and up to so much longer: faults must not come in step
// with heartbeats.
constexpr int64_t kBeforeFaultNs = 300'000'000;
constexpr int64_t kJitterNs = 100'000'000;
constexpr uint32_t kBeginAgainMax = 100;
constexpr int64_t kPatienceNs = 30'000'000'000;
// Of all journals, on each node: rings that hold a second of the load, so that they do not fill up
// while a node that has just started prepares the segments of all journals.
constexpr uint64_t kRingsBytes = 2048 * kMiB;
constexpr uint64_t kSegmentBytes = 4 * kMiB;

struct FailoverFlags {
  std::vector<Fault> faults;  // "all" is several
  uint32_t journals = 1;
  uint32_t runs = 100;
  uint32_t clients = 8;
  uint32_t payload_bytes = 128;
  uint32_t nodes = 3;
  uint64_t rate = 0;
  std::string program, data_dir, keep_logs;
};

std::vector<Fault> AllFaults() {
  return {Fault::kKill,   Fault::kFreeze,   Fault::kCut,  Fault::kCutIn,
          Fault::kCutOut, Fault::kHandover, Fault::kStop, Fault::kEtcdLeader};
}

std::string JournalName(uint32_t i) { return absl::StrCat("failover-", i + 1); }

class FailoverBench {
 public:
  FailoverBench(const Context& context, const FailoverFlags& flags)
      : context_(context), flags_(flags), faults_(flags.faults) {}

  int Run() {
    LeaveOutCuts();
    absl::Status status = Start();
    for (Fault fault : faults_) {
      if (!status.ok() || interrupt_.happened()) break;
      status = RunFault(fault);
    }
    if (load_ != nullptr && status.ok()) status = Settle();
    if (cluster_ != nullptr && !flags_.keep_logs.empty()) {
      absl::Status kept = cluster_->KeepLogs(flags_.keep_logs);
      if (status.ok()) status = kept;
    }
    if (!status.ok()) return context_.Fail(status);
    return Report();
  }

 private:
  // Of all faults those that this machine has no network for; who asks for one is told why not.
  void LeaveOutCuts() {
    if (faults_.size() == 1) return;
    const absl::Status possible = LocalNetwork::Try();
    if (possible.ok()) return;
    std::erase_if(faults_, bench::IsCut);
    left_out_ = std::string(possible.message());
    context_.Say(absl::StrCat("left out: cut, cut-in and cut-out: ", left_out_));
  }

  bool can_be_cut() const { return std::ranges::any_of(faults_, bench::IsCut); }

  absl::Status Start() {
    machine_ = bench::ReadMachineFacts();
    bench::FailoverClusterOptions options;
    options.cluster.nodes = flags_.nodes;
    options.cluster.can_be_cut = can_be_cut();
    options.cluster.server.program = flags_.program;
    options.cluster.server.data_dir = flags_.data_dir;
    for (uint32_t i = 0; i < flags_.journals; ++i) options.journals.push_back(JournalName(i));
    options.ring_bytes = std::bit_floor(std::max(kRingsBytes / flags_.journals, kMiB));
    options.ring_bytes = std::min(options.ring_bytes, 64 * kMiB);
    options.retention_bytes = options.ring_bytes;
    // A start reads the newest segment of each journal to its end, and fills the next one.
    options.segment_bytes = flags_.journals == 1 ? options.ring_bytes : kSegmentBytes;
    auto cluster = bench::FailoverCluster::Start(options);
    if (!cluster.ok()) return cluster.status();
    cluster_ = *std::move(cluster);
    bench::FailoverLoadOptions load;
    load.payload_bytes = flags_.payload_bytes;
    load.in_flight = kInFlightMax / flags_.clients;
    for (uint32_t i = 0; i < flags_.clients; ++i) {
      load.journals.push_back(JournalName(i % flags_.journals));
    }
    written_ = load.journals;
    written_.resize(std::min<size_t>(flags_.clients, flags_.journals));
    auto opened = bench::FailoverLoad::Open(cluster_->client_options(), load);
    if (!opened.ok()) return opened.status();
    load_ = *std::move(opened);
    return ChooseRate();
  }

  absl::Status ChooseRate() {
    if (absl::Status s = cluster_->Prepare(Fault::kKill, {}); !s.ok()) return s;
    auto saturated = load_->Saturate(kSaturateNs);
    if (!saturated.ok()) return saturated.status();
    saturated_ = *saturated;
    rate_ = saturated_ * kShareOfSaturation;
    if (flags_.rate > 0) rate_ = std::min(rate_, static_cast<double>(flags_.rate));
    context_.Say(
        absl::StrFormat("%.0f appends/s saturate it; the load is %.0f", saturated_, rate_));
    return absl::OkStatus();
  }

  absl::Status RunFault(Fault fault) {
    results_.push_back({.fault = fault, .journals = flags_.journals, .runs = {}});
    for (uint32_t i = 0; i < flags_.runs && !interrupt_.happened(); ++i) {
      if (absl::Status s = cluster_->Prepare(fault, written_); !s.ok()) return s;
      load_->SetRate(rate_);
      io::Pause(kBeforeFaultNs + static_cast<int64_t>(random_() % kJitterNs));
      if (!cluster_->StillPrepared()) {  // on a machine that has no time for its processes
        load_->SetRate(0);
        if (++begun_again_ > kBeginAgainMax) return Unsteady();
        --i;
        continue;
      }
      load_->Arm();
      const int64_t wall_ns = io::ReadClock().wall_ns;
      if (absl::Status s = cluster_->Strike(); !s.ok()) return s;
      auto run = load_->Await(kPatienceNs);
      if (!run.ok()) return run.status();
      load_->SetRate(0);
      results_.back().runs.push_back(*run);
      context_.Say(absl::StrFormat("%s %d of %d: %s at %s, %.1f ms", bench::FaultName(fault), i + 1,
                                   flags_.runs, cluster_->victim(), FormatTime(wall_ns),
                                   static_cast<double>(run->worst_ns()) / 1e6));
      if (absl::Status s = cluster_->Restore(); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status Unsteady() const {
    return absl::UnavailableError(
        absl::StrCat("the leader changed by itself before ", begun_again_,
                     " faults: the machine is too busy, or --rate is too high for it"));
  }

  absl::Status Settle() {
    auto client = client::Client::Open(cluster_->client_options());
    if (!client.ok()) return client.status();
    return load_->Settle(**client);
  }

  int Report() {
    if (context_.json()) {
      std::printf("%s\n", bench::FailoversJson(results_).c_str());
    } else {
      std::printf(
          "machine  %d processors (%s), kernel %s, load average %.2f before the run\n"
          "cluster  %u nodes and 3 members of etcd, %s\n"
          "journals %u, all led by one node\n"
          "load     %u clients, %u B an append, level replicated: %.0f a second of %.0f that "
          "saturate it\n"
          "content  %llu appends, each acknowledged once and there once\n"
          "steady   %u runs began again, since the leader had changed by itself before the fault\n"
          "\n%s",
          machine_.processors, machine_.model.c_str(), machine_.kernel.c_str(),
          machine_.load_average, flags_.nodes,
          can_be_cut() ? "each node in a network namespace of its own" : "on loopback",
          flags_.journals, flags_.clients, flags_.payload_bytes, rate_, saturated_,
          static_cast<unsigned long long>(load_->appended()), begun_again_,
          bench::DescribeFailovers(results_).c_str());
      if (!left_out_.empty()) {
        std::printf("\nnot measured: cut, cut-in and cut-out: %s\n", left_out_.c_str());
      }
    }
    if (interrupt_.happened()) return kExitInterrupted;
    return std::ranges::all_of(results_, bench::IsMet) ? kExitOk : kExitFailure;
  }

  static constexpr uint32_t kInFlightMax = 8192;  // of all clients

  const Context& context_;
  const FailoverFlags& flags_;
  std::vector<Fault> faults_;
  std::string left_out_;  // why there are no cuts among all faults; empty: there are
  Interrupt interrupt_;
  bench::MachineFacts machine_;
  std::minstd_rand random_;
  std::unique_ptr<bench::FailoverCluster> cluster_;
  std::unique_ptr<bench::FailoverLoad> load_;
  std::vector<std::string> written_;
  double saturated_ = 0, rate_ = 0;
  uint32_t begun_again_ = 0;
  std::vector<bench::FailoverResult> results_;
};

}  // namespace

void RegisterBenchFailover(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<FailoverFlags>();
  flags->faults = AllFaults();
  CLI::App* sub = bench->add_subcommand(
      "failover", "How long clients wait when the node that leads is lost, beside the goals");
  std::map<std::string, std::vector<Fault>> faults = {{"all", AllFaults()}};
  for (Fault fault : AllFaults()) faults[bench::FaultName(fault)] = {fault};
  AddChoiceOption(sub, "--fault", faults, &flags->faults, "What happens to it");
  AddNumberOption(sub, "--journals", &flags->journals, "Journals, all led by that node [1]",
                  {1, kJournalsMax});
  AddNumberOption(sub, "--runs", &flags->runs, "Times that each fault happens [100]",
                  {1, kRunsMax});
  AddNumberOption(sub, "--clients", &flags->clients,
                  "Clients that append, spread over the journals [8]", {1, kClientsMax});
  AddNumberOption(sub, "--payload", &flags->payload_bytes, "Bytes of one append [128]",
                  {1, limits::kTransactionBytesMax - 64});
  AddNumberOption(sub, "--rate", &flags->rate,
                  "Appends a second of all clients, at most [half of what saturates it]");
  sub->add_option("--ringjournald", flags->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", flags->data_dir, "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->add_option("--keep-logs", flags->keep_logs, "Copy the nodes' logs there at the end")
      ->type_name("DIR");
  sub->footer(
      "It starts a cluster of its own: three nodes, and etcd with three members. For cut (a "
      "pulled\n"
      "cable), cut-in and cut-out (one way only) each node gets a network namespace of its own,\n"
      "where packets are dropped: that needs ip and nft (Debian's iproute2 and nftables), and "
      "root\n"
      "or a kernel that lets users make namespaces. Among all faults they are left out where that\n"
      "is missing.\n"
      "Examples:\n  ringjournal bench failover\n"
      "  ringjournal bench failover --fault kill --journals 100 --runs 20\n"
      "  ringjournal bench failover --fault cut --runs 20\n"
      "The exit code is 1 if a goal was missed. Ctrl-C ends the run that is under way, and prints\n"
      "what has been measured.\n");
  sub->fallthrough();
  sub->callback([&context, flags] {
    context.command = "bench failover";
    context.needs_server = false;
    context.action = [&context, flags] { return FailoverBench(context, *flags).Run(); };
  });
}

}  // namespace ringjournal::cli
