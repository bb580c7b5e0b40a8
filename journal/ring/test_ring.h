// A ring on test memory with a tiny language: append so many bytes, snapshot, inspect.
#ifndef JOURNAL_RING_TEST_RING_H_
#define JOURNAL_RING_TEST_RING_H_

#include <string>

#include "journal/base/checksum.h"
#include "journal/ring/ring.h"
#include "journal/ring/test_memory.h"

namespace ringjournal {

struct TestRing {
  static constexpr uint32_t kProducers = 4;
  explicit TestRing(size_t data_bytes)
      : memory(data_bytes, kProducers), ring(Ring::Create(memory.memory(), Identity(), State())) {}

  static RingIdentityValues Identity() {
    RingIdentityValues id;
    id.journal.bytes[0] = 7;
    id.boot[3] = 9;
    id.generation = 1;
    id.producers_max = kProducers;
    return id;
  }
  v1::StateSnapshot State() const {
    v1::StateSnapshot state;
    state.set_next_index(position.next_index.value());
    state.set_next_lsn(position.next_lsn.value());
    state.set_chain(position.chain);
    return state;
  }
  bool Append(size_t body_bytes, uint32_t count) {
    std::string body(body_bytes, static_cast<char>('a' + position.next_index.value() % 26));
    EntryHeader h;
    h.body_length = static_cast<uint32_t>(body_bytes);
    h.body_crc32c = Crc32c(AsBytes(body));
    h.index = position.next_index;
    h.first_lsn = position.next_lsn;
    h.count = count;
    h.kind = v1::ENTRY_KIND_TRANSACTIONS;
    size_t bytes = RecordBytes(body_bytes);
    std::byte* at = ring.Reserve(bytes, reusable);
    if (at == nullptr) return false;
    std::memcpy(at + kRecordOverheadBytes, body.data(), body.size());
    position.chain = EncodeRecordHead(h, position.chain, at);
    position.next_index = h.index.next();
    position.next_lsn = h.next_lsn();
    ring.Publish(h.index, h.first_lsn, bytes);
    return true;
  }
  void Snapshot() { ring.WriteSnapshot(State()); }
  bool AppendWithSnapshots(size_t body_bytes, uint32_t count) {
    if (ring.snapshot_due()) Snapshot();
    return Append(body_bytes, count);
  }
  void TruncateTo(const RingPlace& place) {
    uint64_t chain = 0;
    if (auto before = ring.Find(place.index.prev())) chain = ring.Record(*before).header.chain;
    ring.Truncate(place);
    position = {place.index, place.first_lsn, chain, {}};
  }
  RingInspection Inspect() const {
    RingIdentityValues id = Identity();
    return InspectRing(memory.memory(), &id);
  }

  LogPosition position;
  Index reusable{~uint64_t{0} - 1};
  TestRingMemory memory;
  Ring ring;
};

}  // namespace ringjournal

#endif  // JOURNAL_RING_TEST_RING_H_
