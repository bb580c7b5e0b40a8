// An operator's recovery: machines are gone for good, and the journal is led again without them.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::JournalRecover RecoverOf(std::vector<std::string> lost, uint64_t bound) {
  v1::JournalRecover recover;
  recover.set_request_id(7);
  recover.set_name(TestCluster::kJournal);
  for (const std::string& node : lost) recover.add_lost_nodes(node);
  recover.set_accept_loss_from_lsn(bound);
  recover.set_statement("the machines burnt");
  return recover;
}

class ShardRecover : public testing::Test {
 protected:
  ShardRecover() { cluster_.Run(300); }

  // n1 leads alone: n2 and n3 have `acked` appends, n1 has acknowledged so many more by itself.
  void LeaveOnlyTheFirstInSync(uint64_t common, uint64_t alone) {
    connection_ = cluster_.OpenReady(0, "p");
    for (uint64_t s = 1; s <= common; ++s) cluster_.Append(0, connection_, s);
    cluster_.Run(50);
    ASSERT_EQ(cluster_.TakeAcked(connection_), common);
    cluster_.Silence(0, 1);
    cluster_.Silence(0, 2);
    cluster_.Run(600);
    ASSERT_EQ(cluster_.Isr(), "n1");
    for (uint64_t s = common + 1; s <= common + alone; ++s) cluster_.Append(0, connection_, s);
    cluster_.Run(50);
    ASSERT_EQ(cluster_.TakeAcked(connection_), alone);
  }
  // Asks node i, and lets so many milliseconds pass.
  v1::ServerMessage Ask(size_t i, const v1::JournalRecover& recover, int64_t ms = 2500) {
    v1::ClientMessage request;
    *request.mutable_journal_recover() = recover;
    ConnectionNumber c = cluster_.Ask(i, request);
    cluster_.Run(ms);
    std::vector<v1::ServerMessage> answers = cluster_.Take(c);
    return answers.empty() ? v1::ServerMessage() : answers.back();
  }
  const v1::LossReport& Loss() const { return cluster_.config().losses(0); }
  uint64_t End(size_t i) const {
    return cluster_.replica(i)->derived().position().last().lsn.value();
  }

  TestCluster cluster_{3};
  ConnectionNumber connection_ = 0;
};

TEST_F(ShardRecover, ALostLeaderIsReplacedByTheGreatestLogInANewGeneration) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  cluster_.Run(3000);
  EXPECT_EQ(cluster_.leader(), -1) << "nobody else may lead without being told";
  v1::ServerMessage answer = Ask(1, RecoverOf({"n1"}, 6));
  ASSERT_TRUE(answer.has_journal_recover_reply()) << answer.ShortDebugString();
  EXPECT_TRUE(answer.journal_recover_reply().done());
  EXPECT_EQ(answer.journal_recover_reply().report().first_lsn(), 6u);
  const v1::JournalConfig& config = cluster_.config();
  EXPECT_EQ(config.generation(), 2u);
  EXPECT_EQ(config.writer_floor_generation(), 2u);
  EXPECT_EQ(config.leader().node(), "n2");
  EXPECT_EQ(config.state(), v1::JOURNAL_STATE_ACTIVE);
  EXPECT_THAT(config.members(), ElementsAre("n1", "n2", "n3"));
  EXPECT_EQ(Loss().first_lsn(), 6u);
  EXPECT_THAT(Loss().declared_lost(), ElementsAre("n1"));
  EXPECT_EQ(Loss().statement(), "the machines burnt");
  EXPECT_EQ(Loss().replicated(), v1::LOSS_VERDICT_POSSIBLE);
  cluster_.Run(1000);
  EXPECT_EQ(cluster_.Isr(), "n2 n3");
  ConnectionNumber c = cluster_.OpenReady(1, "q");
  cluster_.Append(1, c, 1);
  cluster_.Run(50);
  EXPECT_EQ(cluster_.TakeAcked(c), 1u);
}

TEST_F(ShardRecover, AnEmptyNodeComesBackAsAMember) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  ASSERT_TRUE(Ask(1, RecoverOf({"n1"}, 6)).has_journal_recover_reply());
  cluster_.Heal();
  cluster_.Start(0, /*intact=*/false);
  cluster_.Run(3000);
  EXPECT_EQ(cluster_.Isr(), "n2 n3 n1");
}

// The statement was wrong: it was cut off from all others, acknowledges on, and learns late that it
// was declared lost.
TEST_F(ShardRecover, ALivingLeaderThatWasDeclaredLostFollowsAndItsLongerLogIsCut) {
  LeaveOnlyTheFirstInSync(5, 3);
  v1::ServerMessage answer = Ask(1, RecoverOf({"n1"}, 1), 1100);
  ASSERT_TRUE(answer.has_journal_recover_reply()) << answer.ShortDebugString();
  EXPECT_EQ(End(0), 8u);
  EXPECT_LE(Loss().first_lsn(), 6u) << "what it alone had acknowledged is reported";
  EXPECT_EQ(Loss().replicated(), v1::LOSS_VERDICT_POSSIBLE);
  cluster_.Heal();
  cluster_.Run(2000);
  EXPECT_EQ(cluster_.leader(), 1);
  EXPECT_EQ(cluster_.Isr(), "n2 n3 n1");
  EXPECT_EQ(End(0), 5u);
  EXPECT_EQ(cluster_.replica(0)->derived().position().chain,
            cluster_.replica(1)->derived().position().chain);
}

