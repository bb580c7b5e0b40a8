// What a failover cost, in figures: percentiles, the goals, and how both are told. Pure.
#ifndef TOOLS_RINGJOURNAL_FAILOVER_FIGURES_H_
#define TOOLS_RINGJOURNAL_FAILOVER_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringjournal::bench {

// What happens to the node that leads.
enum class Fault {
  kKill,        // SIGKILL; it starts again afterwards, with its memory
  kFreeze,      // SIGSTOP, and SIGCONT once the others have gone on
  kCut,         // no packet reaches it or leaves it; healed once the others have gone on
  kCutIn,       // the same, of those that reach it only
  kCutOut,      // and of those that leave it
  kHandover,    // an operator lets another node lead
  kStop,        // SIGTERM: it hands over and ends
  kEtcdLeader,  // SIGKILL, and of the member that leads etcd with it
};
// "kill", "freeze", "cut", "cut-in", "cut-out", "handover", "stop", "etcd-leader".
std::string FaultName(Fault fault);
// True if its nodes must be on a network where packets can be lost.
bool IsCut(Fault fault);
// For people: "killed", …
std::string FaultWords(Fault fault);

// Of one client in one run, nanoseconds.
struct ClientGap {
  int64_t gap_ns = 0;    // last acknowledgement before the failover to the first after it
  int64_t later_ns = 0;  // the longest time without one within kFailoverSettleNs of that
};
// How long a run goes on after the last client's first acknowledgement.
inline constexpr int64_t kFailoverSettleNs = 200'000'000;

struct FailoverRun {
  std::vector<ClientGap> clients;
  int64_t worst_ns() const;
};

struct GapSummary {
  size_t count = 0;
  double min_ms = 0, p50_ms = 0, p99_ms = 0, max_ms = 0;
};
// Exact, by the nearest rank: the smallest of the values that so many of them do not exceed.
GapSummary SummariseGaps(std::vector<int64_t> gaps_ns);

struct FailoverResult {
  Fault fault = Fault::kKill;
  uint32_t journals = 0;
  std::vector<FailoverRun> runs;

  GapSummary each() const;   // every client of every run
  GapSummary worst() const;  // the worst client of each run
  GapSummary later() const;  // ClientGap::later_ns of every client
};

// In milliseconds, of every client of every run; 0: nothing was promised.
struct FailoverGoal {
  double p50_ms = 0;
  double p99_ms = 0;
};
FailoverGoal GoalOf(Fault fault);
bool IsMet(const FailoverResult& result);

// A table with a line for each fault, and a line with PASS or MISSED for each goal.
std::string DescribeFailovers(const std::vector<FailoverResult>& results);
// One JSON array on one line; gaps in milliseconds, one array of clients for each run.
std::string FailoversJson(const std::vector<FailoverResult>& results);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_FAILOVER_FIGURES_H_
