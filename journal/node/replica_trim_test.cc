// Trim, retention, and what becomes of a producer's sequence.
#include <set>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

std::set<std::string> SegmentFiles(const TestDisk& disk) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : disk.files) {
    if (name.ends_with(".seg")) names.insert(name);
  }
  return names;
}

TEST(Trim, ForgetsWholeEntriesBelowTheLsn) {
  TestReplica t;
  for (uint64_t i = 0; i < 10; ++i)
    ASSERT_EQ(t.Append(2 * i + 1, {"a", "b"}), AppendVerdict::kAccepted);
  ASSERT_TRUE(t.replica->Trim(Lsn(8), t.now, &t.refusal));
  t.Settle();
  EXPECT_EQ(t.replica->marks().oldest.lsn, Lsn(7)) << "LSN 8 stands in the entry that starts at 7";
}

TEST(Trim, BeyondTheEndIsRefusedAndBelowTheOldestIsNothing) {
  TestReplica t;
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_FALSE(t.replica->Trim(Lsn(3), t.now, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_BAD_SETTING);
  EXPECT_TRUE(t.replica->Trim(Lsn(1), t.now, &t.refusal));
  Index end = t.replica->ring().end().index;
  EXPECT_TRUE(t.replica->Trim(Lsn(1), t.now, &t.refusal));
  EXPECT_TRUE(t.replica->Trim(Lsn(0), t.now, &t.refusal));
  EXPECT_EQ(t.replica->ring().end().index, end);
  EXPECT_EQ(t.replica->marks().oldest.lsn, Lsn(1));
}

TEST(Trim, RemovesASegmentOnlyOnceTheTrimItselfIsDurable) {
  TestReplica t;
  t.FillSegments(3);
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.Settle();
  Index oldest = t.replica->checkpointer().catalog().segments()[2].first_index;
  Lsn lsn = t.replica->checkpointer().catalog().segments()[2].first_lsn;
  ASSERT_TRUE(t.replica->Trim(lsn, t.now, &t.refusal));
  t.Batch();
  EXPECT_GE(t.replica->marks().durable.index, oldest) << "what is kept is durable, the trim is not";
  EXPECT_EQ(t.disk.pending_of(StorageOp::Kind::kRemove), 0u);
  EXPECT_EQ(t.disk.pending_of(StorageOp::Kind::kRecycle), 0u);
  t.Settle();
  for (int i = 0; i < 5; ++i) {  // one file a batch
    t.Batch();
    while (!t.disk.pending().empty()) ASSERT_EQ(t.CompleteOne(), "");
  }
  EXPECT_EQ(SegmentFiles(t.disk).size(), 1u);
}

// A crash must not leave an old segment whose successor is gone.
TEST(Trim, RemovesSegmentsOneAfterTheOtherFromTheOldestOn) {
  TestReplica t;
  t.FillSegments(4);
  std::vector<std::string> order;
  for (const CatalogSegment& s : t.replica->checkpointer().catalog().segments()) {
    order.push_back(s.name);
  }
  Lsn lsn = t.replica->checkpointer().catalog().segments()[3].first_lsn;
  ASSERT_TRUE(t.replica->Trim(lsn, t.now, &t.refusal));
  std::vector<std::string> removed;
  for (int i = 0; i < 200; ++i) {
    t.Advance(20);
    t.Batch();
    std::vector<std::string> now_removed;
    for (const StorageOp& op : t.disk.pending()) {
      bool removes = op.kind == StorageOp::Kind::kRemove || op.kind == StorageOp::Kind::kRecycle;
      if (removes) now_removed.push_back(op.name);
    }
    ASSERT_LE(now_removed.size(), 1u);
    removed.insert(removed.end(), now_removed.begin(), now_removed.end());
    while (!t.disk.pending().empty()) ASSERT_EQ(t.CompleteOne(), "");
  }
  order.pop_back();
  EXPECT_EQ(removed, order);
}

TEST(Retention, TrimsWholeSegmentsThatAreOverTheJournalsSize) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_retention_bytes(2 * limits::kMiB);
  TestReplica t(settings);
  for (int i = 0; i < 800; ++i) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  EXPECT_GT(t.replica->marks().oldest.lsn, Lsn(200));
  EXPECT_LE(t.replica->checkpointer().catalog().total_bytes(), 4 * limits::kMiB);
  EXPECT_GE(t.replica->checkpointer().catalog().total_bytes(), 2 * limits::kMiB);
  EXPECT_LE(SegmentFiles(t.disk).size(), 4u);
}

