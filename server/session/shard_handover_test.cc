// Leadership that moves because somebody wants it to.
#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_plans.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

class ShardHandover : public LedgerOfThree {};

TEST_F(ShardHandover, TheNamedBackupLeadsAtOnceAndNothingIsLost) {
  Index end = cluster.replica(0)->marks().end.index;
  ConnectionNumber request = MoveLeader(&cluster, 0, "n3");
  cluster.Run(10);
  EXPECT_EQ(cluster.leader(), 2);
  EXPECT_EQ(cluster.config().epoch(), 2u);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3") << "the old leader stays in sync";
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  ASSERT_TRUE(answer.has_journal_reply()) << answer.DebugString();
  EXPECT_EQ(answer.journal_reply().config().leader().node(), "n3");
  EXPECT_EQ(cluster.replica(2)->epoch_start(), end.next()) << "it had everything before";
  ConnectionNumber d = cluster.Open(2, "p");
  cluster.Run(50);
  std::vector<v1::ServerMessage> answers = cluster.Take(d);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].open_reply().last_sequence(), 10u);
  cluster.Append(2, d, 11);
  cluster.Run(20);
  EXPECT_EQ(cluster.TakeAcked(d), 1u) << "the old leader follows, and is counted";
}

TEST_F(ShardHandover, WithoutANameTheBackupThatHoldsTheMostIsTaken) {
  cluster.Silence(0, 1);
  Append(11, 20);
  cluster.Run(5);
  cluster.Heal();
  ConnectionNumber request = MoveLeader(&cluster, 0, "");
  cluster.Run(100);
  EXPECT_EQ(cluster.leader(), 2);
  EXPECT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
}

TEST_F(ShardHandover, WhoLeadsAlreadyIsNoReasonForAnEpoch) {
  ConnectionNumber request = MoveLeader(&cluster, 0, "n1");
  cluster.Run(10);
  EXPECT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
  EXPECT_EQ(cluster.config().epoch(), 1u);
  EXPECT_EQ(cluster.leader(), 0);
}

TEST_F(ShardHandover, AppendsBeforeItAreAcknowledgedAndThoseBehindItWaitForTheNextLeader) {
  cluster.HoldAnswers();
  Append(11, 15);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n2");
  Append(16, 18);
  ConnectionNumber other = cluster.Open(0, "q");
  cluster.Run(20);
  EXPECT_EQ(cluster.TakeAcked(c), 5u);
  EXPECT_EQ(cluster.replica(0)->marks().end.lsn, Lsn(15)) << "nothing is appended";
  EXPECT_EQ(AnswerTo(&cluster, other).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  cluster.Answer();
  cluster.Run(50);
  EXPECT_EQ(cluster.leader(), 1);
  EXPECT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
  for (ConnectionNumber who : {c, other}) {
    std::vector<v1::ServerMessage> answers = cluster.Take(who);
    ASSERT_EQ(answers.size(), 1u) << "who waited is told once";
    EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_NOT_LEADER);
    EXPECT_EQ(answers[0].error().not_leader().leader_address(), "n2");
  }
  EXPECT_TRUE(cluster.is_closed(c));
  EXPECT_EQ(cluster.replica(1)->marks().end.lsn, Lsn(15));
}

// The watch of the config store says nothing, and nobody has to read it.
TEST_F(ShardHandover, TheNextLeaderLearnsOfItFromTheOldOne) {
  cluster.HoldAnswers();
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(20);
  cluster.AnswerOnly(0);
  cluster.Run(10);
  EXPECT_EQ(cluster.leader(), 1);
}

TEST_F(ShardHandover, TheOldLeaderIsConnectedToItsTargetBeforeTheChangeIsAnswered) {
  const std::pair<size_t, size_t> way{0, 1};
  const int before = cluster.dialed[way];
  cluster.HoldAnswers();
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(5);
  EXPECT_EQ(cluster.dialed[way], before + 1) << "who led asked nobody until now";
  cluster.Answer();
  cluster.Run(20);
  EXPECT_EQ(cluster.leader(), 1);
  EXPECT_EQ(cluster.dialed[way], before + 1);
}

// Each answer lets all entries since then be sent again.
TEST_F(ShardHandover, AFollowThatIsRepeatedBeforeItsAnswerIsThereIsAnsweredOnce) {
  cluster.Delay(5);
  cluster.notes.clear();
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(200);
  ASSERT_EQ(cluster.leader(), 1);
  const auto answered = std::ranges::count_if(cluster.notes, [](const std::string& note) {
    return note.starts_with("n2: ") && note.find(" follows from entry ") != note.npos;
  });
  EXPECT_EQ(answered, 2) << "one for each backup";
}

// Its answer is under way on a slow line, and whoever asks lives.
TEST_F(ShardHandover, ABackupThatRepeatsItsFollowIsNotTakenForSilent) {
  const auto is_answered = [&] {
    return std::ranges::any_of(cluster.notes, [](const std::string& note) {
      return note.starts_with("n2: ") && note.find(" n3/1 follows from ") != note.npos;
    });
  };
  std::string line;
  bool slow = true;
  cluster.tamper = [&](size_t from, size_t to, std::string* bytes) {
    if (from != 1 || to != 2 || !is_answered()) return;
    line += *bytes;
    *bytes = slow ? "" : std::exchange(line, "");
  };
  MoveLeader(&cluster, 0, "n2");
  for (int ms = 0; ms < 50 && !is_answered(); ++ms) cluster.Run(1);
  ASSERT_TRUE(is_answered());
  cluster.Run(limits::kPeerGraceMs + 5);  // and less than it takes n3 to suspect its leader
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  slow = false;
  cluster.Run(100);
  EXPECT_EQ(cluster.Isr(), "n1 n2 n3");
  EXPECT_EQ(cluster.leader(), 1);
}

