// What a ring says about itself: generation, incarnations, and its beginning.
#include <algorithm>
#include <cstring>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/ring/ring.h"

namespace ringjournal {
namespace {

constexpr uint32_t kCrc32cPolynomial = 0x82f63b78;  // reflected, as the CRC is

// The register of a CRC32C before it took 32 bits of zeros and became `after`.
uint32_t UndoFourBytes(uint32_t after) {
  for (int bit = 0; bit < 32; ++bit) {
    bool carried = (after & 0x80000000) != 0;
    after = (carried ? after ^ kCrc32cPolynomial : after) << 1 | (carried ? 1 : 0);
  }
  return after;
}

ByteSpan CoveredBytes(const RingIdentity& id, size_t to) {
  size_t from = offsetof(RingIdentity, data_bytes);
  return {reinterpret_cast<const std::byte*>(&id) + from, to - from};
}

// The last four bytes that give the identity the CRC which it states. Of the bytes that a CRC
// covers, any four may be chosen freely to reach any value.
uint32_t BalanceOf(const RingIdentity& id) {
  uint32_t before = ~Crc32c(CoveredBytes(id, offsetof(RingIdentity, balance)));
  return before ^ UndoFourBytes(~id.crc32c);
}

}  // namespace

void Ring::set_generation(uint32_t generation) {
  RingIdentity* identity = &memory_.control()->identity;
  RingIdentity next = *identity;
  next.generation = generation;
  next.balance = BalanceOf(next);
  RJ_CHECK(Crc32c(CoveredBytes(next, sizeof next)) == next.crc32c);
  uint64_t word;
  std::memcpy(&word, &next.generation, sizeof word);
  StoreRelease(reinterpret_cast<uint64_t*>(&identity->generation), word);
}

void Ring::set_content_incarnation(Incarnation incarnation) {
  StoreRelease(&memory_.control()->content_incarnation, SealWord(incarnation.value()));
}

void Ring::set_claim_incarnation(Incarnation incarnation) {
  StoreRelease(&memory_.control()->claim_incarnation, SealWord(incarnation.value()));
}

bool Ring::TakesSnapshot(const v1::StateSnapshot& state) const {
  return state.ByteSizeLong() <= slot_bytes_ - kSnapshotSlotHeaderBytes;
}

void Ring::BeginAnew(const v1::StateSnapshot& state) {
  RJ_CHECK(TakesSnapshot(state));
  set_content_incarnation(Incarnation(0));
  set_claim_incarnation(Incarnation(0));
  // Without a snapshot the ring is not intact: until there is the new one, the rest may change.
  for (int i = 0; i < 2; ++i) {
    StrikeOutSnapshotSlot(memory_.snapshot_slot(i, slot_bytes_));
    snapshots_[i] = Snapshot();
  }
  StoreRelease(&memory_.control()->oldest, end_.offset.value());
  RaiseAckedEnd();
  end_ = {end_.offset, Index(state.next_index()), Lsn(state.next_lsn())};
  oldest_ = end_;
  std::fill(samples_.begin(), samples_.end(), RingPlace());
  WriteSnapshot(state);
}

}  // namespace ringjournal
