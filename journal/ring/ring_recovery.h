// What a ring file's memory is worth: replication.md section 7. Pure, reads only.
#ifndef JOURNAL_RING_RING_RECOVERY_H_
#define JOURNAL_RING_RING_RECOVERY_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "journal/format/entry_layout.h"
#include "journal/ring/ring_memory.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// Whose ring it is.
struct RingIdentityValues {
  JournalId journal;
  BootId boot = {};
  uint32_t generation = 0;
  uint32_t producers_max = 0;
};

enum class RingVerdict {
  kAbsent,        // no ring file, or one that was never filled in
  kForeign,       // another journal or generation, or another size
  kStale,         // of another boot: its content is not this boot's memory
  kNewerVersion,  // written by a newer version
  kNotIntact,     // damaged below acked_end, or no valid snapshot: counts for nothing
  kIntact,
};
const char* RingVerdictText(RingVerdict verdict);

struct RingInspection {
  RingVerdict verdict = RingVerdict::kAbsent;
  std::string reason;  // one sentence
  RingIdentity identity = {};
  Incarnation content_incarnation, claim_incarnation;
  uint64_t oldest = 0;      // ring offsets
  uint64_t end = 0;         // behind the last valid record
  uint64_t stated_end = 0;  // what the control page says; above `end` if a tail was cut
  uint64_t acked_end = 0;
  uint64_t active = 0;
  Watermark oldest_entry;  // index and first LSN of the oldest record, or of the next one
  LogPosition position;    // at `end`
  Index committed;         // entries up to here are known to have been; 0: none
  uint64_t snapshot_offset = 0;
  uint64_t snapshot_sequence = 0;
  v1::StateSnapshot snapshot;  // at snapshot_offset
  // The other one, where it is whole too: a truncation may have to go back to it. Sequence 0: none.
  uint64_t older_snapshot_offset = 0;
  uint64_t older_snapshot_sequence = 0;
  Index older_snapshot_next_index;
};

// Verifies every record between oldest and end. `expected` null: whatever journal, generation and
// boot it says (offline). `memory` may be a single mapping of an even longer file only if `data` is
// doubled as RingMemory demands. A record is damaged if its CRCs or its chain do not match.
RingInspection InspectRing(const RingMemory& memory, const RingIdentityValues* expected);

// Empties a slot. All of its header goes: a sequence alone is brought back by one changed bit.
void StrikeOutSnapshotSlot(std::byte* slot);
// Writes a serialised snapshot into a slot: bytes, then header, so that a kill leaves the other
// slot valid. Returns false if it does not fit.
bool WriteSnapshotSlot(std::byte* slot, size_t slot_bytes, uint64_t sequence, uint64_t ring_offset,
                       std::string_view state);
// True if the slot holds a whole snapshot.
bool ReadSnapshotSlot(const std::byte* slot, size_t slot_bytes, SnapshotSlotHeader* header,
                      v1::StateSnapshot* state);

}  // namespace ringjournal

#endif  // JOURNAL_RING_RING_RECOVERY_H_
