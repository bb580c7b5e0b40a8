// Leading again, stepping down, following, a new generation.
#include <random>

#include "gtest/gtest.h"
#include "journal/node/test_node.h"

namespace ringjournal {
namespace {

TEST(Roles, TheEpochStartIsKnownOnceItIsInTheLog) {
  TestNode a, b;
  EXPECT_EQ(a.replica->epoch_start(), Index(0)) << "an empty log";
  a.Lead({1, 1});
  EXPECT_EQ(a.replica->epoch_start(), Index(1));
  EXPECT_EQ(b.replica->epoch_start(), Index(0)) << "it has not come yet";
  b.Follow(a);
  EXPECT_EQ(b.replica->epoch_start(), Index(1));
  a.AppendNext(10);
  b.Follow(a);
  b.replica->set_epoch({1, 2}, 2);
  EXPECT_EQ(b.replica->epoch_start(), Index(0)) << "the log ends in an earlier epoch";
  b.Lead({1, 2});
  EXPECT_EQ(b.replica->epoch_start(), Index(4));
  b.AppendNext(10);
  EXPECT_EQ(b.replica->epoch_start(), Index(4));
}

TEST(Roles, WhoStepsDownAppendsNothingAndLeadsAgainInALaterEpoch) {
  TestNode a, b;
  a.Lead({1, 1});
  Index last = a.AppendNext(10);
  b.Follow(a);
  a.replica->StepDown();
  EXPECT_FALSE(a.replica->leads());
  EXPECT_EQ(a.Append(a.next_sequence, {"x"}), AppendVerdict::kRefused);
  v1::ErrorReply refusal;
  EXPECT_FALSE(a.replica->OpenProducer({"other"}, a.now, &a.producer, &refusal));
  a.Batch();
  a.Batch();
  EXPECT_EQ(a.end(), last) << "no epoch start follows by itself";
  b.Lead({1, 2});
  b.AppendNext(20);
  a.FollowIn({1, 2}, b);
  ASSERT_EQ(a.Follow(b).verdict, Replica::Taken::Verdict::kAll);
  a.Lead({1, 3});
  EXPECT_TRUE(a.replica->leads());
  EXPECT_EQ(a.replica->epoch_start(), b.end().next());
  b.FollowIn({1, 3}, a);
  a.AppendNext(30);
  ASSERT_EQ(b.Follow(a).verdict, Replica::Taken::Verdict::kAll);
  EXPECT_EQ(a.replica->derived().Hash(), b.replica->derived().Hash());
  ASSERT_EQ(a.replica->derived().history().size(), 3u);
}

// A leader that was elected again by itself need not have followed in between.
TEST(Roles, ALeaderLeadsALaterEpochWithoutHavingFollowed) {
  TestNode a;
  a.Lead({1, 1});
  a.AppendNext(10);
  a.Lead({1, 2});
  EXPECT_TRUE(a.replica->leads());
  EXPECT_EQ(a.replica->epoch_start(), Index(4));
}

TEST(Roles, CommitGoesOnByTheCountOfCopiesAloneAlsoAcrossAStart) {
  TestNode a;
  a.Lead({1, 1});
  Index last = a.AppendNext(10);
  a.Commit(Index(2));
  EXPECT_EQ(a.committed(), Index(2));
  a.Lead({1, 2});
  a.Batch();
  EXPECT_EQ(a.committed(), Index(2)) << "to start is not to be alone";
  a.Commit(last);
  EXPECT_EQ(a.committed(), last);
}

// From the first word on commit on the ring keeps the state that a truncation goes back to, however
// much arrives in one batch.
TEST(Roles, ABackupCanGoBackToItsCommitAlsoWithinABatch) {
  TestNode a, b;
  a.Lead({1, 1});
  for (int i = 0; i < 14; ++i) a.AppendNext(4000);
  ASSERT_EQ(b.Follow(a).verdict, Replica::Taken::Verdict::kAll);
  EXPECT_TRUE(b.replica->TruncateTo(Index(3), a.ChainAt(Index(3))).ok());
  EXPECT_EQ(b.end(), Index(3));
}

TEST(Roles, WhatIsHeldCountsOnlyForTheIncarnationThatLeadsOrFollows) {
  TestNode a(2), b(3);
  EXPECT_EQ(b.replica->ring().content_incarnation(), Incarnation(0));
  a.Lead({1, 1});
  EXPECT_EQ(a.replica->ring().content_incarnation(), Incarnation(2));
  b.Follow(a);
  EXPECT_EQ(b.replica->ring().content_incarnation(), Incarnation(0));
  b.FollowIn({1, 1}, a);
  EXPECT_EQ(b.replica->ring().content_incarnation(), Incarnation(3));
}

TEST(Roles, AClaimIsNamedBesideTheContentOrTheContentIsThatOfTheClaimBefore) {
  TestNode a(2), b(5);
  a.Lead({1, 1});
  a.replica->Claim(true);
  EXPECT_EQ(a.replica->ring().content_incarnation(), Incarnation(2));
  EXPECT_EQ(a.replica->ring().claim_incarnation(), Incarnation(2));
  // The cas that named a claim went through, then the process died: now the claim is what counts.
  Ring::Create(b.memory.memory(), TestNode::Identity(), TestNode().State(), Incarnation(4));
  b.replica->Claim(false);
  EXPECT_EQ(b.replica->ring().content_incarnation(), Incarnation(4));
  EXPECT_EQ(b.replica->ring().claim_incarnation(), Incarnation(5));
}

TEST(Roles, ANewGenerationForgetsTheCommitAndTheLogMayBeCutBelowIt) {
  TestNode winner, loser;
  winner.Lead({1, 1});
  Index known = winner.AppendNext(10);
  loser.Follow(winner);
  winner.replica->StepDown();
  loser.Lead({1, 2});  // and is lost with what it alone had called committed
  loser.AppendNext(20);
  loser.Commit(loser.end());
  winner.Lead({2, 3});
  EXPECT_EQ(winner.replica->ring().generation(), 2u);
  loser.replica->StepDown();
  EXPECT_TRUE(absl::IsFailedPrecondition(loser.replica->TruncateTo(known, winner.ChainAt(known))));
  loser.replica->ForgetCommit();
  EXPECT_EQ(loser.committed(), Index(0));
  EXPECT_EQ(loser.replica->ring().generation(), 1u) << "it still holds what the old one lost";
  loser.FollowIn({2, 3}, winner);
  EXPECT_EQ(loser.replica->ring().generation(), 2u);
  ASSERT_EQ(loser.Follow(winner).verdict, Replica::Taken::Verdict::kAll);
  loser.Batch();
  EXPECT_EQ(loser.committed(), Index(0)) << "only the new leader's word counts";
  loser.Commit(winner.end());
  EXPECT_EQ(loser.committed(), winner.end());
  EXPECT_EQ(loser.replica->derived().Hash(), winner.replica->derived().Hash());
}

// The epoch start waits while the ring is full of what nobody has committed; a counted commit of
// earlier entries makes the room for it.
TEST(Roles, AFullRingDelaysTheEpochStartUntilEarlierEntriesCommit) {
  TestNode a, b;
  a.Lead({1, 1});
  b.FollowIn({1, 1}, a);
  // Up to the last byte: control records use what appends must leave.
  while (a.Append(a.next_sequence, {std::string(1000, 'x')}) == AppendVerdict::kAccepted) {
    ++a.next_sequence;
  }
  v1::ErrorReply refusal;
  ProducerHandle handle;
  while (a.replica->OpenProducer({"producer"}, a.now, &handle, &refusal)) {
  }
  for (int epoch = 2; epoch < 1000 && a.replica->leads(); ++epoch) {
    a.replica->set_epoch({1, static_cast<uint32_t>(epoch)}, 1);
    a.replica->LeaderStart(a.now);
  }
  ASSERT_FALSE(a.replica->leads());
  EXPECT_EQ(a.replica->epoch_start(), Index(0));
  EXPECT_FALSE(a.replica->HasReached(v1::LEVEL_RECEIVED, Index(3)));
  a.Settle();
  EXPECT_FALSE(a.replica->leads()) << "all is on disk, but nothing is committed";
  a.replica->AllowCommit(a.end());
  a.Settle();
  EXPECT_TRUE(a.replica->leads());
  EXPECT_EQ(a.replica->epoch_start(), a.end());
}

// Three nodes, any of which leads, follows and falls back in turn; whoever follows has the leader's
// log in the end, and no committed entry ever changes.
TEST(Roles, LogsAgreeHoweverRolesChange) {
  std::mt19937 random(5);
  int turns = 0, truncated = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::unique_ptr<TestNode>> nodes;
    for (uint64_t i = 0; i < 3; ++i) nodes.push_back(std::make_unique<TestNode>(i + 1));
    std::vector<uint64_t> committed_chain(1, 0);
    for (uint32_t epoch = 1; epoch <= 12; ++epoch) {
      // All are in the isr: the leader may be anybody who has what is committed.
      TestNode& leader = *nodes[random() % 3];
      leader.Lead({1, epoch});
      ASSERT_TRUE(leader.replica->leads());
      for (auto& node : nodes) {
        if (node.get() == &leader) continue;
        Index before = node->end();
        node->FollowIn({1, epoch}, leader);
        truncated += node->end() < before;
      }
      for (unsigned step = random() % 12; step > 0; --step) {
        for (unsigned n = random() % 3; n > 0; --n) leader.AppendNext(random() % 300);
        leader.now.monotonic_ns += 20'000'000;
        Index held = leader.end();
        for (auto& node : nodes) {
          if (node.get() != &leader) node->Follow(leader, random() % 4);
          held = std::min(held, node->end());
        }
        leader.Commit(held);
        for (auto& node : nodes) {
          if (random() % 2 == 0) node->replica->AllowCommit(held);
          node->Settle();
        }
        for (Index i(committed_chain.size()); i <= leader.committed(); i = i.next()) {
          committed_chain.push_back(leader.ChainAt(i));
        }
        for (auto& node : nodes) {
          for (Index i(1); i <= node->committed(); i = i.next()) {
            if (!node->replica->ring().Find(i).has_value()) continue;
            ASSERT_EQ(node->ChainAt(i), committed_chain[i.value()]);
          }
        }
        ++turns;
      }
    }
  }
  EXPECT_GT(turns, 500);
  EXPECT_GT(truncated, 50);
}

}  // namespace
}  // namespace ringjournal
