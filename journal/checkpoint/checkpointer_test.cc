#include "journal/checkpoint/checkpointer.h"

#include "gtest/gtest.h"
#include "journal/checkpoint/test_checkpointer.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {
namespace {

using Fixture = CheckpointerTest;
using Kind = StorageOp::Kind;

TEST_F(Fixture, OpensItsFirstSegmentFromAPreparedSpareWithADescription) {
  Turn();
  ASSERT_EQ(disk.pending().size(), 1u);
  EXPECT_EQ(disk.pending()[0].kind, Kind::kPrepareSpare);
  EXPECT_EQ(disk.pending()[0].size, limits::kSegmentBytesMin);
  CompleteOne();
  Turn();
  ASSERT_EQ(disk.pending().size(), 1u);
  EXPECT_EQ(disk.pending()[0].kind, Kind::kOpenSegment);
  CompleteOne();
  Turn();
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u);
  EXPECT_EQ(disk.pending()[0].offset, 0u);
}

TEST_F(Fixture, GathersUntilEnoughIsPendingOrTheIntervalIsOver) {
  Open();
  Append(1000);
  Turn();
  EXPECT_TRUE(disk.pending().empty());
  EXPECT_EQ(checkpointer.deadline_ns(), now_ns + Options().checkpoint_interval_ns);
  now_ns = checkpointer.deadline_ns();
  Turn();
  EXPECT_EQ(disk.pending_of(Kind::kWrite), 1u);
  CompleteOne();
  Append(1000, 70);
  Turn();
  EXPECT_EQ(disk.pending_of(Kind::kWrite), 1u) << "by bytes, at once";
}

TEST_F(Fixture, AWaiterIsServedAtOnceAndTheNextOnesJoinOneGroup) {
  Open();
  Append(100);
  Turn(true);
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u);
  Append(100, 10);
  Turn(true);
  EXPECT_EQ(disk.pending_of(Kind::kWrite), 1u) << "one write while it merely keeps up";
  CompleteOne();
  Turn(true);
  EXPECT_EQ(disk.pending_of(Kind::kWrite), 1u);
  CompleteOne();
  EXPECT_EQ(checkpointer.durable().index, t.position.next_index.prev());
}

TEST_F(Fixture, DurableAdvancesInOrderEvenIfTheDiskAnswersOutOfOrder) {
  Open();
  CheckpointerOptions options = Options();
  options.segment_bytes = 64 * limits::kMiB;
  checkpointer.ApplyOptions(options);
  TestRing big(8 << 20);
  Checkpointer c(options);
  big.reusable = Index(UINT64_MAX - 1);
  c.Start(big.ring.end(), big.State(), SegmentCatalog());
  auto turn = [&] {
    CheckpointInput input;
    input.flush = true;
    c.Flush(big.ring, input, &ops);
    disk.Take(&ops);
  };
  for (int i = 0; i < 6; ++i) {
    turn();
    while (!disk.pending().empty()) ASSERT_EQ(c.Done(disk.CompleteOne(), Time()), "");
  }
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(big.AppendWithSnapshots(100 * 1000, 1));
  turn();
  std::vector<StorageDone> answers;
  while (!disk.pending().empty()) answers.push_back(disk.CompleteOne());
  ASSERT_EQ(answers.size(), limits::kGroupsInFlightMax);
  Index before = c.durable().index;
  for (size_t i = answers.size(); i-- > 1;) {
    ASSERT_EQ(c.Done(answers[i], Time()), "");
    EXPECT_EQ(c.durable().index, before);
  }
  ASSERT_EQ(c.Done(answers[0], Time()), "");
  EXPECT_GT(c.durable().index, before + 20);
}

