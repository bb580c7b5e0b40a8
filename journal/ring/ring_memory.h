// The shared memory of one ring: head (control page, two snapshot slots), then the data area mapped
// twice in a row. docs/formats.md describes the file.
#ifndef JOURNAL_RING_RING_MEMORY_H_
#define JOURNAL_RING_RING_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "journal/base/limits.h"
#include "journal/base/types.h"

namespace ringjournal {

// The kernel's random id of this boot: memory of another boot is not ours.
using BootId = std::array<uint8_t, 16>;

inline constexpr uint64_t kRingMagic = 0x3130474e4952'4a52;  // "RJRING01"
inline constexpr uint32_t kRingLayoutVersion = 1;
inline constexpr size_t kControlPageBytes = 4096;
inline constexpr size_t kSnapshotSlotHeaderBytes = 64;

// Whose ring it is. Written before the file has any content; afterwards only the generation
// changes.
struct RingIdentity {
  uint64_t magic;
  uint32_t layout_version;
  uint32_t crc32c;  // of the rest of this struct
  uint64_t data_bytes;
  uint64_t snapshot_slot_bytes;
  JournalId journal;
  BootId boot;
  // These two are replaced by one store (Ring::set_generation): `balance` is whatever keeps crc32c
  // true, so that a kill finds the identity of before or that of after, never a torn one.
  uint32_t generation;
  uint32_t balance;
};
static_assert(sizeof(RingIdentity) == 72);
static_assert(offsetof(RingIdentity, generation) == 64 && offsetof(RingIdentity, balance) == 68);

// `end` and `acked_end` are lowered together by a truncation only: it writes the idle slot, then
// flips `active`. While appending they are raised in place.
struct RingEnds {
  uint64_t end;        // ring offset behind the last whole record
  uint64_t acked_end;  // raised before any acknowledgement leaves and before the own end is counted
};

// The control page. All fields are naturally aligned and written with single stores.
struct RingControl {
  RingIdentity identity;
  // Under which the content was acknowledged; named by the latest cas of a memory recovery. Sealed:
  // one changed bit must not make a ring another that the config document counts on.
  alignas(128) uint64_t content_incarnation;
  uint64_t claim_incarnation;
  alignas(128) uint64_t oldest;  // ring offset of the oldest record
  alignas(128) uint64_t active;  // 0 or 1: which of the ends counts; sealed
  RingEnds ends[2];
  uint64_t committed;  // index up to which entries are known to be committed; sealed
};
static_assert(sizeof(RingControl) <= kControlPageBytes);

// A word that is one store and tells whether it is damaged: 48 bits of value, 16 of checksum. 0 is
// 0. No value above kSealedMax.
inline constexpr uint64_t kSealedMax = (uint64_t{1} << 48) - 1;
static_assert(limits::kIncarnationMax <= kSealedMax);
uint64_t SealWord(uint64_t value);
// Of a word that is known to be whole.
inline uint64_t SealedValue(uint64_t word) { return word & kSealedMax; }
// False: damaged.
bool OpenWord(uint64_t word, uint64_t* value);

// In front of a snapshot slot's bytes. Valid if the CRC matches; of two valid ones the newer
// counts.
struct SnapshotSlotHeader {
  uint64_t sequence;     // 1, 2, 3 …; 0: never written
  uint64_t ring_offset;  // of the record `next_index`
  uint32_t length;       // bytes of the serialised StateSnapshot
  uint32_t crc32c;       // of sequence, ring_offset, length and the bytes
};
static_assert(sizeof(SnapshotSlotHeader) <= kSnapshotSlotHeaderBytes);

// Somebody else's mapping. `data` has data_bytes (a power of two) and the same bytes again behind.
struct RingMemory {
  std::byte* head = nullptr;
  size_t head_bytes = 0;
  std::byte* data = nullptr;
  size_t data_bytes = 0;

  RingControl* control() const { return reinterpret_cast<RingControl*>(head); }
  std::byte* snapshot_slot(int i, size_t slot_bytes) const {
    return head + kControlPageBytes + static_cast<size_t>(i) * slot_bytes;
  }
};

// Bytes of one snapshot slot for so many producers; a multiple of the page.
inline constexpr size_t SnapshotSlotBytes(uint32_t producers_max) {
  size_t bytes = kSnapshotSlotHeaderBytes + 256 + size_t{limits::kEpochHistoryMax} * 24 +
                 size_t{producers_max} * limits::kProducerStateBytesMax;
  return (bytes + kControlPageBytes - 1) / kControlPageBytes * kControlPageBytes;
}
// Bytes of the head of a ring file.
inline constexpr size_t RingHeadBytes(uint32_t producers_max) {
  return kControlPageBytes + 2 * SnapshotSlotBytes(producers_max);
}

// A word of the control page that another process may read after this one was killed at any store.
inline uint64_t LoadAcquire(const uint64_t* word) {
  return std::atomic_ref<uint64_t>(*const_cast<uint64_t*>(word)).load(std::memory_order_acquire);
}
// Nothing before the store moves behind it, and nothing behind it before: the compiler is held to
// the order too in which a killed process must have written (a release alone holds the first only).
inline void StoreRelease(uint64_t* word, uint64_t value) {
  std::atomic_ref<uint64_t>(*word).store(value, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace ringjournal

#endif  // JOURNAL_RING_RING_MEMORY_H_
