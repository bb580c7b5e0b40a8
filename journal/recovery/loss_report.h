// What a recovery from disk may have lost, for the configuration and every client.
#ifndef JOURNAL_RECOVERY_LOSS_REPORT_H_
#define JOURNAL_RECOVERY_LOSS_REPORT_H_

#include <cstdint>

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

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_LOSS_REPORT_H_
