// The ring: the newest entries of a journal, in memory that survives the process.
#ifndef JOURNAL_RING_RING_H_
#define JOURNAL_RING_RING_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "journal/format/entry_layout.h"
#include "journal/ring/ring_memory.h"
#include "journal/ring/ring_recovery.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// Where a record lies.
struct RingPlace {
  RingOffset offset;
  Index index;
  Lsn first_lsn;
};

// Holds records [oldest, end) of one journal and finds them by index or LSN. Belongs to one thread;
// does not own the memory. Order of stores (replication.md section 7): `oldest` before any byte is
// reused, body, header, then one release store of `end`.
//
// Append: Reserve, write the record, Publish. A reserved record that is never published leaves no
// trace.
class Ring {
 public:
  // Makes an empty ring of zeroed or foreign memory, whose next entry is that of `state`. `claim`
  // is the incarnation that the cas names which makes this ring count: a crash before its content
  // is first acknowledged must not leave a ring that counts for nobody.
  static Ring Create(RingMemory memory, const RingIdentityValues& identity,
                     const v1::StateSnapshot& state, Incarnation claim = Incarnation(0));
  // Takes over memory that InspectRing found intact; cuts what it said is to be cut.
  static Ring Adopt(RingMemory memory, const RingInspection& found);

  // A contiguous place for a record, or null while the ring is full: entries above `reusable` and
  // those that the newest state snapshot needs are never given up. So many bytes of `headroom` stay
  // free behind it, for control records that must still get in when the ring is full.
  std::byte* Reserve(size_t record_bytes, Index reusable, size_t headroom = 0);
  // The record written at the reserved place now belongs to the journal.
  void Publish(Index index, Lsn first_lsn, size_t record_bytes);
  // All that is published may be acknowledged from here on.
  void RaiseAckedEnd();
  // Forgets all from the record at `place` on, which is above what is committed. Lowers `end` and
  // `acked_end` together; snapshots above go first, or they would contradict what is appended next.
  void Truncate(const RingPlace& place);

  // Entries up to here are never truncated (I5). Until it is set, none is: a leader alone. Stands
  // in the control page, too: a later process knows it.
  void set_committed(Index committed);

  // Puts a snapshot of the derived state at the current end into the older slot, if
  // may_write_snapshot.
  void WriteSnapshot(const v1::StateSnapshot& state);
  // The same of a serialised one, whose next entry is `next`.
  void WriteSnapshot(Index next, std::string_view state);
  // False while the older slot holds the only state that a truncation could go back to.
  bool may_write_snapshot() const {
    return snapshots_[newest_slot()].next_index <= committed_.next();
  }
  // The newest snapshot whose next entry is `next` or an earlier one: from it the derived state is
  // made again after a truncation. nullopt: none that old is left.
  std::optional<v1::StateSnapshot> ReadSnapshotAtOrBelow(Index next) const;
  // Puts the state before the record at `place`, which is not above the newest snapshot, into the
  // slot that damage emptied. False: the state does not fit, or that slot was never written to.
  bool RestoreOlderSnapshot(const RingPlace& place, const v1::StateSnapshot& state);
  // True when a snapshot should be written, so that Reserve never has to wait for one.
  bool snapshot_due() const;

  // Forgets every record: the next entry is that of `state`, which TakesSnapshot. Nobody counts the
  // content any more: both incarnations become 0, first of all. A kill in between leaves the old
  // records whole, or a ring that is not intact, or the new and empty one; never a mix.
  void BeginAnew(const v1::StateSnapshot& state);
  // False if the state is too large for this ring's slots: it has more producers than were planned.
  bool TakesSnapshot(const v1::StateSnapshot& state) const;

  // The generation that the content belongs to from now on. A kill finds the old or the new one.
  void set_generation(uint32_t generation);
  uint32_t generation() const { return memory_.control()->identity.generation; }
  // Under which the content was acknowledged; 0: it counts for nobody.
  void set_content_incarnation(Incarnation incarnation);
  Incarnation content_incarnation() const {
    return Incarnation(SealedValue(memory_.control()->content_incarnation));
  }
  // Named by the latest cas of a memory recovery.
  void set_claim_incarnation(Incarnation incarnation);
  Incarnation claim_incarnation() const {
    return Incarnation(SealedValue(memory_.control()->claim_incarnation));
  }

  // The record that holds this entry or LSN; nullopt outside [oldest, end).
  std::optional<RingPlace> Find(Index index) const;
  std::optional<RingPlace> Find(Lsn lsn) const;
  // The place behind a record. Its index is that of the next record, which may not exist yet.
  RingPlace Next(const RingPlace& place) const;
  // `place` lies in [oldest, end).
  RecordView Record(const RingPlace& place) const;
  // The bytes [from, to) in one piece; at most the ring's size.
  ByteSpan Bytes(RingOffset from, RingOffset to) const {
    return {At(from), static_cast<size_t>(to - from)};
  }

  RingPlace oldest() const { return oldest_; }
  // The place of the next record: its index and LSN are those the next append gets.
  RingPlace end() const { return end_; }
  uint64_t data_bytes() const { return memory_.data_bytes; }
  uint64_t used_bytes() const { return end_.offset - oldest_.offset; }
  // Largest record that this ring takes: a quarter, so that a few are always in memory.
  size_t record_bytes_max() const { return memory_.data_bytes / 4; }

 private:
  explicit Ring(RingMemory memory);
  std::byte* At(RingOffset offset) const {
    return memory_.data + (offset.value() & (memory_.data_bytes - 1));
  }
  RingEnds* ends() { return &memory_.control()->ends[active_]; }
  RingPlace* Sample(uint64_t block) { return &samples_[block % samples_.size()]; }
  const RingPlace* Sample(uint64_t block) const { return &samples_[block % samples_.size()]; }
  void NoteSample(const RingPlace& place);
  bool GiveUpOldest(uint64_t needed_from, Index reusable);
  template <class Above>
  RingPlace LastSampleNotAbove(Above above) const;

  RingMemory memory_;
  size_t slot_bytes_ = 0;
  uint64_t active_ = 0;
  uint64_t stride_ = 0;
  RingPlace oldest_, end_;
  // The complete snapshots, by slot.
  struct Snapshot {
    uint64_t sequence = 0;  // 0: none
    uint64_t offset = 0;
    Index next_index;
    uint64_t bytes = 0;  // 0: not known
  };
  int newest_slot() const { return snapshots_[0].sequence > snapshots_[1].sequence ? 0 : 1; }
  uint64_t KeptSnapshotOffset() const;
  Snapshot snapshots_[2];
  Index committed_{UINT64_MAX - 1};
  // For each stride of the ring the first record that starts in it. An entry is valid if its offset
  // lies in the stride asked for.
  std::vector<RingPlace> samples_;
};

}  // namespace ringjournal

#endif  // JOURNAL_RING_RING_H_
