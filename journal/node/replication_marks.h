// What the leader of several copies knows of the others: for levels and acknowledgements.
#ifndef JOURNAL_NODE_REPLICATION_MARKS_H_
#define JOURNAL_NODE_REPLICATION_MARKS_H_

#include <cstdint>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal {

// How far one backup has come, by its acknowledgements of this epoch and of the incarnation that
// counts (replication.md section 4).
struct BackupMark {
  // First entry that it may hold: where it has begun anew from a state snapshot, the state's next
  // index. Of what lies below it has no copy, however high its other marks are.
  Index first;
  Index match;    // last in its memory
  Index durable;  // last on its disk, with all before it from `first` on
};

struct ReplicationMarks {
  // Of the journal; a majority of so many disks is `disk_quorum`.
  uint32_t members = 1;
  std::vector<BackupMark> backups;  // all that are followed, in the isr or not; any order
  // Degraded, policy `disk`: `replicated` counts only with the own disk. Without effect on a
  // memory-only journal, which has none.
  bool disk_for_replicated = false;
  // Degraded, policy `block`: nothing above `received` is reached.
  bool blocked = false;
};

struct Copies {
  uint32_t memory = 0, disk = 0;
  friend bool operator==(const Copies&, const Copies&) = default;
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_REPLICATION_MARKS_H_
