// Nodes that are added to a journal's members, and taken from them.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_plans.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

class ShardMembership : public testing::TestWithParam<bool> {
 protected:
  explicit ShardMembership(uint32_t min_isr = 1) : cluster(3, GetParam(), min_isr) {
    cluster.Run(300);
    c = cluster.Open(0, "p");
    cluster.Run(5);
    cluster.Take(c);
    Append(10);
  }
  void Append(uint64_t count) {
    ASSERT_GE(cluster.leader(), 0);
    for (uint64_t i = 0; i < count; ++i) {
      cluster.Append(static_cast<size_t>(cluster.leader()), c, ++sequence);
    }
    cluster.Run(50);
    ASSERT_EQ(cluster.TakeAcked(c), count);
  }
  void Remove(const std::string& node) {
    ConnectionNumber request = RemoveMember(&cluster, 0, node);
    cluster.Run(100);
    v1::ServerMessage answer = AnswerTo(&cluster, request);
    ASSERT_TRUE(answer.has_journal_reply()) << answer.DebugString();
  }

  TestCluster cluster;
  ConnectionNumber c = 0;
  uint64_t sequence = 0;
};

TEST_P(ShardMembership, WhoIsRemovedLeavesTheInSyncSetFirstAndIsNotNeededAnyMore) {
  uint64_t before = cluster.document()->version();
  Remove("n3");
  EXPECT_EQ(cluster.Members(), "n1 n2");
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  EXPECT_EQ(cluster.document()->version(), before + 2) << "two steps";
  EXPECT_EQ(cluster.config().epoch(), 1u);
  EXPECT_EQ(cluster.replica(2), nullptr) << "its replica is given up";
  cluster.Kill(2);
  Append(10);
}

TEST_P(ShardMembership, ANodeThatIsNoMemberSaysWhoLeads) {
  Remove("n3");
  ConnectionNumber d = cluster.Open(2, "q");
  cluster.Run(5);
  v1::ServerMessage answer = AnswerTo(&cluster, d);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answer.error().not_leader().leader_address(), "n1");
}

TEST_P(ShardMembership, WhoIsAddedAgainBeginsEmptyAndBecomesInSync) {
  Remove("n3");
  Append(10);
  ConnectionNumber request = AddMember(&cluster, 0, "n3");
  cluster.Run(20);
  ASSERT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
  EXPECT_EQ(cluster.Members(), "n1 n2 n3");
  Append(10);
  cluster.Run(1500);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  EXPECT_EQ(cluster.config().learners_size(), 0);
  ASSERT_NE(cluster.replica(2), nullptr);
  EXPECT_EQ(cluster.replica(2)->derived().position().chain,
            cluster.replica(0)->derived().position().chain);
  EXPECT_EQ(cluster.replica(2)->marks().oldest.index, Index(1));
}

TEST_P(ShardMembership, AMemberIsALearnerUntilItIsInSync) {
  Remove("n3");
  cluster.Silence(0, 2);
  AddMember(&cluster, 0, "n3");
  cluster.Run(300);
  ASSERT_EQ(cluster.config().learners_size(), 1);
  EXPECT_EQ(cluster.config().learners(0), "n3");
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  cluster.Heal();
  cluster.Run(1500);
  EXPECT_EQ(cluster.config().learners_size(), 0);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
}

TEST_P(ShardMembership, TheLeaderIsNotRemovedBeforeAnotherLeads) {
  ConnectionNumber request = RemoveMember(&cluster, 0, "n1");
  cluster.Run(20);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(answer.error().message(), HasSubstr("move the leader to another node first"));
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(100);
  ASSERT_EQ(cluster.leader(), 1);
  request = RemoveMember(&cluster, 1, "n1");
  cluster.Run(100);
  EXPECT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
  EXPECT_EQ(cluster.Members(), "n2 n3");
}

TEST_P(ShardMembership, WhatCannotBeIsRefusedWithTheReason) {
  ConnectionNumber request = AddMember(&cluster, 0, "n9");
  cluster.Run(5);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_BAD_SETTING);
  EXPECT_THAT(answer.error().message(), HasSubstr("no such node is registered; start it first"));
  request = AddMember(&cluster, 0, "n2");
  cluster.Run(5);
  EXPECT_THAT(AnswerTo(&cluster, request).error().message(), HasSubstr("it is a member already"));
  request = RemoveMember(&cluster, 0, "n9");
  cluster.Run(5);
  EXPECT_THAT(AnswerTo(&cluster, request).error().message(), HasSubstr("is not a member"));
  request = RemoveMember(&cluster, 2, "n2");
  cluster.Run(5);
  EXPECT_EQ(AnswerTo(&cluster, request).error().not_leader().leader_address(), "n1");
  EXPECT_EQ(cluster.Members(), "n1 n2 n3");
}

TEST_P(ShardMembership, ASecondChangeIsToldWhatIsInFlight) {
  cluster.HoldAnswers();
  RemoveMember(&cluster, 0, "n3");
  cluster.Run(5);
  ConnectionNumber second = RemoveMember(&cluster, 0, "n2");
  ConnectionNumber move = MoveLeader(&cluster, 0, "n2");
  cluster.Run(5);
  for (ConnectionNumber request : {second, move}) {
    v1::ServerMessage answer = AnswerTo(&cluster, request);
    EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
    EXPECT_THAT(answer.error().message(), HasSubstr("node n3, which is to leave the members"));
  }
  cluster.Answer();
  cluster.Run(100);
  EXPECT_EQ(cluster.Members(), "n1 n2");
}

// Its disk may be what a majority was counted with.
TEST_P(ShardMembership, NobodyLeavesWhileHisDiskIsNeeded) {
  if (GetParam()) return;  // memory only
  cluster.Kill(1);
  cluster.Run(300);
  ASSERT_EQ(cluster.Isr(), "n1 n3");
  Append(10);
  ConnectionNumber request = RemoveMember(&cluster, 0, "n3");
  cluster.Run(9000);
  EXPECT_EQ(AnswerTo(&cluster, request).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  EXPECT_EQ(cluster.Isr(), "n1");
  cluster.Run(2000);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_THAT(answer.error().message(), HasSubstr("its disk may be needed"));
  EXPECT_EQ(cluster.Members(), "n1 n2 n3");
  cluster.Run(1000);
  EXPECT_EQ(cluster.Isr(), "n1 n3") << "it is taken back";
}

INSTANTIATE_TEST_SUITE_P(Disks, ShardMembership, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "MemoryOnly" : "WithDisks"; });

class ShardMembershipMinIsr : public ShardMembership {
 protected:
  ShardMembershipMinIsr() : ShardMembership(2) {}
};

TEST_P(ShardMembershipMinIsr, NobodyLeavesBelowMinIsr) {
  Remove("n3");
  ConnectionNumber request = RemoveMember(&cluster, 0, "n2");
  cluster.Run(20);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(answer.error().message(), HasSubstr("min_isr is 2"));
  EXPECT_EQ(cluster.Isr(), "n1 n2");
}

INSTANTIATE_TEST_SUITE_P(Disks, ShardMembershipMinIsr, testing::Values(true),
                         [](const auto&) { return "MemoryOnly"; });

}  // namespace
}  // namespace ringjournal
