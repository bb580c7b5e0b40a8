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

class TestNode : public ReplicaOnTestDisk {
 public:
  explicit TestNode(uint64_t incarnation = 2, const v1::JournalSettings& settings = SmallSettings(),
                    Index disk_hole_below = Index(0))
      : ReplicaOnTestDisk(Options(incarnation, disk_hole_below), settings) {
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
    RJ_CHECK(replica->OpenProducer({"producer"}, now, &producer, &refusal));
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
    replica->BackupStart(Incarnation(0));
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

 private:
  static ReplicaOptions Options(uint64_t incarnation, Index disk_hole_below) {
    ReplicaOptions options;
    options.incarnation = Incarnation(incarnation);
    options.disk_hole_below = disk_hole_below;
    return options;
  }
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_TEST_NODE_H_
