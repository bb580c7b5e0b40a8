// Producers of a journal, as clients ask for them.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::ClientMessage ListOf(const std::string& prefix = "", const std::string& from = "",
                         uint32_t limit = 0) {
  v1::ClientMessage m;
  m.mutable_producer_list()->set_request_id(9);
  m.mutable_producer_list()->set_prefix(prefix);
  m.mutable_producer_list()->set_from(from);
  m.mutable_producer_list()->set_limit(limit);
  return m;
}

std::vector<std::string> NamesOf(const v1::ProducerListReply& reply) {
  std::vector<std::string> names;
  for (const v1::ListedProducer& p : reply.producers()) names.push_back(p.producer().name());
  return names;
}

class ShardProducers : public testing::Test {
 protected:
  static constexpr ConnectionNumber kReader = 99;

  void SetUp() override {
    t.settings.set_ring_bytes(1 << 20);
    t.settings.set_producers_max(kRoom);
    t.ring_producers = kRoom;
    t.Open(1, "b");
    OpenMore(2, "a");
    OpenMore(3, "b-1");
    for (uint64_t i = 1; i <= 5; ++i) t.Append(1, i, 10, v1::LEVEL_REPLICATED);
    OpenMore(kReader, "");
  }
  void OpenMore(ConnectionNumber c, const std::string& producer) {
    t.Connect(c);
    t.Send(c, OpenFrame(producer));
    t.Settle();
    t.Take(c);
  }
  v1::ServerMessage Ask(const v1::ClientMessage& request, ConnectionNumber c = kReader) {
    t.Send(c, request);
    t.SettleFor(100);
    return t.TakeLast(c);
  }

  static constexpr uint32_t kRoom = 2000;
  TestServer t;
};

TEST_F(ShardProducers, EachIsListedWithWhatItHasAppendedAndWhetherItIsConnected) {
  t.Step(ReceiveEnded{2, 1});
  t.Settle();
  const v1::ProducerListReply reply = Ask(ListOf()).producer_list_reply();
  EXPECT_EQ(reply.request_id(), 9u);
  EXPECT_EQ(reply.producer_count(), 3u);
  EXPECT_EQ(reply.generation(), 1u);
  EXPECT_EQ(reply.next(), "");
  ASSERT_THAT(NamesOf(reply), ElementsAre("a", "b", "b-1"));
  EXPECT_FALSE(reply.producers(0).open()) << "its session has ended";
  EXPECT_TRUE(reply.producers(1).open());
  const v1::Producer& b = reply.producers(1).producer();
  EXPECT_EQ(b.epoch(), 1u);
  EXPECT_EQ(b.last_sequence(), 5u);
  EXPECT_EQ(b.last_lsn(), 5u);
  EXPECT_EQ(b.last_index(), t.replica().derived().position().last().index.value());
  EXPECT_EQ(reply.producers(2).producer().last_sequence(), 0u);
}

TEST_F(ShardProducers, AFencedSessionIsNotOpenAndItsSuccessorIs) {
  OpenMore(4, "b");
  EXPECT_TRUE(Ask(ListOf("b", "", 1)).producer_list_reply().producers(0).open());
  v1::ClientMessage settle;
  settle.mutable_resolve()->set_producer("b");
  settle.mutable_resolve()->set_sequence(6);
  settle.mutable_resolve()->set_settle(true);
  Ask(settle);
  const v1::ProducerListReply reply = Ask(ListOf("b", "", 1)).producer_list_reply();
  EXPECT_FALSE(reply.producers(0).open());
  EXPECT_EQ(reply.producers(0).producer().epoch(), 3u);
}

TEST_F(ShardProducers, PagesGoOnWhereTheLastOneEnded) {
  v1::ProducerListReply page = Ask(ListOf("b", "", 1)).producer_list_reply();
  EXPECT_THAT(NamesOf(page), ElementsAre("b"));
  EXPECT_EQ(page.next(), "b-1");
  page = Ask(ListOf("b", page.next(), 1)).producer_list_reply();
  EXPECT_THAT(NamesOf(page), ElementsAre("b-1"));
  EXPECT_EQ(page.next(), "");
  EXPECT_EQ(Ask(ListOf("c")).producer_list_reply().producers_size(), 0);
}

