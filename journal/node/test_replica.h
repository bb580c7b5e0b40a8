// A journal's leader on test memory and a test disk, with a tiny language for tests.
#ifndef JOURNAL_NODE_TEST_REPLICA_H_
#define JOURNAL_NODE_TEST_REPLICA_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
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

// A replica of epoch 1/1 with what it stands on. `Batch` is the end of a batch, `Settle` lets the
// disk catch up; time moves by Advance and Settle only.
class ReplicaOnTestDisk {
 public:
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
    RJ_CHECK(replica->settled());  // the disk does not come to rest
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

 protected:
  // With an empty log.
  ReplicaOnTestDisk(ReplicaOptions options, const v1::JournalSettings& settings)
      : memory(settings.ring_bytes(), settings.producers_max()) {
    options.id.bytes.fill(7);
    options.epoch = {1, 1};
    options.settings = settings;
    v1::StateSnapshot state;
    DerivedState().WriteTo(&state);
    RingIdentityValues identity{options.id, {}, 1, settings.producers_max()};
    Ring ring = Ring::Create(memory.memory(), identity, state);
    RingPlace end = ring.end();
    replica = std::make_unique<Replica>(options, std::move(ring), DerivedState(), end, state,
                                        SegmentCatalog());
  }
};

// Leads from the start.
class TestReplica : public ReplicaOnTestDisk {
 public:
  explicit TestReplica(const v1::JournalSettings& settings = SmallSettings())
      : ReplicaOnTestDisk(Options(), settings) {
    replica->LeaderStart(now);
    producer = Open("producer");
  }

  ProducerHandle Open(const std::string& name) {
    ProducerHandle handle;
    RJ_CHECK(replica->OpenProducer({name}, now, &handle, &refusal));
    return handle;
  }
  // The next sequence, one payload of that size.
  AppendVerdict AppendNext(size_t bytes, v1::Level level = v1::LEVEL_REPLICATED) {
    AppendVerdict verdict = Append(next_sequence, {std::string(bytes, 'x')}, level);
    if (verdict == AppendVerdict::kAccepted) ++next_sequence;
    return verdict;
  }
  // Appends and settles until so many segments are in the catalog.
  void FillSegments(size_t count) {
    const SegmentCatalog& catalog = replica->checkpointer().catalog();
    const uint64_t segment_bytes = replica->options().settings.segment_bytes();
    const uint64_t enough = next_sequence + (count + 1) * segment_bytes / kFillBytes;
    while (catalog.segments().size() < count) {
      RJ_CHECK(next_sequence < enough);
      RJ_CHECK(AppendNext(kFillBytes) == AppendVerdict::kAccepted);
      Settle();
    }
  }

 private:
  static constexpr size_t kFillBytes = 8000;
  static ReplicaOptions Options() {
    ReplicaOptions options;
    options.incarnation = Incarnation(1);
    return options;
  }
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_TEST_REPLICA_H_
