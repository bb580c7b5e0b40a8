#include "journal/ring/ring.h"

#include <algorithm>

#include "journal/base/check.h"
#include "journal/base/checksum.h"

namespace ringjournal {
namespace {

// Of a state snapshot that is written less often.
constexpr uint64_t kLargeSnapshotBytes = 1 * limits::kMiB;

// A look-up scans at most one stride; small rings have at least 64 samples.
uint64_t StrideFor(uint64_t data_bytes) {
  return std::clamp<uint64_t>(data_bytes / 64, limits::kKiB, limits::kRingIndexStrideBytes);
}

void WriteIdentity(RingControl* control, const RingIdentityValues& values, size_t data_bytes,
                   size_t slot_bytes) {
  RingIdentity id = {};
  id.layout_version = kRingLayoutVersion;
  id.data_bytes = data_bytes;
  id.snapshot_slot_bytes = slot_bytes;
  id.journal = values.journal;
  id.boot = values.boot;
  id.generation = values.generation;
  size_t from = offsetof(RingIdentity, data_bytes);
  id.crc32c = Crc32c({reinterpret_cast<std::byte*>(&id) + from, sizeof id - from});
  std::memcpy(reinterpret_cast<std::byte*>(&control->identity) + 8,
              reinterpret_cast<std::byte*>(&id) + 8, sizeof id - 8);
}

}  // namespace

Ring::Ring(RingMemory memory)
    : memory_(memory),
      slot_bytes_((memory.head_bytes - kControlPageBytes) / 2),
      stride_(StrideFor(memory.data_bytes)),
      samples_(memory.data_bytes / stride_ + 1) {
  RJ_CHECK((memory.data_bytes & (memory.data_bytes - 1)) == 0);
}

Ring Ring::Create(RingMemory memory, const RingIdentityValues& identity,
                  const v1::StateSnapshot& state, Incarnation claim) {
  RingControl* control = memory.control();
  // Until the magic is back nobody takes this memory for a ring.
  StoreRelease(&control->identity.magic, 0);
  Ring ring(memory);
  control->content_incarnation = 0;
  control->claim_incarnation = SealWord(claim.value());
  control->oldest = 0;
  control->active = 0;
  control->ends[0] = {0, 0};
  control->committed = 0;
  for (int i = 0; i < 2; ++i) {
    StrikeOutSnapshotSlot(memory.snapshot_slot(i, ring.slot_bytes_));
  }
  ring.oldest_ = ring.end_ = {RingOffset(0), Index(state.next_index()), Lsn(state.next_lsn())};
  ring.WriteSnapshot(state);
  WriteIdentity(control, identity, memory.data_bytes, ring.slot_bytes_);
  StoreRelease(&control->identity.magic, kRingMagic);
  return ring;
}

Ring Ring::Adopt(RingMemory memory, const RingInspection& found) {
  Ring ring(memory);
  ring.active_ = found.active;
  ring.snapshots_[found.snapshot_sequence % 2] = {found.snapshot_sequence, found.snapshot_offset,
                                                  Index(found.snapshot.next_index())};
  if (found.older_snapshot_sequence > 0) {
    ring.snapshots_[found.older_snapshot_sequence % 2] = {found.older_snapshot_sequence,
                                                          found.older_snapshot_offset,
                                                          found.older_snapshot_next_index};
  }
  ring.oldest_ = {RingOffset(found.oldest), found.oldest_entry.index, found.oldest_entry.lsn};
  RingPlace place = ring.oldest_;
  while (place.offset.value() < found.end) {
    ring.NoteSample(place);
    ring.end_ = place;
    place = ring.Next(place);
  }
  ring.end_ = place;
  if (found.stated_end != found.end) ring.Truncate(place);
  return ring;
}

void Ring::NoteSample(const RingPlace& place) {
  uint64_t block = place.offset.value() / stride_;
  RingPlace* sample = Sample(block);
  bool first_in_block = sample->index == Index(0) || sample->offset.value() / stride_ != block;
  if (first_in_block) *sample = place;
}

std::byte* Ring::Reserve(size_t record_bytes, Index reusable, size_t headroom) {
  if (record_bytes > record_bytes_max()) return nullptr;
  uint64_t needed_end = end_.offset.value() + record_bytes + headroom;
  if (needed_end - oldest_.offset.value() > memory_.data_bytes) {
    if (!GiveUpOldest(needed_end - memory_.data_bytes, reusable)) return nullptr;
  }
  return At(end_.offset);
}

// Raises oldest to a sampled record at or behind `needed_from`.
bool Ring::GiveUpOldest(uint64_t needed_from, Index reusable) {
  uint64_t block = (needed_from + stride_ - 1) / stride_;
  uint64_t last_block = end_.offset.value() / stride_;
  RingPlace target = end_;
  for (; block <= last_block; ++block) {
    const RingPlace& sample = *Sample(block);
    if (sample.index != Index(0) && sample.offset.value() / stride_ == block) {
      target = sample;
      break;
    }
  }
  if (target.index > reusable.next() || target.offset.value() > KeptSnapshotOffset()) return false;
  oldest_ = target;
  StoreRelease(&memory_.control()->oldest, oldest_.offset.value());
  return true;
}

// Of the newest snapshot that no truncation takes away.
uint64_t Ring::KeptSnapshotOffset() const {
  const Snapshot& newest = snapshots_[newest_slot()];
  return newest.next_index <= committed_.next() ? newest.offset
                                                : snapshots_[1 - newest_slot()].offset;
}

void Ring::Publish(Index index, Lsn first_lsn, size_t record_bytes) {
  RJ_CHECK(index == end_.index && first_lsn == end_.first_lsn);
  NoteSample(end_);
  end_ = Next(end_);
  StoreRelease(&ends()->end, end_.offset.value());
}

void Ring::set_committed(Index committed) {
  if (committed == committed_) return;
  committed_ = committed;
  StoreRelease(&memory_.control()->committed, SealWord(committed.value()));
}

void Ring::RaiseAckedEnd() { StoreRelease(&ends()->acked_end, end_.offset.value()); }

void Ring::Truncate(const RingPlace& place) {
  RJ_CHECK(place.offset >= oldest_.offset && place.offset <= end_.offset);
  for (int i = 0; i < 2; ++i) {
    if (snapshots_[i].sequence == 0 || snapshots_[i].offset <= place.offset.value()) continue;
    StrikeOutSnapshotSlot(memory_.snapshot_slot(i, slot_bytes_));
    snapshots_[i] = Snapshot();
  }
  RJ_CHECK(snapshots_[newest_slot()].sequence > 0);
  RingControl* control = memory_.control();
  uint64_t idle = 1 - active_;
  uint64_t acked = std::min(place.offset.value(), ends()->acked_end);
  control->ends[idle] = {place.offset.value(), acked};
  StoreRelease(&control->active, SealWord(idle));
  active_ = idle;
  uint64_t first_gone = place.offset.value() / stride_;
  for (uint64_t b = first_gone; b <= end_.offset.value() / stride_; ++b) {
    RingPlace* sample = Sample(b);
    if (sample->offset >= place.offset) *sample = RingPlace();
  }
  end_ = place;
}

void Ring::WriteSnapshot(const v1::StateSnapshot& state) {
  WriteSnapshot(Index(state.next_index()), state.SerializeAsString());
}

void Ring::WriteSnapshot(Index next, std::string_view state) {
  RJ_CHECK(next == end_.index && may_write_snapshot());
  uint64_t sequence = snapshots_[newest_slot()].sequence + 1;
  std::byte* slot = memory_.snapshot_slot(static_cast<int>(sequence % 2), slot_bytes_);
  RJ_CHECK(WriteSnapshotSlot(slot, slot_bytes_, sequence, end_.offset.value(), state));
  snapshots_[sequence % 2] = {sequence, end_.offset.value(), end_.index, state.size()};
}

bool Ring::RestoreOlderSnapshot(const RingPlace& place, const v1::StateSnapshot& state) {
  const Snapshot& newest = snapshots_[newest_slot()];
  RJ_CHECK(Index(state.next_index()) == place.index && place.offset >= oldest_.offset &&
           place.offset.value() <= newest.offset);
  if (newest.sequence < 2) return false;
  const uint64_t sequence = newest.sequence - 1;
  std::byte* slot = memory_.snapshot_slot(static_cast<int>(sequence % 2), slot_bytes_);
  if (!WriteSnapshotSlot(slot, slot_bytes_, sequence, place.offset.value(),
                         state.SerializeAsString())) {
    return false;
  }
  snapshots_[sequence % 2] = {sequence, place.offset.value(), place.index};
  return true;
}

std::optional<v1::StateSnapshot> Ring::ReadSnapshotAtOrBelow(Index next) const {
  for (int slot : {newest_slot(), 1 - newest_slot()}) {
    const Snapshot& found = snapshots_[slot];
    if (found.sequence == 0 || found.next_index > next || found.offset < oldest_.offset.value()) {
      continue;
    }
    SnapshotSlotHeader header;
    v1::StateSnapshot state;
    std::byte* bytes = memory_.snapshot_slot(slot, slot_bytes_);
    RJ_CHECK(ReadSnapshotSlot(bytes, slot_bytes_, &header, &state));
    return state;
  }
  return std::nullopt;
}

bool Ring::snapshot_due() const {
  const Snapshot& newest = snapshots_[newest_slot()];
  const uint64_t interval = memory_.data_bytes / limits::kRingSnapshotsPerRing;
  const uint64_t since = end_.offset.value() - newest.offset;
  // One of 100,000 producers is written half as often, or it would cost more than the entries.
  const bool large = newest.bytes >= kLargeSnapshotBytes && newest.bytes * 16 > interval;
  return since >= (large ? 2 * interval : interval) && may_write_snapshot();
}

RecordView Ring::Record(const RingPlace& place) const {
  RecordView view;
  ReadTrustedRecord(At(place.offset), &view);
  return view;
}

RingPlace Ring::Next(const RingPlace& place) const {
  RecordView view = Record(place);
  return {place.offset + view.record.size(), place.index.next(), view.header.next_lsn()};
}

// The last sample that is not above what is looked for, or the oldest place.
template <class Above>
RingPlace Ring::LastSampleNotAbove(Above above) const {
  uint64_t low = oldest_.offset.value() / stride_, high = end_.offset.value() / stride_;
  RingPlace best = oldest_;
  while (low <= high) {
    uint64_t middle = low + (high - low) / 2;
    uint64_t block = middle;  // strides inside a large record have no sample: look below
    while (block > low &&
           (Sample(block)->offset.value() / stride_ != block || Sample(block)->index == Index(0))) {
      --block;
    }
    const RingPlace& sample = *Sample(block);
    bool usable = sample.index != Index(0) && sample.offset.value() / stride_ == block &&
                  sample.offset >= oldest_.offset && sample.offset < end_.offset;
    if (usable && above(sample)) {
      if (block == 0 || block <= oldest_.offset.value() / stride_) break;
      high = block - 1;
      continue;
    }
    if (usable && sample.offset > best.offset) best = sample;
    low = middle + 1;
  }
  return best;
}

std::optional<RingPlace> Ring::Find(Index index) const {
  if (index < oldest_.index || index >= end_.index) return std::nullopt;
  RingPlace place = LastSampleNotAbove([index](const RingPlace& s) { return s.index > index; });
  while (place.index < index) place = Next(place);
  return place;
}

std::optional<RingPlace> Ring::Find(Lsn lsn) const {
  if (lsn < oldest_.first_lsn || lsn >= end_.first_lsn) return std::nullopt;
  RingPlace place = LastSampleNotAbove([lsn](const RingPlace& s) { return s.first_lsn > lsn; });
  while (true) {
    RingPlace next = Next(place);
    if (next.first_lsn > lsn) return place;
    place = next;
  }
}

}  // namespace ringjournal
