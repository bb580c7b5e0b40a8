// What comes from other nodes and is wrong: it is refused, said where it is no part of an ordinary
// change of the leader, and changes nothing that is committed.
#include <functional>
#include <string>
#include <vector>

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
  // Changes each message of a peer in these bytes, which are whole frames.
  static void ChangeEach(const std::function<void(v1::PeerMessage*)>& change, std::string* bytes) {
    FrameDecoder decoder(limits::kPeerFrameBytesMax);
    ByteSpan rest = AsBytes(*bytes), frame;
    std::string changed;
    while (decoder.Next(&rest, &frame) == FrameDecoder::Result::kFrame) {
      v1::PeerMessage message;
      ASSERT_TRUE(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
      change(&message);
      AppendFrame(message.SerializeAsString(), &changed);
    }
    *bytes = changed;
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
    if (to != 0) return;
    ChangeEach(
        [](v1::PeerMessage* m) {
          if (m->has_replicate_ack()) m->mutable_replicate_ack()->set_epoch(7);
        },
        bytes);
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
    if (from != 0) return;
    ChangeEach(
        [](v1::PeerMessage* m) {
          if (m->has_replicate()) m->mutable_replicate()->set_epoch(7);
        },
        bytes);
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
