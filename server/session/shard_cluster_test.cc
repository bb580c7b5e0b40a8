// Three shards that replicate one journal, in a world where only what a test does goes wrong. What
// chance may do to them is the simulator's business.
#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster_steps.h"

namespace ringjournal {
namespace {

TEST(ShardCluster, ANewJournalGetsALeaderAndEveryMemberFollows) {
  TestCluster cluster(3);
  cluster.Run(300);
  EXPECT_EQ(cluster.leader(), 0);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, AnAppendIsAcknowledgedOnceEveryoneInSyncHasIt) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.Silence(0, 2);
  cluster.Append(0, c, 1);
  cluster.Run(50);
  EXPECT_EQ(cluster.TakeAcked(c), 0u);
  cluster.Heal();
  cluster.Run(20);
  EXPECT_EQ(cluster.TakeAcked(c), 1u);
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, ASilentBackupIsDroppedAndTakenBack) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.Silence(0, 2);
  cluster.Append(0, c, 1);
  cluster.Run(400);
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  EXPECT_EQ(cluster.TakeAcked(c), 1u);
  cluster.Heal();
  cluster.Run(1000);
  EXPECT_THAT(cluster.Isr(), testing::AnyOf("n1 n2 n3", "n1 n3 n2"));
  ExpectEqualLogs(cluster, 3);
}

// It has everything, as nothing is appended; and yet it would be dropped again at once.
TEST(ShardCluster, ASilentBackupIsNotTakenBackForWhatItOnceHad) {
  TestCluster cluster(3);
  cluster.Run(300);
  cluster.Silence(0, 2);
  cluster.Silence(1, 2);
  cluster.Run(3000);
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  EXPECT_EQ(cluster.config().epoch(), 1u);
  size_t drops = 0;
  for (const std::string& note : cluster.notes) drops += note.find("to drop") != std::string::npos;
  EXPECT_EQ(drops, 1u);
}

// Each answer comes after the question has been asked again.
TEST(ShardCluster, ABackupFollowsAlsoWhereAnswersTakeLongerThanTheRetry) {
  TestCluster cluster(3);
  cluster.Delay(35);
  cluster.Run(2000);
  EXPECT_EQ(cluster.config().isr_size(), 3);
  EXPECT_EQ(cluster.config().epoch(), 1u);
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, AProcessWhoseNameAnotherHasTakenStops) {
  TestCluster cluster(3);
  cluster.Run(300);
  cluster.Replace(2);
  EXPECT_EQ(cluster.fatal(2), "");
  cluster.Run(700);
  EXPECT_THAT(cluster.fatal(2), testing::HasSubstr("was started again elsewhere"));
}

TEST(ShardCluster, WhenTheLeaderDiesABackupLeadsAtOnceWithEverythingAcknowledged) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  AppendAndAwait(&cluster, c, 1, 10);
  Lsn acked = cluster.replica(0)->marks().committed.lsn;
  cluster.Kill(0);
  cluster.Run(60);
  ASSERT_GT(cluster.leader(), 0);
  size_t leader = static_cast<size_t>(cluster.leader());
  EXPECT_EQ(cluster.config().epoch(), 2u);
  EXPECT_GE(cluster.replica(leader)->marks().committed.lsn, acked);
  c = cluster.Open(leader, "p");
  cluster.Run(5);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].open_reply().last_sequence(), 10u);
  AppendAndAwait(&cluster, c, 11, 20);
}

TEST(ShardCluster, ARestartedNodeFollowsFromItsMemory) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  AppendAndAwait(&cluster, c, 1, 10);
  cluster.Kill(2);
  cluster.Run(300);
  AppendAndAwait(&cluster, c, 11, 20);
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  cluster.Start(2, true);
  cluster.Run(1000);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, AnEmptiedNodeComesBack) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  AppendAndAwait(&cluster, c, 1, 200);
  cluster.Kill(1);
  cluster.Run(300);
  AppendAndAwait(&cluster, c, 201, 400);
  cluster.Start(1, false);
  cluster.Run(1000);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
  ExpectEqualLogs(cluster, 3);
}

// Cut off from both, it would drop both and go on alone, if that were allowed.
TEST(ShardCluster, ADeposedLeaderTellsItsClientsAndFollows) {
  TestCluster cluster(3, true, 2);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.Silence(0, 1);
  cluster.Silence(0, 2);
  cluster.Append(0, c, 1);
  cluster.Run(600);
  EXPECT_EQ(cluster.config().epoch(), 2u);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_FALSE(answers.empty());
  EXPECT_EQ(answers.back().error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(cluster.TakeAcked(c), 0u);
  cluster.Heal();
  cluster.Run(1000);
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, ABackupSaysWhoLeads) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.Open(1, "p");
  cluster.Run(5);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answers[1].error().not_leader().leader_address(), "n1");
}

TEST(ShardCluster, EveryMemberCopiesToItsDisk) {
  TestCluster cluster(3, false);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  for (uint64_t sequence = 1; sequence <= 20; ++sequence) {
    cluster.Append(0, c, sequence, v1::LEVEL_DISK_QUORUM);
  }
  cluster.Run(100);
  EXPECT_EQ(cluster.TakeAcked(c), 20u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.replica(i)->marks().durable, cluster.replica(0)->marks().end) << i;
  }
}

