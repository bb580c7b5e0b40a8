// A journal's leader on test memory and a test disk, with a tiny language for tests.
#ifndef JOURNAL_NODE_TEST_REPLICA_H_
#define JOURNAL_NODE_TEST_REPLICA_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/checkpoint/test_disk.h"
#include "journal/node/replica.h"
#include "journal/ring/test_memory.h"

namespace ringjournal {

// The bytes of a run of transactions with these payloads.
inline std::string TestRun(const std::vector<std::string>& payloads) {
  v1::Entry entry;
  for (const std::string& payload : payloads) entry.add_transactions()->set_payload(payload);
  return entry.SerializeAsString();
}

inline v1::JournalSettings SmallSettings() {
  v1::JournalSettings settings;
  settings.set_ring_bytes(limits::kRingBytesMin);
  settings.set_segment_bytes(limits::kSegmentBytesMin);
  settings.set_checkpoint_bytes(16 * 1024);
  settings.set_checkpoint_interval_ms(10);
  settings.set_producers_max(8);
  return settings;
}

// Leads from the start. `Batch` is the end of a batch, `Settle` lets the disk catch up.
class TestReplica {
 public:
  explicit TestReplica(const v1::JournalSettings& settings = SmallSettings())
      : memory(settings.ring_bytes(), settings.producers_max()) {
    ReplicaOptions options;
    options.id.bytes.fill(7);
    options.epoch = {1, 1};
    options.incarnation = Incarnation(1);
    options.settings = settings;
    v1::StateSnapshot state;
    DerivedState derived;
    derived.WriteTo(&state);
    RingIdentityValues identity{options.id, {}, 1, settings.producers_max()};
    Ring ring = Ring::Create(memory.memory(), identity, state);
    RingPlace end = ring.end();
    replica = std::make_unique<Replica>(options, std::move(ring), std::move(derived), end, state,
                                        SegmentCatalog());
    replica->LeaderStart(now);
    producer = Open("producer");
  }

  ProducerHandle Open(const std::string& name) {
    ProducerHandle handle;
    RJ_CHECK(replica->OpenProducer(name, now, &handle, &refusal));
    return handle;
  }
  AppendVerdict Append(uint64_t sequence, const std::vector<std::string>& payloads,
                       v1::Level level = v1::LEVEL_REPLICATED) {
    std::string run = TestRun(payloads);
    AppendEnvelope envelope;
    envelope.first_sequence = Sequence(sequence);
    envelope.count = static_cast<uint32_t>(payloads.size());
    envelope.level = level;
    envelope.body = AsBytes(run);
    refusal.Clear();
    return replica->Append(envelope, producer, now, &place, &refusal);
  }
  // The next sequence, one payload of that size.
  AppendVerdict AppendNext(size_t bytes, v1::Level level = v1::LEVEL_REPLICATED) {
    AppendVerdict verdict = Append(next_sequence, {std::string(bytes, 'x')}, level);
    if (verdict == AppendVerdict::kAccepted) ++next_sequence;
    return verdict;
  }
  void Batch() {
    replica->EndOfBatch(now, &ops);
    disk.Take(&ops);
  }
  void Advance(int64_t ms) {
    now.monotonic_ns += ms * 1'000'000;
    now.wall_ns += ms * 1'000'000;
  }
  // Completes one operation; why the process must stop, or empty.
  std::string CompleteOne() { return replica->OnStorageDone(disk.CompleteOne(), now); }
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      Advance(20);
      Batch();
      while (!disk.pending().empty()) {
        RJ_CHECK(CompleteOne().empty());
        Batch();
      }
      if (replica->settled()) return;
    }
  }
  // Appends and settles until so many segments are in the catalog.
  void FillSegments(size_t count) {
    while (replica->checkpointer().catalog().segments().size() < count) {
      RJ_CHECK(AppendNext(8000) == AppendVerdict::kAccepted);
      Settle();
    }
  }

  TestRingMemory memory;
  TestDisk disk;
  Time now{1'000'000'000, 1'700'000'000'000'000'000};
  std::unique_ptr<Replica> replica;
  ProducerHandle producer;
  AppendPlace place;
  v1::ErrorReply refusal;
  std::vector<StorageOp> ops;
  uint64_t next_sequence = 1;
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_TEST_REPLICA_H_
