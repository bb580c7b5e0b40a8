// What tests of several shards do and expect again and again.
#ifndef SERVER_SESSION_TEST_CLUSTER_STEPS_H_
#define SERVER_SESSION_TEST_CLUSTER_STEPS_H_

#include <cstddef>
#include <cstdint>

#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {

// Appends until everything is acknowledged.
inline void AppendAndAwait(TestCluster* cluster, ConnectionNumber c, uint64_t from, uint64_t to) {
  ASSERT_GE(cluster->leader(), 0);
  size_t leader = static_cast<size_t>(cluster->leader());
  for (uint64_t sequence = from; sequence <= to; ++sequence) cluster->Append(leader, c, sequence);
  cluster->Run(20);
  ASSERT_EQ(cluster->TakeAcked(c), to - from + 1);
}

inline void ExpectEqualLogs(const TestCluster& cluster, size_t nodes) {
  for (size_t i = 1; i < nodes; ++i) {
    EXPECT_EQ(cluster.replica(i)->derived().position().chain,
              cluster.replica(0)->derived().position().chain)
        << "node " << i;
    EXPECT_EQ(cluster.replica(i)->marks().committed, cluster.replica(0)->marks().committed);
  }
}

}  // namespace ringjournal

#endif  // SERVER_SESSION_TEST_CLUSTER_STEPS_H_