// Transactions that a read of everything gets on node i, and why it ended.
uint64_t ReadAll(TestCluster* cluster, size_t i, v1::ReadEnd::Reason* reason) {
  ConnectionNumber c = cluster->OpenReady(i, "");
  v1::ClientMessage m;
  m.mutable_read()->set_request_id(8);
  m.mutable_read()->mutable_from()->set_lsn(1);
  m.mutable_read()->set_credit_bytes(limits::kReadCreditBytesMax);
  cluster->Send(i, c, FrameOf(m));
  cluster->Run(100);
  uint64_t transactions = 0;
  for (const v1::ServerMessage& answer : cluster->Take(c)) {
    for (const v1::Entry& entry : answer.read_data().entries().entries()) {
      transactions += static_cast<uint64_t>(entry.transactions_size());
    }
    if (answer.has_read_end()) *reason = answer.read_end().reason();
  }
  return transactions;
}

// Three nodes with disks; the ring of the two that stay has long forgotten what the third lacks.
class CatchUpFromSegments : public testing::Test {
 protected:
  CatchUpFromSegments() : cluster(3, false) {
    cluster.Run(300);
    c = cluster.OpenReady(0, "p");
  }
  void AppendUntil(uint64_t sequence) {
    while (next < sequence) {
      uint64_t to = std::min(next + 100, sequence);
      AppendAndAwait(&cluster, c, next, to - 1);
      next = to;
    }
  }
  bool Noted(const std::string& text) const {
    for (const std::string& note : cluster.notes) {
      if (note.find(text) != std::string::npos) return true;
    }
    return false;
  }

  TestCluster cluster;
  ConnectionNumber c = 0;
  uint64_t next = 1;
};

TEST_F(CatchUpFromSegments, AnEmptiedNodeGetsTheWholeLogAndServesItAsLeader) {
  AppendUntil(301);
  cluster.Kill(1);
  cluster.Run(300);
  AppendUntil(2001);
  ASSERT_GT(cluster.replica(0)->ring().oldest().index, Index(1000));
  cluster.Start(1, false);
  cluster.Run(1500);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
  ExpectEqualLogs(cluster, 3);
  EXPECT_EQ(cluster.replica(1)->marks().oldest.index, Index(1));
  EXPECT_EQ(cluster.replica(1)->marks().durable, cluster.replica(0)->marks().end);
  EXPECT_TRUE(Noted("follows from entry 1, from the segments"));
  EXPECT_TRUE(Noted("goes on from the ring at entry"));
  cluster.Kill(0);
  cluster.Kill(2);
  cluster.Start(2, false);
  cluster.Run(1500);
  ASSERT_EQ(cluster.leader(), 1);
  v1::ReadEnd::Reason reason = v1::ReadEnd::REASON_UNKNOWN;
  EXPECT_EQ(ReadAll(&cluster, 1, &reason), 2000u);
  EXPECT_EQ(reason, v1::ReadEnd::REASON_REACHED_END);
  EXPECT_EQ(cluster.replica(2)->marks().oldest.index, Index(1));
}

TEST_F(CatchUpFromSegments, ABackupThatWasAwayForLongKeepsWhatItHas) {
  AppendUntil(301);
  cluster.Silence(0, 2);
  cluster.Silence(1, 2);
  cluster.Run(400);
  Index kept = cluster.replica(2)->marks().end.index;
  AppendUntil(2001);
  cluster.Heal();
  cluster.Run(1500);
  EXPECT_EQ(cluster.config().isr_size(), 3);
  ExpectEqualLogs(cluster, 3);
  EXPECT_EQ(cluster.replica(2)->marks().oldest.index, Index(1));
  std::string from =
      "follows from entry " + std::to_string(kept.value() + 1) + ", from the segments";
  EXPECT_TRUE(Noted(from)) << from;
}

// Each answer would read and send everything again.
TEST_F(CatchUpFromSegments, AQuestionThatIsRepeatedIsAnsweredOnce) {
  AppendUntil(301);
  cluster.Kill(1);
  cluster.Run(300);
  AppendUntil(2001);
  cluster.Delay(10);
  cluster.Start(1, false);
  cluster.Run(3000);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
  const auto answered = std::ranges::count_if(cluster.notes, [](const std::string& note) {
    return note.find(", from the segments") != std::string::npos;
  });
  EXPECT_EQ(answered, 1);
}

TEST_F(CatchUpFromSegments, AppendsGoOnMeanwhile) {
  AppendUntil(301);
  cluster.Kill(1);
  cluster.Run(300);
  AppendUntil(2001);
  cluster.Start(1, false);
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < 10; ++k) cluster.Append(0, c, next++);
    cluster.Run(10);
  }
  cluster.Run(500);
  EXPECT_EQ(cluster.TakeAcked(c), 500u);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
  ExpectEqualLogs(cluster, 3);
  EXPECT_EQ(cluster.replica(1)->marks().oldest.index, Index(1));
}

TEST_F(CatchUpFromSegments, ALeaderThatDiesMeanwhileIsFollowedByAnotherCatchUp) {
  AppendUntil(2001);
  cluster.Kill(1);
  cluster.Run(300);
  cluster.Delay(2);  // so that there is a middle to die in
  cluster.Start(1, false);
  // It has begun, and is not done.
  auto has_begun = [&] {
    const Replica* replica = cluster.replica(1);
    return replica != nullptr && replica->marks().end.index > Index(0);
  };
  for (int i = 0; i < 200 && !has_begun(); ++i) cluster.Run(1);
  ASSERT_TRUE(has_begun());
  ASSERT_GT(cluster.replica(1)->marks().end.index, Index(0));
  ASSERT_LT(cluster.replica(1)->marks().end.index, cluster.replica(0)->marks().end.index);
  cluster.Kill(0);
  cluster.Run(1500);
  ASSERT_EQ(cluster.leader(), 2);
  EXPECT_EQ(cluster.replica(1)->marks().oldest.index, Index(1));
  EXPECT_EQ(cluster.replica(1)->marks().committed, cluster.replica(2)->marks().committed);
}

}  // namespace
}  // namespace ringjournal
