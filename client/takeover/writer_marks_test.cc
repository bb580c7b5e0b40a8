#include "client/takeover/writer_marks.h"

#include <gtest/gtest.h>

#include "client/errors.h"

namespace ringjournal::client {
namespace {

constexpr int64_t kMs = 1'000'000;

WriterMarksOptions Options() {
  WriterMarksOptions options;
  options.writer = {2, 3};
  options.claimant = "engine-a";
  options.heartbeat_ns = 25 * kMs;
  options.committed = Lsn(10);
  options.acted = Lsn(8);
  return options;
}

TEST(WriterMarksTest, TheFirstRecordIsDueAtOnceAndSaysWhoWrites) {
  WriterMarks marks(Options());
  auto record = marks.Next(5 * kMs);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->writer_generation(), 2u);
  EXPECT_EQ(record->writer_epoch(), 3u);
  EXPECT_EQ(record->claimant(), "engine-a");
  EXPECT_EQ(record->acted_lsn(), 8u) << "as taken over";
}

TEST(WriterMarksTest, OneRecordPerHeartbeatAndOneAtATime) {
  WriterMarks marks(Options());
  ASSERT_TRUE(marks.Next(0).has_value());
  marks.OnOutcome(true);
  EXPECT_FALSE(marks.Next(24 * kMs).has_value());
  ASSERT_TRUE(marks.Next(25 * kMs).has_value());
  EXPECT_FALSE(marks.Next(100 * kMs).has_value()) << "the one before has no outcome yet";
  marks.OnOutcome(true);
  EXPECT_TRUE(marks.Next(100 * kMs).has_value());
}

TEST(WriterMarksTest, WhatIsNotAcknowledgedCannotBeMarked) {
  WriterMarks marks(Options());
  EXPECT_EQ(CodeOf(marks.MarkActed(Lsn(11))), ErrorCode::kBadMark);
  EXPECT_EQ(CodeOf(marks.AddDigest(Lsn(11), 1)), ErrorCode::kBadMark);
  marks.OnCommitted(Lsn(11));
  EXPECT_TRUE(marks.MarkActed(Lsn(11)).ok());
  EXPECT_TRUE(marks.AddDigest(Lsn(11), 1).ok());
  auto record = marks.Next(0);
  EXPECT_EQ(record->acted_lsn(), 11u);
  ASSERT_EQ(record->digests_size(), 1);
  EXPECT_EQ(record->digests(0).lsn(), 11u);
}

TEST(WriterMarksTest, WhatIsCommittedAndNotActedOnIsNotMarked) {
  WriterMarks marks(Options());
  marks.OnCommitted(Lsn(12));
  EXPECT_EQ(marks.Next(0)->acted_lsn(), 8u);
}

TEST(WriterMarksTest, MarksAndCommitsNeverFall) {
  WriterMarks marks(Options());
  marks.OnCommitted(Lsn(9));
  EXPECT_EQ(marks.committed(), Lsn(10));
  EXPECT_TRUE(marks.MarkActed(Lsn(3)).ok());
  EXPECT_EQ(marks.acted(), Lsn(8));
}

TEST(WriterMarksTest, DigestsOfARecordThatDidNotGetThroughAreSaidAgainInOrder) {
  WriterMarks marks(Options());
  ASSERT_TRUE(marks.AddDigest(Lsn(9), 90).ok());
  ASSERT_EQ(marks.Next(0)->digests_size(), 1);
  ASSERT_TRUE(marks.AddDigest(Lsn(10), 100).ok());
  marks.OnOutcome(false);
  auto record = marks.Next(25 * kMs);
  ASSERT_EQ(record->digests_size(), 2);
  EXPECT_EQ(record->digests(0).lsn(), 9u);
  EXPECT_EQ(record->digests(1).lsn(), 10u);
  marks.OnOutcome(true);
  EXPECT_EQ(marks.Next(50 * kMs)->digests_size(), 0);
}

TEST(WriterMarksTest, WhatIsRefusedIsTriedAgainBeforeTheNextHeartbeat) {
  WriterMarks marks(Options());
  ASSERT_TRUE(marks.Next(0).has_value());
  marks.OnRefused(1 * kMs);
  EXPECT_FALSE(marks.Next(4 * kMs).has_value());
  EXPECT_TRUE(marks.Next(5 * kMs).has_value());
}

TEST(WriterMarksTest, KnowsWhenEverythingIsSaid) {
  WriterMarks marks(Options());
  EXPECT_FALSE(marks.said_all()) << "not even what was taken over";
  ASSERT_TRUE(marks.Next(0).has_value());
  EXPECT_FALSE(marks.said_all()) << "under way";
  marks.OnOutcome(true);
  EXPECT_TRUE(marks.said_all());
  ASSERT_TRUE(marks.MarkActed(Lsn(9)).ok());
  EXPECT_FALSE(marks.said_all());
  marks.Hurry();
  ASSERT_TRUE(marks.Next(1).has_value());
  marks.OnOutcome(false);
  EXPECT_FALSE(marks.said_all());
}

TEST(WriterMarksTest, DigestsBeyondTheLimitAreRefused) {
  WriterMarks marks(Options());
  for (uint32_t i = 0; i < limits::kStateDigestsKept; ++i) {
    ASSERT_TRUE(marks.AddDigest(Lsn(10), i).ok());
  }
  EXPECT_EQ(CodeOf(marks.AddDigest(Lsn(10), 0)), ErrorCode::kBadMark);
}

}  // namespace
}  // namespace ringjournal::client
