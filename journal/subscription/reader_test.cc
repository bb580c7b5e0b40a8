#include "journal/subscription/reader.h"

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

constexpr uint32_t kToken = 1000;

// Reads like a session: runs are checked to continue each other, entry by entry.
class TestReader {
 public:
  TestReader(TestReplica* replica, const ReadRange& range) : t_(replica), reader_(range, kToken) {}
  TestReader(TestReplica* replica, Index first) : t_(replica), reader_(first, kToken) {}

  // One call of Next. False: it waits, or has ended.
  bool Turn() {
    turn = reader_.Next(*t_->replica, bytes_max, &ops_);
    for (const StorageOp& op : ops_) {
      disk_reads += op.kind == StorageOp::Kind::kRead ? 1 : 0;
      direct_opens += op.kind == StorageOp::Kind::kOpenRead && op.direct ? 1 : 0;
    }
    t_->disk.Take(&ops_);
    if (turn.kind == Reader::Kind::kRun) Take(turn.run);
    return turn.kind == Reader::Kind::kRun;
  }
  // Answers what waits on the disk, whosever it is. False: nothing waits.
  bool Answer() {
    if (t_->disk.pending().empty()) return false;
    StorageDone done = t_->disk.CompleteOne();
    if (done.token == kToken) {
      reader_.OnStorageDone(done);
    } else {
      EXPECT_EQ(t_->replica->OnStorageDone(done, t_->now), "");
    }
    return true;
  }
  // Until it ends, or nothing is left to wait for.
  void ReadOn() {
    while (Turn() || (turn.kind == Reader::Kind::kWait && Answer())) {
    }
  }
  bool ended() const { return turn.kind == Reader::Kind::kEnd; }

  size_t bytes_max = 64 * 1024;
  Reader::Turn turn;
  uint64_t transactions = 0;
  uint64_t disk_reads = 0, direct_opens = 0;
  Index first, last;
  Lsn last_lsn;
  uint64_t last_chain = 0;

 private:
  void Take(ByteSpan run) {
    while (!run.empty()) {
      RecordView view;
      ASSERT_EQ(ParseRecord(run, &view), RecordVerdict::kOk);
      ASSERT_EQ(VerifyBody(view), RecordVerdict::kOk);
      ASSERT_TRUE(last == Index(0) || view.header.index == last.next()) << last.value();
      if (first == Index(0)) first = view.header.index;
      last = view.header.index;
      last_lsn = view.header.last_lsn();
      last_chain = view.header.chain;
      transactions += view.header.count;
      run = run.subspan(view.record.size());
    }
  }
  TestReplica* t_;
  Reader reader_;
  std::vector<StorageOp> ops_;
};

ReadRange All(bool follow = false) {
  ReadRange range;
  range.follow = follow;
  return range;
}

// One group on disk of six entries: four are committed, and the first has left the ring.
class ReaderOfOneGroup : public ::testing::Test {
 protected:
  ReaderOfOneGroup() {
    t_.FillSegments(2);
    EXPECT_EQ(t_.AppendNext(10), AppendVerdict::kAccepted);
    t_.Batch();
    t_.Advance(20);
    t_.Batch();  // its write is under way until Settle, so that the others gather behind it
    first_ = t_.replica->derived().position().next_index;
    t_.replica->AllowCommit(committed());
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(t_.AppendNext(2500), AppendVerdict::kAccepted);
      t_.Batch();
    }
    next_sequence_ = t_.next_sequence - 2;
    t_.Settle();
    PushOut(first_);
    EXPECT_LE(t_.replica->ring().oldest().index, committed());
    EXPECT_EQ(t_.replica->marks().committed.index, committed());
  }
  // Appends until that entry is not in the ring any more.
  void PushOut(Index index) {
    while (t_.replica->ring().oldest().index <= index && !HasFailure()) {
      ASSERT_EQ(t_.AppendNext(2000), AppendVerdict::kAccepted);
      t_.Settle();
    }
  }
  Index committed() const { return Index(first_.value() + 3); }

  TestReplica t_;
  Index first_;
  uint64_t next_sequence_ = 0;  // of the first that is not committed
};

TEST_F(ReaderOfOneGroup, WhatIsNotCommittedIsNotReadFromTheDiskEither) {
  TestReader r(&t_, first_);
  r.ReadOn();
  EXPECT_EQ(r.last, committed());
  t_.replica->AllowCommit(committed().next());
  t_.Settle();
  r.ReadOn();
  EXPECT_EQ(r.last, committed().next());
}

// What it had read beyond the commit then is not taken for what is read next.
TEST_F(ReaderOfOneGroup, WhoWasLeftToTheRingReadsOnFromTheDiskOnceTheRingHasMovedOn) {
  TestReader r(&t_, first_);
  while (r.last != committed() && (r.Turn() || r.Answer())) {
  }
  ASSERT_EQ(r.last, committed());
  const Index next = committed().next();
  t_.replica->AllowCommit(t_.replica->derived().position().last().index);
  PushOut(next);
  r.ReadOn();
  EXPECT_FALSE(r.ended()) << r.turn.message;
  EXPECT_GT(r.last, next);
}

