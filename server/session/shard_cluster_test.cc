// Three shards that replicate one journal, in a world where only what a test does goes wrong. What
// chance may do to them is the simulator's business.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {
namespace {

// Appends until everything is acknowledged.
void AppendAndAwait(TestCluster* cluster, ConnectionNumber c, uint64_t from, uint64_t to) {
  size_t leader = static_cast<size_t>(cluster->leader());
  for (uint64_t sequence = from; sequence <= to; ++sequence) cluster->Append(leader, c, sequence);
  cluster->Run(20);
  ASSERT_EQ(cluster->TakeAcked(c), to - from + 1);
}

void ExpectEqualLogs(const TestCluster& cluster, size_t nodes) {
  for (size_t i = 1; i < nodes; ++i) {
    EXPECT_EQ(cluster.replica(i)->derived().position().chain,
              cluster.replica(0)->derived().position().chain)
        << "node " << i;
    EXPECT_EQ(cluster.replica(i)->marks().committed, cluster.replica(0)->marks().committed);
  }
}

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
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
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
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
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

TEST(ShardCluster, WhenTheLeaderDiesABackupLeadsAtOnceWithEverythingAcknowledged) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
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
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
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
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
  AppendAndAwait(&cluster, c, 1, 200);
  cluster.Kill(1);
  cluster.Run(300);
  AppendAndAwait(&cluster, c, 201, 400);
  cluster.Start(1, false);
  cluster.Run(1000);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, ADeposedLeaderTellsItsClientsAndFollows) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
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

TEST(ShardCluster, AllProcessesDieAndTheMemoryLeads) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
  AppendAndAwait(&cluster, c, 1, 10);
  Lsn acked = cluster.replica(0)->marks().committed.lsn;
  for (size_t i = 0; i < 3; ++i) cluster.Kill(i);
  for (size_t i = 0; i < 3; ++i) cluster.Start(i, true);
  cluster.Run(2000);
  ASSERT_GE(cluster.leader(), 0);
  EXPECT_EQ(cluster.config().generation(), 1u) << "nothing was lost";
  EXPECT_GE(cluster.replica(0)->marks().committed.lsn, acked);
  EXPECT_EQ(cluster.config().isr_size(), 3);
  ExpectEqualLogs(cluster, 3);
}

TEST(ShardCluster, AllMemoryIsLostAndTheLossIsReported) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
  AppendAndAwait(&cluster, c, 1, 10);
  for (size_t i = 0; i < 3; ++i) cluster.Kill(i);
  for (size_t i = 0; i < 3; ++i) cluster.Start(i, false);
  cluster.Run(3000);
  ASSERT_GE(cluster.leader(), 0);
  EXPECT_EQ(cluster.config().generation(), 2u);
  ASSERT_EQ(cluster.config().losses_size(), 1);
  EXPECT_EQ(cluster.config().losses(0).first_lsn(), 1u);
  EXPECT_EQ(cluster.config().isr_size(), 3);
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
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  cluster.Take(c);
  for (uint64_t sequence = 1; sequence <= 20; ++sequence) {
    cluster.Append(0, c, sequence, v1::LEVEL_DISK_QUORUM);
  }
  cluster.Run(100);
  EXPECT_EQ(cluster.TakeAcked(c), 20u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.replica(i)->marks().durable, cluster.replica(0)->marks().end) << i;
  }
}

}  // namespace
}  // namespace ringjournal
