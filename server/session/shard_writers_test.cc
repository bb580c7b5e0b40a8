// Writers of a fenced journal, as clients of several nodes meet them.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

class ShardWriters : public testing::Test {
 protected:
  ShardWriters() : cluster(3, true, 1, true) { cluster.Run(300); }

  static v1::ClientMessage ClaimOf(const std::string& who, uint64_t nonce, Epoch replaces) {
    v1::ClientMessage m;
    v1::WriterAcquire* claim = m.mutable_writer_acquire();
    claim->set_request_id(7);
    claim->set_claimant(who);
    claim->set_nonce(nonce);
    claim->set_replaces_generation(replaces.generation);
    claim->set_replaces_epoch(replaces.epoch);
    return m;
  }
  // On a session that has opened the journal for reading. Its greeting and opening are taken.
  ConnectionNumber Ask(size_t node, const v1::ClientMessage& message) {
    ConnectionNumber c = cluster.OpenReady(node, "");
    cluster.Send(node, c, FrameOf(message));
    return c;
  }
  v1::ServerMessage Answer(ConnectionNumber c) {
    std::vector<v1::ServerMessage> answers = cluster.Take(c);
    EXPECT_LE(answers.size(), 1u);
    return answers.empty() ? v1::ServerMessage() : answers.back();
  }
  v1::ServerMessage Claim(const std::string& who, uint64_t nonce, Epoch replaces) {
    ConnectionNumber c = Ask(0, ClaimOf(who, nonce, replaces));
    cluster.Run(10);
    return Answer(c);
  }
  v1::ServerMessage Open(size_t node, Epoch writer) {
    v1::ClientMessage m;
    m.mutable_open()->set_request_id(3);
    m.mutable_open()->set_journal("ledger");
    m.mutable_open()->set_producer("app");
    m.mutable_open()->set_writer_generation(writer.generation);
    m.mutable_open()->set_writer_epoch(writer.epoch);
    c = cluster.Connect(node);
    cluster.Send(node, c, FrameOf(m));
    cluster.Run(10);
    return Answer(c);
  }
  v1::ServerMessage Append(size_t node, uint64_t sequence, Epoch writer) {
    v1::ClientMessage m = AppendOf(sequence, 1, v1::LEVEL_REPLICATED);
    m.mutable_append()->set_writer_generation(writer.generation);
    m.mutable_append()->set_writer_epoch(writer.epoch);
    cluster.Send(node, c, FrameOf(m));
    cluster.Run(10);
    return Answer(c);
  }

  TestCluster cluster;
  ConnectionNumber c = 0;  // of the last Open
};

TEST_F(ShardWriters, AClaimIsGrantedAndItsHolderOpensAndAppends) {
  v1::ServerMessage answer = Claim("engine-a", 5, Epoch());
  ASSERT_TRUE(answer.has_writer_reply()) << answer.DebugString();
  EXPECT_EQ(answer.writer_reply().request_id(), 7u);
  EXPECT_EQ(answer.writer_reply().writer_generation(), 1u);
  EXPECT_EQ(answer.writer_reply().writer_epoch(), 1u);
  EXPECT_EQ(answer.writer_reply().writer().claimant(), "engine-a");
  EXPECT_EQ(answer.writer_reply().writer().next_lsn(), 1u);
  EXPECT_TRUE(answer.writer_reply().fenced());
  ASSERT_TRUE(Open(0, {1, 1}).has_open_reply());
  EXPECT_TRUE(Append(0, 1, {1, 1}).has_append_reply());
  ASSERT_TRUE(Claim("engine-b", 6, {1, 1}).has_writer_reply());
  answer = Answer(c);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_FENCED) << "it learns of it at once";
  EXPECT_EQ(answer.error().request_id(), 0u);
  EXPECT_EQ(answer.error().fenced().by(), "engine-b");
  EXPECT_TRUE(cluster.is_closed(c));
  EXPECT_EQ(Open(0, {1, 1}).error().code(), v1::ERROR_CODE_FENCED);
  EXPECT_EQ(Open(0, Epoch()).error().code(), v1::ERROR_CODE_FENCED);
  ASSERT_TRUE(Open(0, {1, 2}).has_open_reply());
}

