#include "tools/ringjournal/bench_replication.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/ringjournal/bench_report.h"
#include "tools/ringjournal/local_cluster.h"

namespace ringjournal::bench {
namespace {

// Issue 5, "Must show" 3.
constexpr double kThroughputRatioMin = 0.45;
constexpr double kLatencyRatioMax = 2.3;

struct ReplicationLoad {
  const char* name;
  bool throughput;  // else p50
  BenchSettings settings;
};

std::vector<ReplicationLoad> MakeLoads(const BenchSettings& base) {
  BenchSettings burst = base;
  burst.level = client::Level::kReplicated;
  burst.pin = false;  // two nodes and a client on two processors: the kernel shares them best
  BenchSettings single = burst;
  single.batch = single.window = 1;
  single.transactions = 20'000;
  single.warmup_transactions = 2'000;
  return {{"burst, batches of 64", true, burst}, {"one in flight, blocking", false, single}};
}

absl::StatusOr<std::unique_ptr<LocalCluster>> StartNodes(const BenchSettings& base,
                                                         uint32_t nodes) {
  LocalClusterOptions options;
  options.nodes = nodes;
  options.etcd_members = 1;
  options.server.program = base.program;
  options.server.data_dir = base.data_dir;
  return LocalCluster::Start(options);
}

// One round against the first node of a cluster.
absl::Status RunOne(const cli::Context& context, BenchSettings settings, LocalCluster* cluster,
                    std::vector<RoundFigures>* out) {
  settings.run_floor = false;
  settings.rounds = 1;
  settings.server = cluster->node(0)->address().ToString();
  settings.copies = static_cast<uint32_t>(cluster->size());
  auto result = RunRounds(settings, [&](const std::string& line) {
    context.Say(absl::StrFormat("%d copies, %s", settings.copies, line));
  });
  if (!result.ok()) return result.status();
  out->push_back(result->server.front());
  return absl::OkStatus();
}

double RatioOf(const ReplicationLoad& load, const BenchResult& result) {
  return load.throughput ? ThroughputRatio(result) : MedianLatencyRatio(result);
}

double LimitOf(const ReplicationLoad& load) {
  return load.throughput ? kThroughputRatioMin : kLatencyRatioMax;
}

bool IsMet(const ReplicationLoad& load, double ratio) {
  if (ratio <= 0) return false;
  return load.throughput ? ratio >= kThroughputRatioMin : ratio <= kLatencyRatioMax;
}

std::string Line(const ReplicationLoad& load, const BenchResult& result) {
  const Summary alone = Summarise(result.floor, load.settings.payload_bytes);
  const Summary two = Summarise(result.server, load.settings.payload_bytes);
  const std::string figures =
      load.throughput ? absl::StrFormat("%6.2f and %6.2f M tx/s", two.transactions_per_s / 1e6,
                                        alone.transactions_per_s / 1e6)
                      : absl::StrFormat("%6.1f and %6.1f us p50", two.p50 / 1e3, alone.p50 / 1e3);
  const double ratio = RatioOf(load, result);
  return absl::StrFormat("%-26s %s   two copies / one = %.2f (%s %.2f)   %s", load.name, figures,
                         ratio, load.throughput ? "at least" : "at most", LimitOf(load),
                         IsMet(load, ratio) ? "PASS" : "MISSED");
}

std::string Json(const ReplicationLoad& load, const BenchResult& result) {
  const Summary alone = Summarise(result.floor, load.settings.payload_bytes);
  const Summary two = Summarise(result.server, load.settings.payload_bytes);
  const double ratio = RatioOf(load, result);
  return absl::StrFormat(
      "{\"goal\":\"%s\",\"compared\":\"%s\",\"oneCopy\":{\"transactionsPerS\":%.0f,\"p50Us\":%.1f},"
      "\"twoCopies\":{\"transactionsPerS\":%.0f,\"p50Us\":%.1f},\"ratio\":%.4f,\"limit\":%.2f,"
      "\"met\":%s}",
      load.name, load.throughput ? "throughput" : "p50", alone.transactions_per_s, alone.p50 / 1e3,
      two.transactions_per_s, two.p50 / 1e3, ratio, LimitOf(load),
      IsMet(load, ratio) ? "true" : "false");
}

}  // namespace

int RunReplication(const cli::Context& context, const BenchSettings& base) {
  const MachineFacts machine = ReadMachineFacts();
  auto one = StartNodes(base, 1);
  if (!one.ok()) return context.Fail(one.status());
  auto two = StartNodes(base, 2);
  if (!two.ok()) return context.Fail(two.status());
  std::vector<std::string> lines, json;
  bool all_met = true;
  for (ReplicationLoad& load : MakeLoads(base)) {
    if (absl::Status s = CompleteSettings(&load.settings); !s.ok()) return context.Fail(s);
    BenchResult result;  // floor: one copy; server: two
    for (uint32_t round = 0; round < base.rounds; ++round) {
      absl::Status s = RunOne(context, load.settings, one->get(), &result.floor);
      if (s.ok()) s = RunOne(context, load.settings, two->get(), &result.server);
      if (!s.ok()) return context.Fail(s);
    }
    lines.push_back(Line(load, result));
    json.push_back(Json(load, result));
    all_met = all_met && IsMet(load, RatioOf(load, result));
  }
  if (context.json()) {
    std::printf("[%s]\n", absl::StrJoin(json, ",").c_str());
  } else {
    std::printf("machine  %d processors (%s), kernel %s, load average %.2f before the run\n%s\n",
                machine.processors, machine.model.c_str(), machine.kernel.c_str(),
                machine.load_average, absl::StrJoin(lines, "\n").c_str());
  }
  return all_met ? cli::kExitOk : cli::kExitFailure;
}

}  // namespace ringjournal::bench