// The segment that supersedes a cut is opened later, by a full disk much later.
TEST_F(ReaderOfOneGroup, WhatWasCutIsNotReadFromTheSegmentThatStillHasIt) {
  const RingPlace place = *t_.replica->ring().Find(committed());
  const uint64_t chain = t_.replica->ring().Record(place).header.chain;
  ASSERT_TRUE(t_.replica->TruncateTo(committed(), chain).ok());
  t_.next_sequence = next_sequence_;
  ASSERT_EQ(t_.AppendNext(4500), AppendVerdict::kAccepted);
  const Index end = t_.replica->derived().position().last().index;
  t_.replica->AllowCommit(end);
  t_.Batch();
  TestReader r(&t_, first_);
  r.ReadOn();
  EXPECT_EQ(r.last, end);
  EXPECT_EQ(r.last_chain, t_.replica->derived().position().chain) << "the entry that was cut";
}

TEST(Reader, CrossesFromSegmentsToTheRingAndEndsAtTheEnd) {
  TestReplica t;
  t.FillSegments(3);
  ASSERT_GT(t.replica->ring().oldest().first_lsn, Lsn(1));
  TestReader r(&t, All());
  r.ReadOn();
  ASSERT_TRUE(r.ended());
  EXPECT_EQ(r.turn.reason, v1::ReadEnd::REASON_REACHED_END) << r.turn.message;
  EXPECT_EQ(r.transactions, t.next_sequence - 1);
  EXPECT_EQ(r.first, Index(3)) << "behind the epoch start and the opening of the producer";
  EXPECT_EQ(r.last, t.replica->marks().committed.index);
  EXPECT_GT(r.disk_reads, 1u);
}

// The next read begins at the block in which the record does.
TEST(Reader, ARecordThatTheEndOfAReadCutsOffIsReadAgain) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_segment_bytes(3 * limits::kSegmentReadBytes);
  TestReplica t(settings);
  t.FillSegments(2);
  for (Index first : {Index(1), Index(100)}) {
    TestReader r(&t, first);
    r.ReadOn();
    EXPECT_EQ(r.turn.kind, Reader::Kind::kWait) << r.turn.message;
    EXPECT_EQ(r.first, first);
    EXPECT_EQ(r.last, t.replica->marks().committed.index);
    EXPECT_GE(r.disk_reads, 3u);
  }
}

// A copy reads a segment once, past the page cache; clients may read it side by side.
TEST(Reader, OnlyByEntrySegmentsAreReadDirectly) {
  TestReplica t;
  t.FillSegments(3);
  TestReader by_entry(&t, Index(1)), by_lsn(&t, All());
  by_entry.ReadOn();
  by_lsn.ReadOn();
  EXPECT_GE(by_entry.direct_opens, 2u);
  EXPECT_EQ(by_lsn.direct_opens, 0u);
}

TEST(Reader, ByEntryDeliversControlRecordsFromTheFirstOn) {
  TestReplica t;
  t.FillSegments(3);
  ASSERT_GT(t.replica->ring().oldest().index, Index(10));
  for (Index first : {Index(1), Index(2), Index(10), t.replica->ring().oldest().index}) {
    TestReader r(&t, first);
    r.ReadOn();
    EXPECT_EQ(r.turn.kind, Reader::Kind::kWait) << r.turn.message;
    EXPECT_EQ(r.first, first);
    EXPECT_EQ(r.last, t.replica->marks().committed.index);
  }
}

TEST(Reader, ByEntryEndsWhereTheEntryIsTrimmed) {
  TestReplica t;
  t.FillSegments(3);
  v1::ErrorReply refusal;
  ASSERT_TRUE(t.replica->Trim(t.replica->checkpointer().catalog().segments()[1].first_lsn, t.now,
                              &refusal));
  t.Settle();
  Index held = FirstHeld(*t.replica);
  ASSERT_GT(held, Index(1));
  TestReader gone(&t, held.prev());
  gone.ReadOn();
  EXPECT_EQ(gone.turn.reason, v1::ReadEnd::REASON_TRIMMED);
  TestReader kept(&t, held);
  kept.ReadOn();
  EXPECT_EQ(kept.first, held);
}

TEST(Reader, FollowsWhatIsCommittedAndNothingElse) {
  TestReplica t;
  t.Batch();
  TestReader r(&t, All(true));
  r.ReadOn();
  EXPECT_EQ(r.turn.kind, Reader::Kind::kWait);
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_FALSE(r.Turn()) << "not committed yet";
  t.Batch();
  EXPECT_TRUE(r.Turn());
  EXPECT_EQ(r.transactions, 1u);
  EXPECT_FALSE(r.Turn());
}

TEST(Reader, OfWhatIsDurableWaitsForTheDisk) {
  TestReplica t;
  t.Settle();
  ReadRange range = All(true);
  range.durable_only = true;
  TestReader r(&t, range);
  while (r.Turn()) {
  }
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.Batch();
  EXPECT_FALSE(r.Turn());
  t.Settle();
  EXPECT_TRUE(r.Turn());
  EXPECT_EQ(r.transactions, 1u);
}

