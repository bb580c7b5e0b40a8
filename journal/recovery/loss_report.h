// What a recovery from disk may have lost, for the configuration and every client.
#ifndef JOURNAL_RECOVERY_LOSS_REPORT_H_
#define JOURNAL_RECOVERY_LOSS_REPORT_H_

#include <cstdint>
#include <string>

#include "journal/recovery/disk_recovery.h"
#include "proto/config.pb.h"

namespace ringjournal {

struct LossReportInput {
  const DiskRecovery* disk = nullptr;
  uint32_t generation = 0;   // the new one
  Watermark commit_hint;     // of the configuration: committed for certain when it was written
  Lsn stopped_at;            // the leader stopped in order, with all up to here on disk; 0: no
  bool memory_only = false;  // disk levels were refused, so nothing was acknowledged at them
  uint64_t time_ns = 0;      // Unix time
};

// The start of the loss is exact: the first entry behind the recovered end. Its end is known only
// where a commit hint or a group header says what was committed; then the loss up to there is
// CERTAIN. For memory levels it is never NONE. Of what was acknowledged as on disk a torn tail
// loses nothing, since an acknowledgement waits for everything before it to be synced.
v1::LossReport BuildLossReport(const LossReportInput& input);

// The same for a journal of several members, whose logs were asked for (replication.md section 7).
struct ClusterLossInput {
  LogPosition end;           // what the winner's next entry continues: the loss starts here
  uint32_t generation = 0;   // the new one
  Watermark commit_hint;     // of the configuration
  Watermark committed_seen;  // the highest that any log or disk that answered calls committed
  Lsn stopped_at;            // as above
  uint32_t members = 0;
  // Members whose disks were read and are whole: nothing that was synced there is missing. An
  // empty disk is none, nor one that lacks its front or ends in damage.
  uint32_t whole_disks = 0;
  bool memory_only = false;
  std::string reason;    // for people: whose log it is, and what did not answer
  uint64_t time_ns = 0;  // Unix time
};

// An entry was acknowledged as on disk by some member, maybe one that leads no more: only if every
// member's disk is whole was nothing of the kind lost. One that was on a majority is on each set of
// members that a majority cannot avoid. Hence, before a member is removed, what it acknowledged
// must be on the disks of those that stay, in the same numbers.
v1::LossReport BuildClusterLossReport(const ClusterLossInput& input);

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_LOSS_REPORT_H_