TEST_F(ShardWriters, NobodyIsToldOfAFenceThatIsNotCommitted) {
  cluster.Silence(0, 1);
  ConnectionNumber claim = Ask(0, ClaimOf("engine-a", 5, Epoch()));
  v1::ClientMessage m;
  m.mutable_writer_show()->set_request_id(8);
  ConnectionNumber show = Ask(0, m);
  cluster.Run(20);
  EXPECT_EQ(Answer(claim).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  EXPECT_EQ(Answer(show).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  cluster.Heal();
  cluster.Run(100);
  EXPECT_TRUE(Answer(claim).has_writer_reply());
  EXPECT_EQ(Answer(show).writer_reply().writer().claimant(), "engine-a");
}

TEST_F(ShardWriters, WhoIsFencedIsToldOnceThatIsCommitted) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()).has_writer_reply());
  ASSERT_TRUE(Open(0, {1, 1}).has_open_reply());
  const ConnectionNumber old = c;
  cluster.Silence(0, 1);
  Ask(0, ClaimOf("engine-b", 6, {1, 1}));
  cluster.Run(20);
  EXPECT_EQ(Answer(old).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  cluster.Heal();
  cluster.Run(100);
  EXPECT_EQ(Answer(old).error().code(), v1::ERROR_CODE_FENCED);
}

TEST_F(ShardWriters, OnlyTheLeaderChangesWhetherAJournalIsFenced) {
  v1::ClientMessage m;
  m.mutable_journal_set()->set_request_id(7);
  m.mutable_journal_set()->set_name("ledger");
  m.mutable_journal_set()->add_fields("fenced");
  ConnectionNumber connection = cluster.Connect(1);
  cluster.Send(1, connection, FrameOf(m));
  cluster.Run(5);
  v1::ServerMessage answer = Answer(connection);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answer.error().not_leader().leader_address(), "n1");
  connection = cluster.Connect(0);
  cluster.Send(0, connection, FrameOf(m));
  cluster.Run(20);
  EXPECT_TRUE(Answer(connection).has_journal_reply());
  EXPECT_TRUE(Open(0, Epoch()).has_open_reply()) << "it is open to everybody at once";
}

TEST_F(ShardWriters, AFenceSurvivesItsLeader) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()).has_writer_reply());
  cluster.Kill(0);
  cluster.Run(500);
  const size_t leader = static_cast<size_t>(cluster.leader());
  ASSERT_NE(cluster.leader(), -1);
  EXPECT_EQ(Open(leader, Epoch()).error().fenced().by(), "engine-a");
  ConnectionNumber again = Ask(leader, ClaimOf("engine-a", 5, Epoch()));
  cluster.Run(10);
  EXPECT_EQ(Answer(again).writer_reply().writer_epoch(), 1u) << "its answer may have been lost";
  ASSERT_TRUE(Open(leader, {1, 1}).has_open_reply());
  EXPECT_TRUE(Append(leader, 1, {1, 1}).has_append_reply());
}

TEST_F(ShardWriters, ForceEndsWhoeverHoldsItAndIsNoted) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()).has_writer_reply());
  v1::ClientMessage m = ClaimOf("operator", 6, Epoch());
  m.mutable_writer_acquire()->set_force(true);
  m.mutable_writer_acquire()->set_reason("engine-a hangs");
  ConnectionNumber claim = Ask(0, m);
  cluster.Run(10);
  EXPECT_EQ(Answer(claim).writer_reply().writer_epoch(), 2u);
  EXPECT_THAT(cluster.notes,
              testing::Contains(HasSubstr("writer epoch 1.2 goes to \"operator\", and ends 1.1 of "
                                          "\"engine-a\", by force: engine-a hangs")));
}

TEST_F(ShardWriters, AClaimNeedsAnOpenJournal) {
  ConnectionNumber connection = cluster.Connect(0);
  cluster.Send(0, connection, FrameOf(ClaimOf("engine-a", 5, Epoch())));
  cluster.Run(5);
  EXPECT_EQ(Answer(connection).error().code(), v1::ERROR_CODE_NOT_OPEN);
}

}  // namespace
}  // namespace ringjournal