TEST_F(ShardRecover, IsRefusedWhileANamedNodeAnswers) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Heal();
  cluster_.Silence(0, 2);
  v1::ServerMessage answer = Ask(1, RecoverOf({"n1"}, 1), 1200);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_THAT(answer.error().message(), HasSubstr("n1 answers and cannot be declared lost"));
  EXPECT_EQ(cluster_.config().generation(), 1u);
}

TEST_F(ShardRecover, ALossBelowTheBoundIsRefusedAndTheBoundThatIsNeededNamed) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  v1::ServerMessage answer = Ask(1, RecoverOf({"n1"}, 8));
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_THAT(answer.error().message(), HasSubstr("accept a loss from LSN 6 on"));
  EXPECT_EQ(cluster_.config().generation(), 1u);
  EXPECT_TRUE(cluster_.config().has_leader()) << "a refused recovery changes nothing";
}

TEST_F(ShardRecover, ADryRunSaysWhatWouldBeDoneAndDoesNothing) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  v1::JournalRecover recover = RecoverOf({"n1"}, 0);
  recover.set_dry_run(true);
  recover.clear_statement();
  v1::ServerMessage answer = Ask(2, recover);
  ASSERT_TRUE(answer.has_journal_recover_reply()) << answer.ShortDebugString();
  EXPECT_FALSE(answer.journal_recover_reply().done());
  EXPECT_EQ(answer.journal_recover_reply().leader(), "n2");
  EXPECT_EQ(answer.journal_recover_reply().report().first_lsn(), 6u);
  EXPECT_EQ(cluster_.config().generation(), 1u);
}

TEST_F(ShardRecover, WhoHasASmallerLogSendsTheOperatorOn) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  v1::ServerMessage answer = Ask(2, RecoverOf({"n1"}, 6));
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answer.error().not_leader().leader_address(), "n2");
}

TEST_F(ShardRecover, OtherMembersInSyncMustBeNamedToo) {
  cluster_.Kill(0);
  cluster_.Kill(1);
  // n3 alone is left, and in sync.
  v1::ServerMessage answer = Ask(2, RecoverOf({"n1", "n2"}, 1));
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_EQ(cluster_.config().generation(), 1u);
  EXPECT_EQ(cluster_.leader(), 2);
}

TEST_F(ShardRecover, AMemberOfTheInSyncSetThatIsNotNamedIsListed) {
  LeaveOnlyTheFirstInSync(5, 0);
  cluster_.Heal();
  cluster_.Silence(0, 2);
  cluster_.Silence(1, 2);
  cluster_.Run(1000);
  ASSERT_EQ(cluster_.Isr(), "n1 n2");
  cluster_.Kill(0);
  cluster_.Kill(1);
  cluster_.Heal();
  v1::ServerMessage answer = Ask(2, RecoverOf({"n1"}, 1));
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_THAT(answer.error().message(), HasSubstr("n2 may hold every committed entry"));
  EXPECT_TRUE(Ask(2, RecoverOf({"n1", "n2"}, 1)).has_journal_recover_reply());
}

// Nobody leads, and the only ring that holds everything is about to.
TEST_F(ShardRecover, NothingIsGivenUpWhereAMemoryHoldsEverything) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  cluster_.Heal();
  cluster_.Start(0, /*intact=*/true);
  v1::ServerMessage answer = Ask(1, RecoverOf({"n3"}, 1), 1200);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_EQ(cluster_.leader(), 0);
  EXPECT_EQ(cluster_.config().generation(), 1u);
}

TEST_F(ShardRecover, ARequestWithoutAStatementOrABoundIsRefused) {
  v1::JournalRecover recover = RecoverOf({"n1"}, 0);
  EXPECT_THAT(Ask(1, recover, 10).error().message(), HasSubstr("ask with dry_run first"));
  recover = RecoverOf({"n1"}, 1);
  recover.clear_statement();
  EXPECT_THAT(Ask(1, recover, 10).error().message(), HasSubstr("give a statement"));
  recover.set_statement(std::string(limits::kStatementBytesMax + 1, 'x'));
  EXPECT_THAT(Ask(1, recover, 10).error().message(), HasSubstr("in fewer words"));
}

TEST_F(ShardRecover, OnlyOneAtATimeIsTaken) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  Ask(1, RecoverOf({"n1"}, 6), 10);
  v1::ServerMessage answer = Ask(1, RecoverOf({"n1"}, 6), 10);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_RECOVERY_REFUSED);
  EXPECT_THAT(answer.error().message(), HasSubstr("is under way on this node"));
}

// Somebody else changes the document at every moment: what was asked is decided anew, and done.
TEST_F(ShardRecover, AConflictIsDecidedAnew) {
  LeaveOnlyTheFirstInSync(5, 3);
  cluster_.Kill(0);
  Ask(1, RecoverOf({"n1"}, 6), 900);
  for (int i = 0; i < 300; ++i) {
    cluster_.document()->set_version(cluster_.document()->version() + 1);
    cluster_.Run(1);
  }
  cluster_.Run(1500);
  EXPECT_EQ(cluster_.config().generation(), 2u);
  EXPECT_EQ(cluster_.config().losses_size(), 1);
}

}  // namespace
}  // namespace ringjournal