TEST_F(ShardProducers, OneAnswerNamesNoMoreThanItsLimitWhateverIsAsked) {
  for (ConnectionNumber i = 0; i < limits::kProducersNamedMax; ++i) {
    OpenMore(100 + i, "copy-" + std::string(50, 'x') + std::to_string(1000 + i));
    t.Step(ReceiveEnded{100 + i, 1});
  }
  const v1::ServerMessage answer = Ask(ListOf("", "", 1'000'000));
  EXPECT_EQ(answer.producer_list_reply().producers_size(), limits::kProducersNamedMax);
  EXPECT_EQ(answer.producer_list_reply().producer_count(), limits::kProducersNamedMax + 3);
  EXPECT_LT(answer.ByteSizeLong(), 160 * limits::kKiB);
  const std::string next = answer.producer_list_reply().next();
  EXPECT_EQ(Ask(ListOf("", next)).producer_list_reply().producers_size(), 3);
}

TEST_F(ShardProducers, WithoutAJournalThereIsNothingToList) {
  t.Connect(5);
  t.Take(5);
  const v1::ServerMessage answer = Ask(ListOf(), 5);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_OPEN);
  EXPECT_EQ(answer.error().request_id(), 9u);
  EXPECT_THAT(answer.error().message(), HasSubstr("open the journal"));
}

class ClusterProducers : public testing::Test {
 protected:
  ClusterProducers() : cluster(3) { cluster.Run(300); }
  v1::ServerMessage Last(ConnectionNumber c) {
    std::vector<v1::ServerMessage> answers = cluster.Take(c);
    return answers.empty() ? v1::ServerMessage() : answers.back();
  }
  TestCluster cluster;
};

TEST_F(ClusterProducers, NothingIsSaidThatIsNotCommitted) {
  const ConnectionNumber writer = cluster.OpenReady(0, "p");
  const ConnectionNumber reader = cluster.OpenReady(0, "");
  cluster.Silence(0, 1);
  cluster.Append(0, writer, 1);
  cluster.Send(0, reader, FrameOf(ListOf()));
  cluster.Run(20);
  EXPECT_EQ(Last(reader).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  // Who asks on and on does not fill the server's memory with answers that wait.
  cluster.Send(0, reader, FrameOf(ListOf()));
  cluster.Run(5);
  const v1::ServerMessage refused = Last(reader);
  EXPECT_EQ(refused.error().code(), v1::ERROR_CODE_LIMIT);
  EXPECT_THAT(refused.error().message(), HasSubstr("once that has come"));
  cluster.Heal();
  cluster.Run(100);
  const v1::ServerMessage answer = Last(reader);
  ASSERT_EQ(answer.producer_list_reply().producers_size(), 1) << answer.DebugString();
  EXPECT_EQ(answer.producer_list_reply().producers(0).producer().last_sequence(), 1u);
  cluster.Send(0, reader, FrameOf(ListOf()));
  cluster.Run(20);
  EXPECT_TRUE(Last(reader).has_producer_list_reply()) << "and it may ask again";
}

TEST_F(ClusterProducers, ABackupSendsToTheLeader) {
  const ConnectionNumber c = cluster.Open(1, "");
  cluster.Send(1, c, FrameOf(ListOf()));
  cluster.Run(20);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_GE(answers.size(), 2u);
  EXPECT_EQ(answers[1].error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answers[1].error().not_leader().leader_address(), "n1");
}

TEST_F(ClusterProducers, TheNextLeaderKnowsThemTooAndThatNoneIsConnected) {
  const ConnectionNumber writer = cluster.OpenReady(0, "p");
  cluster.Append(0, writer, 1);
  cluster.Run(20);
  cluster.Kill(0);
  cluster.Run(2000);
  ASSERT_GT(cluster.leader(), 0);
  const auto leader = static_cast<size_t>(cluster.leader());
  const ConnectionNumber reader = cluster.OpenReady(leader, "");
  cluster.Send(leader, reader, FrameOf(ListOf()));
  cluster.Run(20);
  const v1::ServerMessage answer = Last(reader);
  ASSERT_EQ(answer.producer_list_reply().producers_size(), 1);
  EXPECT_EQ(answer.producer_list_reply().producers(0).producer().last_lsn(), 1u);
  EXPECT_FALSE(answer.producer_list_reply().producers(0).open());
}

}  // namespace
}  // namespace ringjournal
