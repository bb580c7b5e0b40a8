// What comes from other nodes and is wrong: it is refused, said where it is no part of an ordinary
// change of the leader, and changes nothing that is committed.
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {
namespace {

using testing::Contains;
using testing::HasSubstr;

class BadPeerInput : public testing::Test {
 protected:
  BadPeerInput() : cluster(3) {
    cluster.Run(300);
    client = cluster.OpenReady(0, "p");
  }
  // Another epoch in each Replicate and ReplicateAck of these bytes, which stay what they are else:
  // both begin with the journal's id, the generation and the epoch.
  void ChangeEpochs(std::string* bytes) const {
    const std::string id = cluster.config().id();
    for (size_t at = bytes->find(id); at != std::string::npos; at = bytes->find(id, at + 1)) {
      std::string_view rest = std::string_view(*bytes).substr(at + id.size());
      if (rest.size() >= 10 && rest[0] == '\x15' && rest[5] == '\x1d') {
        (*bytes)[at + id.size() + 6] = 7;
      }
    }
  }
  void ExpectEqualLogs() {
    for (size_t i = 1; i < 3; ++i) {
      EXPECT_EQ(cluster.replica(i)->derived().position().chain,
                cluster.replica(0)->derived().position().chain)
          << "node " << i;
      EXPECT_EQ(cluster.replica(i)->marks().committed, cluster.replica(0)->marks().committed);
    }
  }
  TestCluster cluster;
  ConnectionNumber client = 0;
};

TEST_F(BadPeerInput, EntriesThatDoNotVerifyAreRefusedWithTheReasonAndFetchedAgain) {
  const uint64_t chain = cluster.replica(1)->derived().position().chain;
  bool damaged = false;
  uint64_t chain_after_damage = 0;
  cluster.tamper = [&](size_t from, size_t to, std::string* bytes) {
    if (damaged) chain_after_damage = cluster.replica(1)->derived().position().chain;
    if (damaged || from != 0 || to != 1 || bytes->size() < 128) return;
    bytes->back() ^= 1;  // of the payload
    damaged = true;
  };
  cluster.Append(0, client, 1);
  cluster.Run(1);
  ASSERT_TRUE(damaged);
  EXPECT_EQ(chain_after_damage, chain) << "nothing of it was taken";
  cluster.Run(300);
  EXPECT_EQ(cluster.TakeAcked(client), 1u);
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("entries from n1 were refused")));
  ExpectEqualLogs();
}

TEST_F(BadPeerInput, AcknowledgementsOfAnotherEpochCountForNothing) {
  cluster.tamper = [&](size_t, size_t to, std::string* bytes) {
    if (to == 0) ChangeEpochs(bytes);
  };
  const Watermark committed = cluster.replica(0)->marks().committed;
  cluster.Append(0, client, 1);
  cluster.Run(50);
  EXPECT_EQ(cluster.TakeAcked(client), 0u);
  EXPECT_EQ(cluster.replica(0)->marks().committed, committed);
  cluster.tamper = nullptr;
  cluster.Run(300);
  EXPECT_EQ(cluster.TakeAcked(client), 1u);
  ExpectEqualLogs();
}

TEST_F(BadPeerInput, EntriesOfAnotherEpochAreNotTaken) {
  cluster.tamper = [&](size_t from, size_t, std::string* bytes) {
    if (from == 0) ChangeEpochs(bytes);
  };
  const uint64_t chain = cluster.replica(1)->derived().position().chain;
  cluster.Append(0, client, 1);
  cluster.Run(50);
  EXPECT_EQ(cluster.TakeAcked(client), 0u);
  EXPECT_EQ(cluster.replica(1)->derived().position().chain, chain);
  cluster.tamper = nullptr;
  cluster.Run(300);
  EXPECT_EQ(cluster.TakeAcked(client), 1u);
  ExpectEqualLogs();
}

}  // namespace
}  // namespace ringjournal
