// A replicated journal with nothing to do takes no part in batches, and is there at once when
// something happens to it.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {
namespace {

constexpr size_t kNodes = 3;
// A heartbeat wakes everybody, so each moment between two of them is tried.
constexpr int kBetweenHeartbeatsMs = limits::kPeerHeartbeatMs;

bool IsAwake(const TestCluster& cluster, size_t node) {
  for (const auto& [id, journal] : cluster.shard(node).cluster()->journals()) {
    return journal->awake();
  }
  return false;
}

// Of the milliseconds of a while, those at whose end it was awake.
int AwakeMs(TestCluster* cluster, size_t node, int ms) {
  int awake = 0;
  for (int i = 0; i < ms; ++i) {
    cluster->Run(1);
    awake += IsAwake(*cluster, node);
  }
  return awake;
}

class ShardIdle : public testing::TestWithParam<bool> {
 protected:
  ShardIdle() : cluster(kNodes, /*memory_only=*/GetParam()) {
    cluster.Run(300);
    c = cluster.OpenReady(0, "p");
    cluster.Append(0, c, 1);
    cluster.Run(300);
    EXPECT_EQ(cluster.TakeAcked(c), 1u);
  }

  TestCluster cluster;
  ConnectionNumber c;
};

TEST_P(ShardIdle, ItSleepsBetweenHeartbeats) {
  for (size_t node = 0; node < kNodes; ++node) {
    EXPECT_LE(AwakeMs(&cluster, node, 100), 6) << "node " << node;
  }
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  EXPECT_EQ(cluster.config().epoch(), 1u);
}

TEST_P(ShardIdle, AnAppendIsAcknowledgedAtOnceAndAllKnowThatItIsCommitted) {
  while (IsAwake(cluster, 0) || IsAwake(cluster, 1) || IsAwake(cluster, 2)) cluster.Run(1);
  cluster.Append(0, c, 2);
  cluster.Run(2);
  EXPECT_EQ(cluster.TakeAcked(c), 1u);
  for (size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(cluster.replica(node)->marks().committed, cluster.replica(0)->marks().end);
  }
}

// The disk's answer is all that wakes a backup then.
TEST_P(ShardIdle, WhatABackupHasOnDiskIsToldAtOnce) {
  if (GetParam()) GTEST_SKIP() << "no disk";
  cluster.Append(0, c, 2, v1::LEVEL_DISK_QUORUM);
  cluster.Run(15);
  EXPECT_EQ(cluster.TakeAcked(c), 1u);
}

TEST_P(ShardIdle, ALinearizableEndIsAskedForAtOnce) {
  v1::ClientMessage message;
  message.mutable_open()->set_request_id(2);
  message.mutable_open()->set_journal(TestCluster::kJournal);
  message.mutable_open()->set_linearizable(true);
  for (int ms = 0; ms < kBetweenHeartbeatsMs; ++ms) {
    cluster.Run(kBetweenHeartbeatsMs + 1);  // each time another moment between two heartbeats
    ConnectionNumber reader = cluster.Ask(0, message);
    cluster.Run(2);
    EXPECT_EQ(cluster.Take(reader).size(), 2u) << "hello and open, " << ms;
  }
}

// That a socket has room again wakes nobody: who has something to send is awake.
TEST_P(ShardIdle, WhatASocketHadNoRoomForIsSentOnceItHas) {
  for (int ms = 0; ms < kBetweenHeartbeatsMs; ++ms) {
    cluster.Queue(0, 1, limits::kPeerSendQueueBytesMax);
    cluster.Append(0, c, 2 + static_cast<uint64_t>(ms));
    cluster.Run(kBetweenHeartbeatsMs + ms);
    EXPECT_EQ(cluster.TakeAcked(c), 0u);
    cluster.Queue(0, 1, 0);
    cluster.Run(2);
    EXPECT_EQ(cluster.TakeAcked(c), 1u) << ms;
  }
}

TEST_P(ShardIdle, ASilentBackupKeepsTheLeaderAwakeUntilItIsDropped) {
  cluster.Silence(0, 2);
  cluster.Run(120);
  EXPECT_GE(AwakeMs(&cluster, 0, 50), 45);
  cluster.Run(400);
  EXPECT_EQ(cluster.Isr(), "n1 n2");
}

INSTANTIATE_TEST_SUITE_P(MemoryOnlyAndWithADisk, ShardIdle, testing::Bool(),
                         [](const auto& p) { return p.param ? "memory" : "disk"; });

}  // namespace
}  // namespace ringjournal
