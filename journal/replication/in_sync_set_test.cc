#include "journal/replication/in_sync_set.h"

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

const NodeLife kSelf{"a", Incarnation(1)}, kB{"b", Incarnation(1)}, kC{"c", Incarnation(1)};

TEST(InSyncSet, AloneTheOwnEndIsCommitted) {
  InSyncSet set(kSelf, {kSelf}, {kSelf}, 1);
  EXPECT_EQ(set.Committed(Index(7)), Index(7));
}

TEST(InSyncSet, EveryMemberIsCountedAndASlowOneHoldsItBack) {
  InSyncSet set(kSelf, {kSelf, kB, kC}, {kSelf, kB, kC}, 1);
  set.Acknowledge(kB, Index(9), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(0)) << "a majority is not enough";
  set.Acknowledge(kC, Index(4), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(4));
  set.Acknowledge(kC, Index(12), Index(0));
  EXPECT_EQ(set.Committed(Index(10)), Index(9));
}

TEST(InSyncSet, AnotherLifeOfAMemberDoesNotCount) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  set.Acknowledge({"b", Incarnation(2)}, Index(9), Index(9));
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
}

TEST(InSyncSet, AMemberThatIsBeingRemovedIsCountedUntilTheChangeIsKnown) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  set.Propose({kSelf});
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
  set.SetIsr({kSelf}, {kSelf}, 1);
  EXPECT_EQ(set.Committed(Index(9)), Index(9));
}

// Its ring may lead as long as `complete` names it: a leader that had gone on would be overruled.
TEST(InSyncSet, WhoHasRestartedIsCountedUntilCompleteNamesItNoMore) {
  InSyncSet set(kSelf, {kSelf}, {kSelf, kB}, 1);
  ASSERT_NE(set.Restarted(), nullptr);
  EXPECT_EQ(*set.Restarted(), kB);
  EXPECT_TRUE(set.Counts(kB));
  EXPECT_FALSE(set.Contains(kB));
  EXPECT_EQ(set.RoundOfAll(), 0u);
  set.Acknowledge(kB, Index(5), Index(0));  // on its way when the process ended
  EXPECT_EQ(set.Committed(Index(9)), Index(5));
  set.Propose({kSelf});
  EXPECT_EQ(set.Committed(Index(9)), Index(5)) << "the change is not known yet";
  set.SetIsr({kSelf}, {kSelf}, 1);
  EXPECT_EQ(set.Restarted(), nullptr);
  EXPECT_EQ(set.Committed(Index(9)), Index(9));
  EXPECT_EQ(set.RoundOfAll(), UINT64_MAX);
}

TEST(InSyncSet, AMemberThatIsBeingAddedIsCountedFromTheProposalOn) {
  InSyncSet set(kSelf, {kSelf}, {kSelf}, 1);
  set.Acknowledge(kB, Index(5), Index(0));
  set.Propose({kSelf, kB});
  EXPECT_EQ(set.Committed(Index(9)), Index(5));
  set.Withdraw();
  EXPECT_EQ(set.Committed(Index(9)), Index(9));
}

TEST(InSyncSet, BelowMinIsrNothingIsCommitted) {
  InSyncSet set(kSelf, {kSelf}, {kSelf}, 2);
  EXPECT_EQ(set.Committed(Index(9)), Index(0));
  set.SetIsr({kSelf, kB}, {kSelf, kB}, 2);
  set.Acknowledge(kB, Index(3), Index(0));
  EXPECT_EQ(set.Committed(Index(9)), Index(3));
}

TEST(InSyncSet, ARoundIsOverOnceEveryCountedMemberHasAnsweredIt) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  EXPECT_EQ(set.RoundOfAll(), 0u);
  set.AcknowledgeRound(kB, 7);
  set.AcknowledgeRound(kB, 5);
  EXPECT_EQ(set.RoundOfAll(), 7u) << "an older answer that comes late takes nothing back";
  set.AcknowledgeRound({"b", Incarnation(2)}, 9);
  EXPECT_EQ(set.RoundOfAll(), 7u) << "another life does not answer for it";
  set.Propose({kSelf, kB, kC});
  EXPECT_EQ(set.RoundOfAll(), 0u) << "who may be in the isr by now may lead";
  set.AcknowledgeRound(kC, 6);
  EXPECT_EQ(set.RoundOfAll(), 6u);
}

TEST(InSyncSet, WhoMayNotBeInTheIsrIsNoCertainCopy) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  EXPECT_EQ(set.FewestInSync(), 2u);
  set.Propose({kSelf, kB, kC});
  EXPECT_EQ(set.FewestInSync(), 2u) << "the add may be refused";
  set.Withdraw();
  set.Propose({kSelf});
  EXPECT_EQ(set.FewestInSync(), 1u) << "the drop may be in the document already";
  set.Withdraw();
  EXPECT_EQ(set.FewestInSync(), 2u);
}

TEST(InSyncSet, AloneEveryRoundIsOver) {
  InSyncSet set(kSelf, {kSelf}, {kSelf}, 1);
  EXPECT_EQ(set.RoundOfAll(), UINT64_MAX);
}

TEST(InSyncSet, AcknowledgementsThatArriveLateTakeNothingBack) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  set.Acknowledge(kB, Index(8), Index(6));
  set.Acknowledge(kB, Index(5), Index(2));
  EXPECT_EQ(set.MatchOf(kB), Index(8));
  EXPECT_EQ(set.DurableOf(kB), Index(6));
}

TEST(InSyncSet, ALifeThatIsForgottenHasAcknowledgedNothing) {
  InSyncSet set(kSelf, {kSelf, kB}, {kSelf, kB}, 1);
  set.Acknowledge(kC, Index(7), Index(5));
  set.Propose({kSelf, kB, kC});
  EXPECT_TRUE(set.Counts(kC));
  set.Withdraw();
  EXPECT_FALSE(set.Counts(kC));
  EXPECT_TRUE(set.Counts(kB));
  set.Forget(kC);
  EXPECT_EQ(set.MatchOf(kC), Index(0));
}

}  // namespace
}  // namespace ringjournal
