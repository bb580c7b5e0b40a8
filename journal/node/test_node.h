// A replica of a journal of several nodes on test memory and a test disk: it leads, follows, is
// told what is committed, with a tiny language for tests.
#ifndef JOURNAL_NODE_TEST_NODE_H_
#define JOURNAL_NODE_TEST_NODE_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"
#include "journal/recovery/disk_recovery.h"

namespace ringjournal {

class TestNode {
 public:
  explicit TestNode(uint64_t incarnation = 2, const v1::JournalSettings& settings = SmallSettings(),
                    Index disk_hole_below = Index(0))
      : memory(settings.ring_bytes(), settings.producers_max()) {
    ReplicaOptions options;
    options.id.bytes.fill(7);
    options.epoch = {1, 1};
    options.incarnation = Incarnation(incarnation);
    options.settings = settings;
    options.disk_hole_below = disk_hole_below;
    v1::StateSnapshot state;
    DerivedState().WriteTo(&state);
    Ring ring = Ring::Create(memory.memory(), Identity(), state);
    RingPlace end = ring.end();
    replica = std::make_unique<Replica>(options, std::move(ring), DerivedState(), end, state,
                                        SegmentCatalog());
    replica->AllowCommit(Index(0));
  }

  static RingIdentityValues Identity(uint32_t generation = 1) {
    RingIdentityValues id;
    id.journal.bytes.fill(7);
    id.generation = generation;
    return id;
  }

  // Leads this epoch, with a session of the one producer.
  void Lead(Epoch epoch) {
    replica->set_epoch(epoch, epoch.epoch);
    replica->LeaderStart(now);
    if (replica->leads()) OpenProducer();
  }
  void OpenProducer() {
    RJ_CHECK(replica->OpenProducer("producer", now, &producer, &refusal));
    next_sequence = replica->derived().producers().at(producer.slot).last_sequence.next().value();
  }
  // Follows a leader of this epoch: what the logs do not share is cut.
  void FollowIn(Epoch epoch, const TestNode& leader) {
    replica->StepDown();
    replica->set_epoch(epoch, epoch.epoch);
    Index common = std::min(end(), leader.end());
    while (common > Index(0) && ChainAt(common) != leader.ChainAt(common)) common = common.prev();
    absl::Status cut = replica->TruncateTo(common, ChainAt(common));
    ASSERT_TRUE(cut.ok()) << cut;
    replica->BackupStart();
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
  // The next sequence; the index that it got.
  Index AppendNext(size_t bytes) {
    RJ_CHECK(Append(next_sequence, {std::string(bytes, 'x')}) == AppendVerdict::kAccepted);
    ++next_sequence;
    return place.index;
  }
  // What the leader has above this log, at most so many entries.
  Replica::Taken Follow(const TestNode& leader, uint64_t entries = UINT64_MAX) {
    const Ring& theirs = leader.replica->ring();
    Index next = end().next();
    if (next == theirs.end().index) return {};
    RingPlace from = *theirs.Find(next), to = from;
    for (; entries > 0 && to.index < theirs.end().index; --entries) to = theirs.Next(to);
    return replica->TakeEntries(theirs.Bytes(from.offset, to.offset));
  }
  // Commits what both, or this node alone, hold up to there.
  void Commit(Index index) {
    replica->AllowCommit(index);
    Batch();
  }
  void Batch() {
    replica->EndOfBatch(now, &ops);
    disk.Take(&ops);
  }
  std::string CompleteOne() { return replica->OnStorageDone(disk.CompleteOne(), now); }
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      now.monotonic_ns += 20'000'000;
      now.wall_ns += 20'000'000;
      Batch();
      while (!disk.pending().empty()) {
        ASSERT_EQ(CompleteOne(), "");
        Batch();
      }
      if (replica->settled()) return;
    }
    FAIL() << "the disk does not come to rest";
  }
  v1::StateSnapshot State() const {
    v1::StateSnapshot state;
    replica->derived().WriteTo(&state);
    return state;
  }
  Index end() const { return replica->derived().position().last().index; }
  Index committed() const { return replica->marks().committed.index; }
  Index durable() const { return replica->marks().durable.index; }
  // The ring must still hold the entry.
  uint64_t ChainAt(Index index) const {
    if (index == Index(0)) return 0;
    if (index == end()) return replica->derived().position().chain;
    return replica->ring().Record(*replica->ring().Find(index)).header.chain;
  }
  // What a recovery finds on the disk as it is.
  DiskRecovery Recover() const {
    std::vector<SegmentFile> files;
    for (const auto& [name, bytes] : disk.files) {
      std::optional<SegmentName> parsed = SegmentName::FromFileName(name);
      if (parsed.has_value()) files.push_back({*parsed, bytes->size()});
    }
    DiskRecoveryOptions options;
    options.journal.bytes.fill(7);
    auto read = [&](size_t i) -> absl::StatusOr<ByteSpan> {
      return AsBytes(*disk.files.at(files[i].name.ToFileName()));
    };
    return RecoverDisk(files, read, options, nullptr);
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

#endif  // JOURNAL_NODE_TEST_NODE_H_
