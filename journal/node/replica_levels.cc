// Which level an entry has reached: replication.md section 8.
#include <algorithm>

#include "journal/base/mutants.h"
#include "journal/node/replica.h"

namespace ringjournal {

void Replica::SetReplicationMarks(const ReplicationMarks& marks) {
  several_copies_ = true;
  marks_ = marks;
}

// What must be committed, or durable, for the entry to count: with several nodes the start of this
// epoch as well (KIP-207, I12). An entry of an earlier epoch is that of a duplicate.
Index Replica::CommitFloor(Index index) const {
  if (!commit_allowed_.has_value()) return index;
  Index start = epoch_start();
  if (Mutated(Mutant::kServesBeforeEpochStart)) return index;
  return start == Index(0) ? Index(UINT64_MAX) : std::max(index, start);
}

bool Replica::IsOnOwnDisk(Index index) const {
  if (Mutated(Mutant::kDiskLevelOfMemory)) return !memory_only();
  return !memory_only() && index >= options_.disk_hole_below &&
         checkpointer_.durable().index >= CommitFloor(index);
}

bool Replica::IsReplicated(Index index) const {
  if (committed_.index < CommitFloor(index)) return false;
  if (!several_copies_) return true;
  if (marks_.blocked) return false;
  return !marks_.disk_for_replicated || memory_only() || IsOnOwnDisk(index);
}

bool Replica::IsOnDiskQuorum(Index index) const {
  if (Mutated(Mutant::kQuorumOfOneDisk)) return IsOnOwnDisk(index);
  if (!several_copies_) return IsOnOwnDisk(index);  // one member: its own disk is the majority
  Index floor = CommitFloor(index);
  uint32_t disks = IsOnOwnDisk(index) ? 1 : 0;
  for (const BackupMark& b : marks_.backups) disks += b.first <= index && b.durable >= floor;
  return disks > marks_.members / 2;
}

// What lies in a hole of the disk never reaches it: such an append (a duplicate) is answered with
// the level that is true.
bool Replica::HasReached(v1::Level level, Index index) const {
  bool several_nodes = commit_allowed_.has_value();
  if (several_nodes && !leads_) return false;
  if (level == v1::LEVEL_RECEIVED) return counted_end_ >= index;
  if (index < options_.disk_hole_below) {
    return committed_.index >= CommitFloor(index) && !(several_copies_ && marks_.blocked);
  }
  if (!IsReplicated(index)) return false;
  if (level < v1::LEVEL_DISK) return true;
  return level == v1::LEVEL_DISK ? IsOnOwnDisk(index) : IsOnDiskQuorum(index);
}

bool Replica::HasReached(v1::Level level, const AppendPlace& place) const {
  if (!place.duplicate) return HasReached(level, place.index);
  if (Mutated(Mutant::kDuplicateAnsweredAtOnce)) return true;
  return HasReached(std::max(level, v1::LEVEL_REPLICATED), place.index);
}

v1::Level Replica::LevelReached(Index index) const {
  if (!IsReplicated(index)) return v1::LEVEL_RECEIVED;
  if (IsOnDiskQuorum(index)) return v1::LEVEL_DISK_QUORUM;
  return IsOnOwnDisk(index) ? v1::LEVEL_DISK : v1::LEVEL_REPLICATED;
}

Copies Replica::CopiesOf(Index index) const {
  Copies copies;
  bool on_own_disk =
      !memory_only() && index >= options_.disk_hole_below && checkpointer_.durable().index >= index;
  copies.memory = counted_end_ >= index ? 1 : 0;
  copies.disk = on_own_disk ? 1 : 0;
  for (const BackupMark& b : marks_.backups) {
    if (index < b.first) continue;
    copies.memory += b.match >= index;
    copies.disk += b.durable >= index;
  }
  return copies;
}

}  // namespace ringjournal