// On this disk, and another leader may take it back.
TEST(Reader, OfWhatIsDurableWaitsForTheCommitToo) {
  Marks marks;
  marks.durable = {Index(7), Lsn(9)};
  marks.committed = {Index(5), Lsn(6)};
  EXPECT_EQ(marks.Visible(true), marks.committed);
  EXPECT_EQ(marks.Visible(false), marks.committed);
  marks.durable = {Index(4), Lsn(4)};
  EXPECT_EQ(marks.Visible(true), marks.durable);
}

TEST(Reader, EndsBeforeTheFirstLsnThatIsNotWanted) {
  TestReplica t;
  for (uint64_t i = 0; i < 10; ++i) {
    ASSERT_EQ(t.Append(3 * i + 1, {"a", "b", "c"}), AppendVerdict::kAccepted);
  }
  t.Batch();
  ReadRange range;
  range.from = Lsn(5);
  range.until = Lsn(11);
  TestReader r(&t, range);
  r.ReadOn();
  EXPECT_EQ(r.turn.reason, v1::ReadEnd::REASON_REACHED_UNTIL);
  EXPECT_EQ(r.last_lsn, Lsn(12)) << "entries come whole";
  EXPECT_EQ(r.transactions, 9u);
}

TEST(Reader, ThatWasLappedGoesOnFromTheSegments) {
  TestReplica t;
  t.FillSegments(2);
  TestReader r(&t, All());
  r.bytes_max = 1;
  ReadRange range;
  range.from = t.replica->ring().oldest().first_lsn;
  TestReader slow(&t, range);
  slow.bytes_max = 1;
  ASSERT_TRUE(slow.Turn());
  Index behind = slow.last;
  while (t.replica->ring().oldest().index <= behind + 5) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  slow.ReadOn();
  EXPECT_EQ(slow.turn.reason, v1::ReadEnd::REASON_REACHED_END) << slow.turn.message;
  EXPECT_EQ(slow.last, t.replica->marks().committed.index);
  EXPECT_GT(slow.disk_reads, 0u);
}

// It has read the open segment up to where nothing was written yet; by then there is more.
TEST(Reader, ReadsTheGrowingSegmentAgainWhereItFoundNothing) {
  TestReplica t;
  t.FillSegments(1);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  TestReader r(&t, All(true));
  r.bytes_max = 1;
  while (r.disk_reads == 0) {
    r.Turn();
    if (r.disk_reads == 0) r.Answer();
  }
  while (r.Answer()) {
  }
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  ASSERT_EQ(t.replica->checkpointer().catalog().segments().size(), 1u);
  r.ReadOn();
  EXPECT_FALSE(r.ended()) << r.turn.message;
  EXPECT_EQ(r.last, t.replica->marks().committed.index);
}

TEST(Reader, MeetsATrimWithATypedGap) {
  TestReplica t;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  ASSERT_TRUE(t.replica->Trim(Lsn(6), t.now, &t.refusal));
  t.Settle();
  TestReader r(&t, All());
  r.ReadOn();
  ASSERT_TRUE(r.ended());
  EXPECT_EQ(r.turn.reason, v1::ReadEnd::REASON_TRIMMED);
  EXPECT_EQ(r.turn.next, Lsn(1));
  EXPECT_EQ(r.turn.resume, Lsn(6));
  ReadRange range;
  range.from = r.turn.resume;
  TestReader again(&t, range);
  again.ReadOn();
  EXPECT_EQ(again.turn.reason, v1::ReadEnd::REASON_REACHED_END);
  EXPECT_EQ(again.transactions, 5u);
}

TEST(Reader, MeetsADamagedSegmentWithATypedEndAndDeliversNothingOfIt) {
  TestReplica t;
  t.FillSegments(3);
  const CatalogSegment& segment = t.replica->checkpointer().catalog().segments()[1];
  std::string* bytes = t.disk.files.at(segment.name).get();
  (*bytes)[5 * limits::kBlockBytes] ^= 1;
  TestReader r(&t, All());
  r.ReadOn();
  ASSERT_TRUE(r.ended());
  EXPECT_EQ(r.turn.reason, v1::ReadEnd::REASON_DAMAGED) << r.turn.message;
  EXPECT_GE(r.last, segment.first_index.prev()) << "all before the damage was delivered";
  EXPECT_EQ(r.turn.next, r.last_lsn.next());
  EXPECT_GT(r.turn.resume, r.turn.next);
}

TEST(Reader, OfARemovedSegmentEndsWithDamageAndNotWithAHole) {
  TestReplica t;
  t.FillSegments(3);
  t.disk.files.erase(t.replica->checkpointer().catalog().segments()[1].name);
  TestReader r(&t, All());
  r.ReadOn();
  EXPECT_EQ(r.turn.reason, v1::ReadEnd::REASON_DAMAGED) << r.turn.message;
}

}  // namespace
}  // namespace ringjournal
