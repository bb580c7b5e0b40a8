#include "tools/ringjournal/bench_goals.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/ringjournal/bench_report.h"

namespace ringjournal::bench {
namespace {

// Issue 2, "Must show" 3.
constexpr double kThroughputRatioMin = 0.40;
constexpr double kLatencyRatioMax = 1.3;

struct Goal {
  const char* name;
  const char* what;  // is compared
  bool throughput;   // else p50
  BenchSettings settings;
};

std::vector<Goal> MakeGoals(const BenchSettings& base) {
  BenchSettings burst = base;
  burst.payload_bytes = 128;
  burst.batch = 64;
  burst.connections = 1;
  burst.level = client::Level::kReceived;
  BenchSettings single = burst;
  single.batch = 1;
  single.window = 1;
  single.transactions = 20'000;
  single.warmup_transactions = 2'000;
  BenchSettings spinning = single;
  spinning.busy_poll = true;
  spinning.transactions = 100'000;
  return {{"burst, batches of 64", "throughput", true, burst},
          {"one in flight, blocking", "p50", false, single},
          {"one in flight, busy-polling", "p50", false, spinning}};
}

double RatioOf(const Goal& goal, const BenchResult& result) {
  return goal.throughput ? ThroughputRatio(result) : MedianLatencyRatio(result);
}

bool IsMet(const Goal& goal, double ratio) {
  if (ratio <= 0) return false;
  return goal.throughput ? ratio >= kThroughputRatioMin : ratio <= kLatencyRatioMax;
}

std::string Line(const Goal& goal, const BenchResult& result) {
  Summary floor = Summarise(result.floor, goal.settings.payload_bytes);
  Summary append = Summarise(result.server, goal.settings.payload_bytes);
  double ratio = RatioOf(goal, result);
  std::string figures =
      goal.throughput
          ? absl::StrFormat("%6.2f and %6.2f M tx/s", append.transactions_per_s / 1e6,
                            floor.transactions_per_s / 1e6)
          : absl::StrFormat("%6.1f and %6.1f us p50", append.p50 / 1e3, floor.p50 / 1e3);
  return absl::StrFormat("%-28s %s   append / floor = %.2f (%s %.2f)   %s", goal.name, figures,
                         ratio, goal.throughput ? "at least" : "at most",
                         goal.throughput ? kThroughputRatioMin : kLatencyRatioMax,
                         IsMet(goal, ratio) ? "PASS" : "MISSED");
}

std::string Json(const Goal& goal, const BenchResult& result) {
  double ratio = RatioOf(goal, result);
  return absl::StrFormat(
      "{\"goal\":\"%s\",\"compared\":\"%s\",\"ratio\":%.4f,\"limit\":%.2f,\"met\":%s,\"result\":%"
      "s}",
      goal.name, goal.what, ratio, goal.throughput ? kThroughputRatioMin : kLatencyRatioMax,
      IsMet(goal, ratio) ? "true" : "false", ResultJson(result));
}

}  // namespace

int RunGoals(const cli::Context& context, const BenchSettings& base) {
  std::vector<std::string> lines, json;
  bool all_met = true;
  for (Goal& goal : MakeGoals(base)) {
    context.Say(goal.name);
    if (absl::Status s = CompleteSettings(&goal.settings); !s.ok()) return context.Fail(s);
    auto result = RunRounds(goal.settings, [&](const std::string& line) { context.Say(line); });
    if (!result.ok()) return context.Fail(result.status());
    if (!context.json()) {
      std::printf("%s%s\n", DescribeSettings(*result).c_str(), DescribeFigures(*result).c_str());
    }
    lines.push_back(Line(goal, *result));
    json.push_back(Json(goal, *result));
    all_met = all_met && IsMet(goal, RatioOf(goal, *result));
  }
  if (context.json()) {
    std::printf("[%s]\n", absl::StrJoin(json, ",").c_str());
  } else {
    std::printf("%s\n", absl::StrJoin(lines, "\n").c_str());
  }
  return all_met ? cli::kExitOk : cli::kExitFailure;
}

}  // namespace ringjournal::bench
