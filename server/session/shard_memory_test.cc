// Processes of a cluster die and their memory stays, or does not: who leads then, and what is lost.
#include "gtest/gtest.h"
#include "server/session/test_cluster_steps.h"

namespace ringjournal {
namespace {

TEST(ShardMemory, AllProcessesDieAndTheMemoryLeads) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
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

// Below min_isr the leader commits nothing, so it does not go on without the memory of who has
// restarted: that one may lead where the leader's own is lost.
TEST(ShardMemory, BelowMinIsrTheMemoryOfWhoHasRestartedCountsOn) {
  TestCluster cluster(2, true, 2);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  AppendAndAwait(&cluster, c, 1, 10);
  const Index end = cluster.replica(1)->marks().end.index;
  cluster.Silence(0, 1);
  cluster.Kill(1);
  cluster.Start(1, true);
  cluster.Run(500);
  ASSERT_EQ(cluster.Isr(), "n1");
  EXPECT_EQ(cluster.config().complete_size(), 2);
  cluster.Kill(0);
  cluster.Heal();
  cluster.Start(0, false);
  cluster.Run(3000);
  EXPECT_EQ(cluster.leader(), 1);
  EXPECT_EQ(cluster.config().generation(), 1u);
  EXPECT_GE(cluster.replica(0)->marks().end.index, end);
}

// The leader's log begins behind the end of who comes back, so that one begins anew at a state of
// all that it held: its memory counts under the life that `complete` names (seed 23025838).
TEST(ShardMemory, WhoBeginsAnewAtALaterStateThanItsEndCountsOn) {
  TestCluster cluster(3, true, 2);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  for (uint64_t from = 1; from < 1000; from += 100) AppendAndAwait(&cluster, c, from, from + 99);
  ASSERT_GT(cluster.replica(0)->ring().oldest().index, Index(1)) << "it wraps";
  cluster.Kill(1);
  cluster.Start(1, false);
  cluster.Run(30);
  ASSERT_EQ(cluster.Isr(), "n1 n3 n2");
  const Index end = cluster.replica(2)->marks().end.index;
  ASSERT_EQ(cluster.replica(1)->ring().oldest().index, end.next());

  // n2 leads, and n3 hears nothing of it.
  cluster.Silence(0, 2);
  cluster.Silence(1, 2);
  v1::ClientMessage move;
  move.mutable_journal_move_leader()->set_name(TestCluster::kJournal);
  move.mutable_journal_move_leader()->set_target("n2");
  cluster.Ask(0, move);
  cluster.Run(50);
  ASSERT_EQ(cluster.config().leader().node(), "n2");
  cluster.Kill(0);
  cluster.Kill(2);
  ASSERT_EQ(cluster.replica(1)->ring().oldest().index, end.next());

  cluster.Heal();
  cluster.Silence(0, 1);
  cluster.Start(0, false);
  cluster.Start(2, true);
  cluster.Delay(5);  // so that n2 dies before it hears that n3 follows
  for (int ms = 0; ms < 300 && cluster.replica(2)->ring().oldest().index <= end; ++ms) {
    cluster.Run(1);
  }
  ASSERT_EQ(cluster.replica(2)->ring().oldest().index, end.next()) << "it began anew";
  cluster.Kill(1);
  ASSERT_EQ(cluster.Isr(), "n2") << "n3 was not taken back";
  ASSERT_TRUE(Names(cluster.config().complete(), {"n3", Incarnation(1)}));
  cluster.Start(1, false);
  cluster.Run(3000);
  EXPECT_EQ(cluster.leader(), 2);
  EXPECT_EQ(cluster.config().generation(), 1u) << "nothing was lost";
}

TEST(ShardMemory, AllMemoryIsLostAndTheLossIsReported) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
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

}  // namespace
}  // namespace ringjournal