TEST_F(Fixture, WhatItWroteIsTheLog) {
  Open();
  Append(900, 300);
  Settle();
  ASSERT_TRUE(checkpointer.idle(t.ring));
  const CatalogSegment& segment = checkpointer.catalog().segments()[0];
  ScanOptions options;
  options.name = SegmentName::FromFileName(segment.name);
  uint64_t entries = 0;
  SegmentScan scan = ScanSegment(AsBytes(*disk.files.at(segment.name)), options,
                                 [&](const RecordView&) { ++entries; });
  EXPECT_EQ(scan.position.chain, t.position.chain) << scan.sentence;
  EXPECT_EQ(entries, 300u);
}

TEST_F(Fixture, ADescriptionInFlightIsNotIdle) {
  Open();
  Append(1000, 900);
  while (checkpointer.catalog().segments().size() < 2) {
    now_ns += 20 * kMs;
    Turn();
    if (checkpointer.catalog().segments().size() == 2) break;
    if (!disk.pending().empty()) {
      ASSERT_EQ(CompleteOne(), "");
    } else {
      Append(1000, 10);
    }
  }
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u);
  EXPECT_FALSE(checkpointer.idle(t.ring)) << "the kernel still reads the staging buffer";
}

TEST_F(Fixture, AFullDiskIsTriedAgainAfterAWhileAndNotAtEveryTurn) {
  disk.full = true;
  for (int i = 0; i < 10; ++i) {
    Turn();
    while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
  }
  EXPECT_EQ(disk.spares_prepared, 1u);
  EXPECT_TRUE(checkpointer.storage_full());
  EXPECT_EQ(checkpointer.deadline_ns(), now_ns + limits::kStorageRetryMs * kMs);
  disk.full = false;
  now_ns = checkpointer.deadline_ns();
  Append(100);
  Settle();
  EXPECT_FALSE(checkpointer.storage_full());
  EXPECT_TRUE(checkpointer.idle(t.ring));
}

TEST_F(Fixture, WhatIsAskedOfAFullDiskAgainIsWaitedForWithoutADeadline) {
  disk.full = true;
  Turn();
  while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
  now_ns = checkpointer.deadline_ns();
  Turn();
  ASSERT_EQ(disk.pending_of(Kind::kPrepareSpare), 1u);
  EXPECT_EQ(checkpointer.deadline_ns(), INT64_MAX);
}

TEST_F(Fixture, AnOpeningThatFindsTheDiskFullIsTriedAgain) {
  disk.open_result = -ENOSPC;
  Turn();
  ASSERT_EQ(CompleteOne(), "");
  Turn();
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_TRUE(checkpointer.storage_full());
  disk.open_result = 0;
  now_ns += limits::kStorageRetryMs * kMs;
  Append(100);
  Settle();
  EXPECT_TRUE(checkpointer.idle(t.ring));
}

// A full disk refuses the description just when everything before it has been trimmed: without the
// segment before, a recovery would find no log at all.
TEST_F(Fixture, TheEndOfTheLogStaysUntilTheNextSegmentIsDescribed) {
  Open();
  for (int i = 0; i < 5000 && checkpointer.catalog().segments().size() < 2; ++i) {
    while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
    Append(1000);
    now_ns += 20 * kMs;
    Turn();
  }
  ASSERT_EQ(checkpointer.catalog().segments().size(), 2u);
  auto removals = [&] {
    int n = 0;
    for (const auto& op : disk.pending())
      n += op.kind == Kind::kRemove || op.kind == Kind::kRecycle;
    return n;
  };
  checkpointer.Trim(t.position.next_index);
  Turn();
  EXPECT_EQ(removals(), 0);
  EXPECT_EQ(checkpointer.catalog().segments().size(), 2u);
  while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
  checkpointer.Trim(t.position.next_index);
  Turn();
  EXPECT_EQ(removals(), 1);
}

