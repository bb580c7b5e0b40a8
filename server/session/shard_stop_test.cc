// The orderly stop of one of several nodes: it hands over, leaves the in-sync sets, rests and ends.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_plans.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

class ShardStop : public LedgerOfThree {
 protected:
  // As the config store's watch does.
  void TellAll() {
    for (size_t i : {0, 1, 2}) cluster.Tell(i);
  }
};

TEST_F(ShardStop, AnOrderlyStopOfTheLeaderMovesTheJournalFirst) {
  cluster.Drain(0);
  cluster.Run(10);
  EXPECT_EQ(cluster.config().epoch(), 2u);
  EXPECT_EQ(cluster.leader(), 1);
  cluster.Run(limits::kStopRestMs + 20);
  EXPECT_TRUE(cluster.drained(0));
  cluster.Kill(0);
  cluster.Run(300);
  EXPECT_EQ(cluster.config().epoch(), 2u) << "nobody had to be elected";
}

TEST_F(ShardStop, AnOrderlyStopMovesAJournalWithoutClientsToo) {
  cluster.Disconnect(0, c);
  cluster.Run(5);
  cluster.Drain(0);
  cluster.Run(10);
  EXPECT_EQ(cluster.leader(), 1) << "no other journal has clients, so it need not wait";
  cluster.Run(limits::kStopRestMs + 20);
  EXPECT_TRUE(cluster.drained(0));
}

// It would be waited for, and be gone a moment later.
TEST_F(ShardStop, AStoppingLeaderIsNotTakenBackIntoTheInSyncSet) {
  cluster.notes.clear();
  cluster.Drain(0);
  for (uint32_t ms = 0; ms < limits::kStopRestMs; ++ms) {
    cluster.Run(1);
    ASSERT_TRUE(cluster.leader() != 1 || cluster.Isr() == "n2 n3") << cluster.Isr();
  }
  EXPECT_EQ(cluster.leader(), 1);
  EXPECT_FALSE(cluster.drained(0)) << "it leaves those alone who have taken over";
  EXPECT_THAT(cluster.notes, testing::Not(testing::Contains(HasSubstr("n1/1 follows from"))));
  cluster.Run(20);
  EXPECT_TRUE(cluster.drained(0));
}

TEST_F(ShardStop, AStoppingBackupIsLetGoBeforeItEndsSoThatNobodyWaitsForIt) {
  TellAll();
  cluster.Drain(1);
  cluster.Run(10);
  EXPECT_EQ(cluster.config().epoch(), 1u);
  for (uint32_t ms = 0; ms < limits::kStopRestMs + 20; ++ms) {
    ASSERT_EQ(cluster.Isr(), "n1 n3") << "after " << ms << " ms";
    cluster.Run(1);
  }
  EXPECT_TRUE(cluster.drained(1));
  cluster.Kill(1);
  Append(11, 11);
  cluster.Run(5);
  EXPECT_EQ(cluster.TakeAcked(c), 1u) << "it waits for a silent backup";
  cluster.Start(1, true);
  cluster.Run(500);
  EXPECT_EQ(cluster.Isr(), "n1 n3 n2");
}

TEST_F(ShardStop, AStoppingBackupWaitsForItsLeaderForABoundedTime) {
  TellAll();
  cluster.HoldAnswers();
  cluster.Drain(1);
  cluster.Run(2 * limits::kHandoverWaitMs - 20);
  Append(11, 11);
  cluster.Run(5);
  EXPECT_EQ(cluster.TakeAcked(c), 1u) << "it follows until it is let go";
  EXPECT_FALSE(cluster.drained(1));
  cluster.Run(30);
  cluster.Answer();
  cluster.Run(20);
  EXPECT_TRUE(cluster.drained(1));
}

// The leader has added it a moment ago, and it does not know that yet.
TEST_F(ShardStop, AStoppingBackupThatDoesNotKnowThatItIsCountedIsLetGoToo) {
  cluster.Drain(1);
  cluster.Run(20);
  EXPECT_EQ(cluster.Isr(), "n1 n3");
}

TEST_F(ShardStop, WhoIsAboutToStopIsNoTarget) {
  TellAll();
  cluster.HoldAnswers();
  cluster.Drain(1);
  cluster.Run(10);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n2");
  cluster.Run(10);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(answer.error().message(), HasSubstr("node n2 is about to stop"));
  MoveLeader(&cluster, 0, "");
  cluster.Run(10);
  cluster.Answer();
  cluster.Run(100);
  EXPECT_EQ(cluster.leader(), 2);
}

