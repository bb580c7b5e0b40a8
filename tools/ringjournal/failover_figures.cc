#include "tools/ringjournal/failover_figures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace ringjournal::bench {
namespace {

double Ms(int64_t ns) { return static_cast<double>(ns) / 1e6; }

// The smallest value that at least `percent` of the sorted ones do not exceed.
int64_t NearestRank(const std::vector<int64_t>& sorted, double percent) {
  const double exact = percent / 100 * static_cast<double>(sorted.size());
  const size_t rank = std::max<size_t>(static_cast<size_t>(std::ceil(exact)), 1);
  return sorted[std::min(rank, sorted.size()) - 1];
}

template <class Get>
GapSummary OfClients(const std::vector<FailoverRun>& runs, Get get) {
  std::vector<int64_t> values;
  for (const FailoverRun& run : runs) {
    for (const ClientGap& client : run.clients) values.push_back(get(client));
  }
  return SummariseGaps(std::move(values));
}

std::string TableLine(const FailoverResult& result) {
  const GapSummary each = result.each(), worst = result.worst();
  return absl::StrFormat("%-12s%9d%6d%9.1f%9.1f%9.1f%13.1f%9.1f%13.1f\n", FaultName(result.fault),
                         result.journals, result.runs.size(), each.p50_ms, each.p99_ms, each.max_ms,
                         worst.p50_ms, worst.p99_ms, result.later().max_ms);
}

void AppendGoal(const FailoverResult& result, const char* what, double value, double limit,
                std::string* out) {
  if (limit == 0) return;
  absl::StrAppendFormat(out, "%-44s %s %8.1f ms (below %g ms)   %s\n", FaultWords(result.fault),
                        what, value, limit, value < limit ? "PASS" : "MISSED");
}

std::string SummaryJson(const GapSummary& s) {
  return absl::StrFormat("{\"count\":%d,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f}", s.count,
                         s.p50_ms, s.p99_ms, s.max_ms);
}

std::string RunJson(const FailoverRun& run) {
  return absl::StrCat("[",
                      absl::StrJoin(run.clients, ",",
                                    [](std::string* out, const ClientGap& client) {
                                      absl::StrAppendFormat(out, "%.3f", Ms(client.gap_ns));
                                    }),
                      "]");
}

std::string ResultJson(const FailoverResult& result) {
  const FailoverGoal goal = GoalOf(result.fault);
  return absl::StrFormat(
      "{\"fault\":\"%s\",\"journals\":%d,\"runs\":%d,\"clients\":%s,\"worstClient\":%s,"
      "\"laterPause\":%s,\"goal\":{\"p50Ms\":%g,\"p99Ms\":%g,\"met\":%s},\"gapsMs\":[%s]}",
      FaultName(result.fault), result.journals, result.runs.size(), SummaryJson(result.each()),
      SummaryJson(result.worst()), SummaryJson(result.later()), goal.p50_ms, goal.p99_ms,
      IsMet(result) ? "true" : "false",
      absl::StrJoin(result.runs, ",",
                    [](std::string* out, const FailoverRun& run) { *out += RunJson(run); }));
}

}  // namespace

std::string FaultName(Fault fault) {
  switch (fault) {
    case Fault::kKill:
      return "kill";
    case Fault::kFreeze:
      return "freeze";
    case Fault::kCut:
      return "cut";
    case Fault::kCutIn:
      return "cut-in";
    case Fault::kCutOut:
      return "cut-out";
    case Fault::kHandover:
      return "handover";
    case Fault::kStop:
      return "stop";
    case Fault::kEtcdLeader:
      return "etcd-leader";
  }
  return "unknown";
}

std::string FaultWords(Fault fault) {
  switch (fault) {
    case Fault::kKill:
      return "leader's process killed";
    case Fault::kFreeze:
      return "leader's process frozen";
    case Fault::kCut:
      return "leader cut off";
    case Fault::kCutIn:
      return "nothing reaches the leader";
    case Fault::kCutOut:
      return "nothing leaves the leader";
    case Fault::kHandover:
      return "leader moved by an operator";
    case Fault::kStop:
      return "leader stopped in order (SIGTERM)";
    case Fault::kEtcdLeader:
      return "leader killed, and etcd's leader with it";
  }
  return "unknown";
}

bool IsCut(Fault fault) {
  return fault == Fault::kCut || fault == Fault::kCutIn || fault == Fault::kCutOut;
}

int64_t FailoverRun::worst_ns() const {
  int64_t worst = 0;
  for (const ClientGap& client : clients) worst = std::max(worst, client.gap_ns);
  return worst;
}

GapSummary SummariseGaps(std::vector<int64_t> gaps_ns) {
  GapSummary summary{.count = gaps_ns.size()};
  if (gaps_ns.empty()) return summary;
  std::ranges::sort(gaps_ns);
  summary.min_ms = Ms(gaps_ns.front());
  summary.p50_ms = Ms(NearestRank(gaps_ns, 50));
  summary.p99_ms = Ms(NearestRank(gaps_ns, 99));
  summary.max_ms = Ms(gaps_ns.back());
  return summary;
}

GapSummary FailoverResult::each() const {
  return OfClients(runs, [](const ClientGap& client) { return client.gap_ns; });
}

GapSummary FailoverResult::worst() const {
  std::vector<int64_t> values;
  for (const FailoverRun& run : runs) values.push_back(run.worst_ns());
  return SummariseGaps(std::move(values));
}

GapSummary FailoverResult::later() const {
  return OfClients(runs, [](const ClientGap& client) { return client.later_ns; });
}

// Issue 5, "Must show" 2.
FailoverGoal GoalOf(Fault fault) {
  switch (fault) {
    case Fault::kKill:
      return {.p50_ms = 100, .p99_ms = 300};
    case Fault::kFreeze:
    case Fault::kCut:
    case Fault::kCutIn:
    case Fault::kCutOut:
      return {.p50_ms = 350, .p99_ms = 700};
    case Fault::kHandover:
    case Fault::kStop:
      return {.p99_ms = 50};
    case Fault::kEtcdLeader:
      return {.p99_ms = 2500};
  }
  return {};
}

bool IsMet(const FailoverResult& result) {
  const FailoverGoal goal = GoalOf(result.fault);
  const GapSummary each = result.each();
  if (each.count == 0) return false;
  const bool p50 = goal.p50_ms == 0 || each.p50_ms < goal.p50_ms;
  return p50 && (goal.p99_ms == 0 || each.p99_ms < goal.p99_ms);
}

std::string DescribeFailovers(const std::vector<FailoverResult>& results) {
  std::string out =
      absl::StrFormat("%-12s%9s%6s%9s%9s%9s%13s%9s%13s\n", "fault", "journals", "runs", "p50 ms",
                      "p99", "max", "worst: p50", "p99", "later: max");
  for (const FailoverResult& result : results) out += TableLine(result);
  out += "\n";
  for (const FailoverResult& result : results) {
    const FailoverGoal goal = GoalOf(result.fault);
    AppendGoal(result, "p50", result.each().p50_ms, goal.p50_ms, &out);
    AppendGoal(result, "p99", result.each().p99_ms, goal.p99_ms, &out);
  }
  return out;
}

std::string FailoversJson(const std::vector<FailoverResult>& results) {
  return absl::StrCat("[",
                      absl::StrJoin(results, ",",
                                    [](std::string* out, const FailoverResult& result) {
                                      *out += ResultJson(result);
                                    }),
                      "]");
}

}  // namespace ringjournal::bench
