// Judges what clients have seen by what the journal gives back. Pure.
#ifndef TESTS_CHAOS_AUDIT_H_
#define TESTS_CHAOS_AUDIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/history_lines.h"

namespace ringjournal::chaos {

struct AuditRules {
  // Reports that the faults so far allow; each more is wrong.
  uint32_t losses_allowed = 0;
  // How far every reader must have come. An unknown append may be applied, and the log grow, while
  // it is judged.
  uint64_t tails_at_lsn = 0;
};

struct AuditTotals {
  uint64_t appends = 0;
  uint64_t acknowledged = 0;
  uint64_t unknown = 0;
  uint64_t unknown_applied = 0;  // of them, in the log after all
  uint64_t not_applied = 0;
  uint64_t lost = 0;           // acknowledged, not in the log, and a report says so
  uint64_t lost_received = 0;  // of level `received`, which one machine's loss may take
  uint64_t told = 0;           // losses told to producers
  uint64_t tailed = 0;         // transactions that tail readers were given
};

struct Verdict {
  std::vector<std::string> problems;  // sentences; at most kProblemsMax
  AuditTotals totals;
};

constexpr size_t kProblemsMax = 40;

// `log` is the whole journal from its first transaction on. Wrong is:
// - the log by itself: a hole or repeat of LSNs, a payload that nobody sent or that was refused, a
//   producer's payloads twice or out of order, half of an append;
// - an acknowledged append that is not at its LSN with its index and chain, and that no report of
//   a loss explains; at a disk level nothing explains it, as no fault here takes the disk of
//   everybody who has it;
// - an acknowledgement below the level asked for;
// - answers that no one order explains (tests/cluster_sim/history.h);
// - a reader that was given a gap, a repeat, or something that the log does not hold there;
// - a producer that holds something lost and was not told;
// - a Writer or Reader that gave up; only a Writer with acknowledgements of level `received` that
//   went with their leader must do so, and may where such an append is unknown and not in the log:
//   its acknowledgement may have come late.
Verdict Audit(const History& history, const std::vector<SeenTransaction>& log,
              const std::vector<Report>& reports, const AuditRules& rules);

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_AUDIT_H_
