// What a node does with a journal when its process starts: a pure function of what it found.
//
// One node: the recovery set is this node alone (replication.md section 7). An intact ring holds
// everything that was acknowledged; without one, disk is what is left, and a new generation says
// that something may be lost. docs/recovery.md holds the whole table; a test compares it.
#ifndef JOURNAL_RECOVERY_START_DECISION_H_
#define JOURNAL_RECOVERY_START_DECISION_H_

#include <string>

#include "journal/recovery/disk_recovery.h"
#include "journal/ring/ring_recovery.h"

namespace ringjournal {

enum class StartAction {
  kStartEmpty,            // a new journal: lead it from entry 1
  kWarmStart,             // serve from the ring: nothing was lost
  kWarmStartDiskDamaged,  // the same, but entries that only the disk held are gone: alarm
  kDiskRecovery,          // replay the disk; generation + 1 and a loss report
  kColdStart,             // replay the disk, which ends where the leader stopped in order: no loss
  kRefuse,                // touch nothing: an operator must look
};
const char* StartActionText(StartAction action);

struct StartInput {
  RingVerdict ring = RingVerdict::kAbsent;
  DiskVerdict disk = DiskVerdict::kEmpty;
  // The ring goes back to where the disk's log ends, or further: RingJoinsDisk. Without meaning
  // unless the ring is intact.
  bool ring_joins_disk = false;
  bool memory_only = false;  // the journal's setting: it has no segments of its own
  // The configuration says that the leader stopped in order where the disk's log ends.
  bool stopped_there = false;
  bool has_been_led = false;  // the configuration names an epoch above 0: entries may exist
};

struct StartDecision {
  StartAction action = StartAction::kRefuse;
  std::string reason;  // one sentence: why, and for kRefuse what to do
};

StartDecision DecideStart(const StartInput& input);

// True if no entry is missing between the end of the disk's log and the oldest one in the ring.
// Then checkpointing must go on exactly at `disk_end`, also after damage: a new segment from there
// on repairs the log on disk, while one with a higher base would leave a gap. `ring_oldest`: the
// ring's oldest entry, or the next one if it holds none.
bool RingJoinsDisk(Index ring_oldest, const LogPosition& disk_end);

// The whole table in Markdown: a row for each ring verdict, a column for each disk verdict, and one
// such matrix for each combination of the rest that makes a difference.
std::string StartDecisionTable();

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_START_DECISION_H_