// What etcd's watch tells is the document itself.
TEST_F(ShardHandover, TheNextLeaderLearnsOfItFromTheStoreWhereThatTellsIt) {
  cluster.HoldAnswers();
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(20);
  ASSERT_NE(cluster.leader(), 1);
  for (size_t i : {0, 1, 2}) cluster.Tell(i);
  cluster.Run(10);
  EXPECT_EQ(cluster.leader(), 1);
}

TEST_F(ShardHandover, ATargetThatDoesNotGetThereInTimeLeavesTheLeaderLeading) {
  cluster.Silence(0, 1);
  Append(11, 11);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n3");
  cluster.Silence(0, 2);
  Append(12, 12);
  cluster.Run(140);
  EXPECT_EQ(AnswerTo(&cluster, request).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  cluster.HoldAnswers();  // or who is silent would be dropped
  cluster.Run(130);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_THAT(answer.error().message(),
              HasSubstr("did not take over journal ledger within 250 ms"));
  EXPECT_THAT(answer.error().message(), HasSubstr("leads on"));
  cluster.Heal();
  cluster.Run(10);
  EXPECT_EQ(cluster.leader(), 0);
  EXPECT_EQ(cluster.TakeAcked(c), 2u) << "one from before, and the one that waited meanwhile";
}

TEST_F(ShardHandover, ATargetThatIsNotInSyncIsRefusedWithAdvice) {
  cluster.Kill(2);
  cluster.Run(300);
  ASSERT_EQ(cluster.Isr(), "n1 n2");
  ConnectionNumber request = MoveLeader(&cluster, 0, "n3");
  cluster.Run(5);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(answer.error().message(), HasSubstr("not in sync"));
  request = MoveLeader(&cluster, 0, "n7");
  cluster.Run(5);
  answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_BAD_SETTING);
  EXPECT_THAT(answer.error().message(), HasSubstr("its members are n1, n2, n3"));
  cluster.Kill(1);
  cluster.Run(300);
  request = MoveLeader(&cluster, 0, "");
  cluster.Run(5);
  EXPECT_THAT(AnswerTo(&cluster, request).error().message(), HasSubstr("no backup in sync"));
  EXPECT_EQ(cluster.leader(), 0);
}

TEST_F(ShardHandover, OnlyTheLeaderIsAsked) {
  ConnectionNumber request = MoveLeader(&cluster, 1, "n2");
  cluster.Run(5);
  v1::ServerMessage answer = AnswerTo(&cluster, request);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_LEADER);
  EXPECT_EQ(answer.error().not_leader().leader_address(), "n1");
}

TEST_F(ShardHandover, ASecondRequestIsToldWhatIsInFlight) {
  cluster.HoldAnswers();
  MoveLeader(&cluster, 0, "n2");
  cluster.Run(5);
  ConnectionNumber second = MoveLeader(&cluster, 0, "n3");
  cluster.Run(5);
  v1::ServerMessage answer = AnswerTo(&cluster, second);
  EXPECT_EQ(answer.error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(answer.error().message(), HasSubstr("to hand over to n2"));
  cluster.Answer();
  cluster.Run(50);
  EXPECT_EQ(cluster.leader(), 1);
}

// The change may still be applied: who appended now would lose it then.
TEST_F(ShardHandover, AfterAnUnknownOutcomeTheLeaderIsSilentUntilItIsKnown) {
  cluster.MakeNextChangeUnknown(false);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n2");
  cluster.Run(5);
  cluster.HoldAnswers();
  cluster.Run(1000);
  Append(11, 12);
  cluster.Run(limits::kHeldFrameMs - 10);
  EXPECT_TRUE(cluster.Take(c).empty());
  cluster.Run(20);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_BACK_PRESSURE) << "long after the time-out";
  EXPECT_EQ(answers[0].error().back_pressure().leader_address(), "n2");
  EXPECT_GT(answers[0].error().back_pressure().retry_after_ms(), 0u);
  EXPECT_EQ(answers[1].error().code(), v1::ERROR_CODE_BEHIND_REFUSED);
  EXPECT_EQ(AnswerTo(&cluster, request).message_case(), v1::ServerMessage::MESSAGE_NOT_SET);
  cluster.Answer();
  cluster.Run(300);
  // Settled by a change that changes nothing: it is known never to happen.
  EXPECT_EQ(cluster.leader(), 0);
  EXPECT_EQ(AnswerTo(&cluster, request).error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_EQ(cluster.config().epoch(), 1u);
}

TEST_F(ShardHandover, AnUnknownOutcomeThatWasAppliedIsFoundOut) {
  cluster.MakeNextChangeUnknown(true);
  ConnectionNumber request = MoveLeader(&cluster, 0, "n2");
  cluster.Run(600);
  EXPECT_EQ(cluster.leader(), 1);
  EXPECT_TRUE(AnswerTo(&cluster, request).has_journal_reply());
  EXPECT_EQ(cluster.config().epoch(), 2u);
}

}  // namespace
}  // namespace ringjournal