// A batch of many appends must not make a segment outgrow the room that was made for it.
TEST(Retention, ASegmentEndsWithTheEntryThatFillsItHoweverLargeABatchIs) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_ring_bytes(2 * limits::kMiB);
  TestReplica t(settings);
  t.Settle();
  for (int batch = 0; batch < 6; ++batch) {
    for (int i = 0; i < 110; ++i) ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  const std::vector<CatalogSegment>& segments = t.replica->checkpointer().catalog().segments();
  ASSERT_GE(segments.size(), 4u);
  for (const CatalogSegment& segment : segments) {
    EXPECT_LE(segment.bytes, limits::kSegmentBytesMin + 8000 + 16 * limits::kBlockBytes);
  }
}

TEST(Retention, TrimsWhatIsOlderByLogTime) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_retention_age_ms(3'600'000);
  TestReplica t(settings);
  t.FillSegments(3);
  EXPECT_EQ(t.replica->marks().oldest.lsn, Lsn(1));
  t.now.wall_ns += int64_t{2} * 3'600'000'000'000;  // a step of the clock alone
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.Settle();
  EXPECT_EQ(t.replica->marks().oldest.lsn, Lsn(1));
  t.now.wall_ns -= int64_t{2} * 3'600'000'000'000;
  t.Advance(2 * 3'600'000);
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.Settle();
  EXPECT_GT(t.replica->marks().oldest.lsn, Lsn(1));
}

// What goes to the disk must not lie above what a restart takes for acknowledged.
TEST(Retention, ItsTrimIsCountedBeforeAnythingOfItIsWritten) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_retention_bytes(limits::kMiB);
  TestReplica t(settings);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
    const RingControl& control = *t.memory.memory().control();
    ASSERT_EQ(control.ends[0].acked_end, control.ends[0].end);
  }
  EXPECT_GT(t.replica->derived().oldest().index, Index(1));
}

class ResolveTest : public testing::Test {
 protected:
  v1::ResolveReply::Outcome Ask(const std::string& producer, uint64_t sequence,
                                bool settle = false) {
    reply.Clear();
    t.refusal.Clear();
    if (!t.replica->Resolve(producer, Sequence(sequence), settle, t.now, &reply, &t.refusal)) {
      return v1::ResolveReply::OUTCOME_UNKNOWN;
    }
    return reply.outcome();
  }
  TestReplica t;
  v1::ResolveReply reply;
};

TEST_F(ResolveTest, AnAppliedSequenceHasItsLsn) {
  ASSERT_EQ(t.Append(1, {"a", "b", "c"}), AppendVerdict::kAccepted);
  EXPECT_EQ(Ask("producer", 2), v1::ResolveReply::OUTCOME_AT_LSN);
  EXPECT_EQ(reply.lsn(), 2u);
}

TEST_F(ResolveTest, AnAppliedSequenceThatHasLeftTheRingIsAppliedAllTheSame) {
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  while (t.replica->ring().oldest().index < Index(10)) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  EXPECT_EQ(Ask("producer", 1), v1::ResolveReply::OUTCOME_APPLIED_TRIMMED);
}

TEST_F(ResolveTest, AnAbsentSequenceIsNotYetThereUntilItIsSettled) {
  EXPECT_EQ(Ask("producer", 1), v1::ResolveReply::OUTCOME_NOT_YET);
  EXPECT_EQ(Ask("producer", 1, true), v1::ResolveReply::OUTCOME_NEVER);
  t.Batch();
  EXPECT_EQ(t.Append(1, {"late"}), AppendVerdict::kRefused) << "never is final";
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
}

TEST_F(ResolveTest, NeverIsNotSaidWhereItCannotBeMadeFinal) {
  t.disk.full = true;
  while (t.AppendNext(1000) == AppendVerdict::kAccepted) t.Batch();
  ProducerHandle handle;
  while (t.replica->OpenProducer({"producer"}, t.now, &handle, &t.refusal)) {
  }
  EXPECT_EQ(Ask("producer", 100000, true), v1::ResolveReply::OUTCOME_UNKNOWN);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_BACK_PRESSURE);
}

TEST_F(ResolveTest, AnUnknownProducerIsAnErrorAndNeverASilentReset) {
  EXPECT_EQ(Ask("nobody", 1), v1::ResolveReply::OUTCOME_UNKNOWN);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_UNKNOWN_PRODUCER);
}

}  // namespace
}  // namespace ringjournal
