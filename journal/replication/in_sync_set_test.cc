#include "journal/replication/in_sync_set.h"

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

const NodeLife kSelf{"a", Incarnation(1)}, kB{"b", Incarnation(1)}, kC{"c", Incarnation(1)};

TEST(InSyncSet, AloneTheOwnEndIsCommitted) {
  InSyncSet set(kSelf, {kSelf}, 1);
  EXPECT_EQ(set.Committed(Index(7)), Index(7));
}

TEST(InSyncSet, EveryMemberIsCountedAndASlowOneHoldsItBack) {
  InSyncSet set(kSelf, {kSelf, kB, kC}, 1);
  set.Acknowledge(kB, Index(9), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(0)) << "a majority is not enough";
  set.Acknowledge(kC, Index(4), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(4));
  set.Acknowledge(kC, Index(12), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(9));
}

TEST(InSyncSet, AnotherLifeOfAMemberDoesNotCount) {
  InSyncSet set(kSelf, {kSelf, kB}, 1);
  set.Acknowledge({"b", Incarnation(2)}, Index(9), Index(9));
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
}

TEST(InSyncSet, AMemberThatIsBeingRemovedIsCountedUntilTheChangeIsKnown) {
  InSyncSet set(kSelf, {kSelf, kB}, 1);
  set.Propose({kSelf});
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
  set.SetIsr({kSelf}, 1);
  EXPECT_EQ(set.Committed(Index(9)), Index(9));
}

TEST(InSyncSet, AMemberThatIsBeingAddedIsCountedFromTheProposalOn) {
  InSyncSet set(kSelf, {kSelf}, 1);
  set.Acknowledge(kB, Index(5), Index(0));
  set.Propose({kSelf, kB});
  EXPECT_EQ(set.Committed(Index(9)), Index(5));
  set.Withdraw();
  EXPECT_EQ(set.Committed(Index(9)), Index(9));
}

TEST(InSyncSet, BelowMinIsrNothingIsCommitted) {
  InSyncSet set(kSelf, {kSelf}, 2);
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
  set.SetIsr({kSelf, kB}, 2);
  set.Acknowledge(kB, Index(3), Index(0));
  EXPECT_EQ(set.Committed(Index(9)), Index(3));
}

TEST(InSyncSet, AcknowledgementsThatArriveLateTakeNothingBack) {
  InSyncSet set(kSelf, {kSelf, kB}, 1);
  set.Acknowledge(kB, Index(8), Index(6));
  set.Acknowledge(kB, Index(5), Index(2));
  EXPECT_EQ(set.MatchOf(kB), Index(8));
  EXPECT_EQ(set.DurableOf(kB), Index(6));
}

TEST(InSyncSet, CopiesAreThoseThatHoldTheEntry) {
  InSyncSet set(kSelf, {kSelf, kB}, 1);
  set.Acknowledge(kB, Index(8), Index(6));
  set.Acknowledge(kC, Index(7), Index(0));
  EXPECT_EQ(set.MemoryCopies(Index(7), Index(9)), 3u);
  EXPECT_EQ(set.MemoryCopies(Index(8), Index(9)), 2u);
  EXPECT_EQ(set.DiskCopies(Index(6), Index(5)), 1u);
  EXPECT_EQ(set.DiskCopies(Index(6), Index(6)), 2u);
}

}  // namespace
}  // namespace ringjournal