TEST_F(Fixture, AGroupThatFoundTheDiskFullIsWrittenAgainAtItsPlace) {
  Open();
  Append(100);
  Turn(true);
  uint64_t offset = disk.pending()[0].offset;
  disk.write_result = -ENOSPC;
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_TRUE(checkpointer.storage_full());
  disk.write_result = 0;
  now_ns += limits::kStorageRetryMs * kMs;
  Turn(true);
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u);
  EXPECT_EQ(disk.pending()[0].offset, offset);
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_FALSE(checkpointer.storage_full());
  EXPECT_TRUE(checkpointer.idle(t.ring));
}

TEST_F(Fixture, AnyOtherFailureIsFinal) {
  disk.write_result = -EIO;
  std::string why;
  for (int i = 0; i < 6 && why.empty(); ++i) {
    Turn();
    while (!disk.pending().empty() && why.empty()) why = CompleteOne();
  }
  EXPECT_NE(why.find("writing"), std::string::npos) << why;
}

TEST_F(Fixture, AStopWritesWhatIsLeftThenTheClosingGroupOnceAllIsSynced) {
  Open();
  Append(100);
  Append(100);
  closing = true;
  Turn();
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u) << "the closing group waits";
  EXPECT_FALSE(checkpointer.closed());
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_TRUE(checkpointer.idle(t.ring));
  EXPECT_FALSE(checkpointer.closed());
  Turn();
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 1u);
  EXPECT_FALSE(checkpointer.closed()) << "handed out is not on disk";
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_TRUE(checkpointer.closed());
  Turn();
  EXPECT_TRUE(disk.pending().empty());
  SegmentScan scan = ScanSegment(AsBytes(*disk.files.rbegin()->second), {}, [](const auto&) {});
  EXPECT_EQ(scan.verdict, SegmentVerdict::kClosed) << scan.sentence;
  EXPECT_EQ(scan.position.next_index, t.ring.end().index);
}

TEST_F(Fixture, AClosingGroupThatFindsTheDiskFullIsTriedAgain) {
  Open();
  closing = true;
  disk.write_result = -ENOSPC;
  Turn();
  ASSERT_EQ(CompleteOne(), "");
  EXPECT_FALSE(checkpointer.closed());
  disk.write_result = 0;
  now_ns += limits::kStorageRetryMs * kMs;
  Settle();
  EXPECT_TRUE(checkpointer.closed());
}

TEST(SegmentCatalog, ASupersededFileGoesWithTheSegmentsThatSupersedeIt) {
  SegmentCatalog catalog;
  for (uint64_t base : {10u, 20u, 30u}) {
    catalog.Add({"segment " + std::to_string(base), Index(base), Lsn(base)});
  }
  catalog.AddSuperseded("old 12", Index(12));
  catalog.AddSuperseded("old 25", Index(25));
  EXPECT_TRUE(catalog.TakeBelow(Index(19)).empty());
  std::vector<std::string> taken;
  for (const CatalogSegment& s : catalog.TakeBelow(Index(20))) taken.push_back(s.name);
  EXPECT_EQ(taken, (std::vector<std::string>{"old 12", "segment 10"}));
  taken.clear();
  for (const CatalogSegment& s : catalog.TakeBelow(Index(100))) taken.push_back(s.name);
  EXPECT_EQ(taken, (std::vector<std::string>{"old 25", "segment 20"}));
  EXPECT_EQ(catalog.segments().size(), 1u) << "the last one stays";
}

TEST(SegmentCatalog, TheSegmentOpenedLastHoldsTheEntry) {
  SegmentCatalog catalog;
  catalog.Add({"a", Index(1), Lsn(1)});
  catalog.Add({"b", Index(10), Lsn(8)});
  catalog.Add({"c", Index(10), Lsn(8)});
  EXPECT_EQ(catalog.Find(Index(9)), 0u);
  EXPECT_EQ(catalog.Find(Index(10)), 2u);
  EXPECT_EQ(catalog.Find(Lsn(8)), 2u);
  EXPECT_EQ(catalog.Find(Index(0)), std::nullopt);
}

}  // namespace
}  // namespace ringjournal
