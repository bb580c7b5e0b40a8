#include "journal/ring/ring.h"

#include <string>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {
namespace {

TEST(Ring, AppendedRecordsAreFoundByIndexAndByLsn) {
  TestRing t(64 * 1024);
  for (int i = 1; i <= 50; ++i) ASSERT_TRUE(t.Append(100 + static_cast<size_t>(i) * 7, 3));
  for (uint64_t i = 1; i <= 50; ++i) {
    auto by_index = t.ring.Find(Index(i));
    ASSERT_TRUE(by_index.has_value());
    EXPECT_EQ(t.ring.Record(*by_index).header.index, Index(i));
    for (uint64_t lsn = 3 * i - 2; lsn <= 3 * i; ++lsn) {
      auto by_lsn = t.ring.Find(Lsn(lsn));
      ASSERT_TRUE(by_lsn.has_value());
      EXPECT_EQ(by_lsn->index, Index(i));
    }
  }
  EXPECT_FALSE(t.ring.Find(Index(51)).has_value());
  EXPECT_FALSE(t.ring.Find(Lsn(151)).has_value());
  EXPECT_FALSE(t.ring.Find(Index(0)).has_value());
}

TEST(Ring, FindIsRightAtEveryMomentWhileTheRingWrapsWithRecordsOfAllSizes) {
  TestRing t(64 * 1024);
  for (int i = 1; i <= 3000; ++i) {
    size_t body = i % 37 == 0 ? 15000 : 20 + static_cast<size_t>(i * 53 % 900);
    ASSERT_TRUE(t.AppendWithSnapshots(body, static_cast<uint32_t>(1 + i % 4)));
    if (i % 50 != 0) continue;
    for (RingPlace p = t.ring.oldest(); p.index < t.ring.end().index; p = t.ring.Next(p)) {
      auto found = t.ring.Find(p.index);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(found->offset, p.offset);
      auto by_lsn = t.ring.Find(p.first_lsn);
      ASSERT_TRUE(by_lsn.has_value());
      EXPECT_EQ(by_lsn->offset, p.offset);
    }
  }
  EXPECT_GT(t.ring.oldest().index, Index(2000));
}

TEST(Ring, NothingAboveTheReusableIndexIsOverwritten) {
  TestRing t(64 * 1024);
  t.reusable = Index(10);
  int appended = 0;
  while (t.AppendWithSnapshots(1000, 1)) ++appended;
  EXPECT_GT(appended, 40);
  EXPECT_LE(t.ring.oldest().index, Index(11));
  t.reusable = Index(1000000);
  EXPECT_TRUE(t.AppendWithSnapshots(1000, 1));
}

TEST(Ring, OldestNeverPassesTheNewestSnapshot) {
  TestRing t(64 * 1024);
  int appended = 0;
  while (t.Append(1000, 1)) ++appended;  // no snapshot but the first, at index 1
  EXPECT_GT(appended, 40);
  EXPECT_EQ(t.ring.oldest().index, Index(1));
  t.Snapshot();
  EXPECT_TRUE(t.Append(1000, 1));
}

TEST(Ring, ARecordOverAQuarterOfTheRingIsRefused) {
  TestRing t(64 * 1024);
  EXPECT_EQ(t.ring.Reserve(16 * 1024 + 1, Index(0)), nullptr);
  EXPECT_NE(t.ring.Reserve(16 * 1024, Index(0)), nullptr);
}

TEST(Ring, TruncationForgetsAndGoesOn) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 20; ++i) t.Append(500, 1);
  t.ring.RaiseAckedEnd();
  RingPlace cut = *t.ring.Find(Index(11));
  t.TruncateTo(cut);
  EXPECT_EQ(t.ring.end().index, Index(11));
  EXPECT_FALSE(t.ring.Find(Index(11)).has_value());
  t.Append(100, 2);
  EXPECT_EQ(t.ring.Record(*t.ring.Find(Index(11))).header.count, 2u);
  RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(12));
}

// Else what is appended next would contradict a snapshot of the log that was cut.
TEST(Ring, ATruncationTakesAwayTheSnapshotsAboveIt) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 5; ++i) t.Append(100, 1);
  t.Snapshot();
  for (int i = 0; i < 3; ++i) t.Append(100, 1);
  t.Snapshot();
  t.TruncateTo(*t.ring.Find(Index(7)));
  for (int i = 0; i < 9; ++i) t.Append(120, 1);
  RingInspection found = t.Inspect();
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(16));
  EXPECT_EQ(found.snapshot.next_index(), 6u);
  Ring again = Ring::Adopt(t.memory.memory(), found);
  EXPECT_EQ(again.ReadSnapshotAtOrBelow(Index(6))->next_index(), 6u);
  EXPECT_FALSE(again.ReadSnapshotAtOrBelow(Index(5)).has_value());
}

// The state below a cut is what the cut begins with.
TEST(Ring, ASnapshotThatWasDamagedIsRestoredBelowTheNewestOne) {
  TestRing t(64 * 1024);
  t.ring.set_committed(Index(7));
  for (int i = 0; i < 5; ++i) t.Append(100, 1);
  t.Snapshot();
  t.Append(100, 1);
  const v1::StateSnapshot lost = t.State();
  for (int i = 0; i < 3; ++i) t.Append(100, 1);
  t.Snapshot();
  const size_t slot_bytes = (t.memory.memory().head_bytes - kControlPageBytes) / 2;
  t.memory.memory().snapshot_slot(0, slot_bytes)[kSnapshotSlotHeaderBytes] ^= std::byte{1};
  Ring ring = Ring::Adopt(t.memory.memory(), t.Inspect());
  EXPECT_FALSE(ring.ReadSnapshotAtOrBelow(Index(8)).has_value());
  ASSERT_TRUE(ring.RestoreOlderSnapshot(*ring.Find(Index(7)), lost));
  EXPECT_EQ(ring.ReadSnapshotAtOrBelow(Index(8))->next_index(), 7u);
  EXPECT_EQ(ring.ReadSnapshotAtOrBelow(Index(10))->next_index(), 10u) << "the newest stays";
  const RingInspection again = t.Inspect();
  EXPECT_EQ(again.snapshot.next_index(), 10u);
  EXPECT_EQ(again.older_snapshot_next_index, Index(7)) << "the next process finds it, too";
}

TEST(Ring, TheSnapshotThatATruncationMayNeedIsNeitherOverwrittenNorPassedByOldest) {
  TestRing t(64 * 1024);
  t.ring.set_committed(Index(10));
  for (int i = 0; i < 10; ++i) t.Append(100, 1);
  ASSERT_TRUE(t.ring.may_write_snapshot());
  t.Snapshot();  // at what is committed
  for (int i = 0; i < 5; ++i) t.Append(100, 1);
  ASSERT_TRUE(t.ring.may_write_snapshot());
  t.Snapshot();  // above it: the other one must stay
  EXPECT_FALSE(t.ring.may_write_snapshot());
  t.reusable = Index(10);
  while (t.Append(1000, 1)) {
  }
  EXPECT_FALSE(t.ring.snapshot_due());
  EXPECT_LE(t.ring.oldest().index, Index(11));
  EXPECT_EQ(t.ring.ReadSnapshotAtOrBelow(Index(11))->next_index(), 11u);
  t.ring.set_committed(t.ring.end().index.prev());
  t.reusable = t.ring.end().index.prev();
  EXPECT_TRUE(t.ring.may_write_snapshot());
  t.Snapshot();
  EXPECT_TRUE(t.Append(1000, 1));
}

}  // namespace
}  // namespace ringjournal