TEST_F(ShardStop, AHandoverToOneThatIsAboutToStopEnds) {
  TellAll();
  cluster.Silence(0, 1);
  Append(11, 11);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n2");
  cluster.Run(20);
  cluster.Heal();
  cluster.Drain(1);
  cluster.Run(20);
  EXPECT_THAT(AnswerTo(&cluster, request).error().message(),
              HasSubstr("node n2 is about to stop, so node n1 leads journal ledger on"));
  EXPECT_EQ(cluster.leader(), 0);
}

// It would lead it alone, and nobody could hand it over any more.
TEST_F(ShardStop, WhoStopsMakesNoJournal) {
  cluster.Drain(0);
  cluster.Run(20);
  v1::ClientMessage m;
  m.mutable_journal_create()->set_request_id(9);
  m.mutable_journal_create()->set_name("late");
  ConnectionNumber request = cluster.Ask(0, m);
  cluster.Run(5);
  EXPECT_EQ(AnswerTo(&cluster, request).error().code(), v1::ERROR_CODE_SHUTTING_DOWN);
}

// Else the memory of one alone would count, and nobody could lead before that one is back.
TEST_F(ShardStop, WhereAllStopAtOnceTheMemoriesOfSeveralCountAfterwards) {
  TellAll();
  for (size_t i : {0, 1, 2}) cluster.Drain(i);
  cluster.Run(3000);
  for (size_t i : {0, 1, 2}) EXPECT_TRUE(cluster.drained(i)) << i;
  EXPECT_GE(cluster.config().complete_size(), 2);
}

// Below min_isr nobody may go.
TEST(ShardStopOfTwo, AStoppingBackupThatIsNeededDoesNotWaitInVain) {
  TestCluster cluster(2, true, 2);
  cluster.Run(300);
  ASSERT_EQ(cluster.Isr(), "n1 n2");
  for (size_t i : {0, 1}) cluster.Tell(i);
  cluster.Drain(1);
  cluster.Run(20);
  EXPECT_EQ(cluster.Isr(), "n1 n2");
  EXPECT_TRUE(cluster.drained(1));
}

TEST_F(ShardStop, AnOrderlyStopKeepsItsClientsUntilTheyCanBeToldWhoLeadsNext) {
  cluster.HoldAnswers();
  cluster.Drain(0);
  Append(11, 11);
  ConnectionNumber late = cluster.Open(0, "q");
  cluster.Run(20);
  EXPECT_TRUE(cluster.Take(c).empty());
  cluster.Answer();
  cluster.Run(20);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().not_leader().leader_address(), "n2");
  cluster.Run(limits::kStopRestMs);
  answers = cluster.Take(late);
  ASSERT_EQ(answers.size(), 3u) << "greeted, sent to the next leader, dismissed";
  EXPECT_EQ(answers[1].error().not_leader().leader_address(), "n2");
  EXPECT_EQ(answers[2].error().code(), v1::ERROR_CODE_SHUTTING_DOWN);
  EXPECT_TRUE(cluster.is_closed(c));
  EXPECT_TRUE(cluster.is_closed(late));
  cluster.Run(20);
  EXPECT_TRUE(cluster.drained(0));
}

TEST_F(ShardStop, AnOrderlyStopWithoutAConfigStoreKeepsItsClientsForABoundedTime) {
  cluster.HoldAnswers();
  cluster.Drain(0);
  cluster.Run(2 * limits::kHandoverWaitMs - 20);
  EXPECT_TRUE(cluster.Take(c).empty());
  cluster.Run(40);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_SHUTTING_DOWN);
  EXPECT_TRUE(cluster.is_closed(c));
  EXPECT_FALSE(cluster.drained(0)) << "the change may still come true";
}

TEST(ShardStopAlone, AnOrderlyStopOfTheOnlyNodeGoesOnWithoutOne) {
  TestCluster cluster(1);
  cluster.Run(300);
  ASSERT_EQ(cluster.leader(), 0);
  cluster.Drain(0);
  cluster.Run(50);
  EXPECT_TRUE(cluster.drained(0));
}

}  // namespace
}  // namespace ringjournal
