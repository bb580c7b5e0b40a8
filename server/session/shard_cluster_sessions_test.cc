// What clients of several nodes are told, in which order, and what of theirs has a limit.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {
namespace {

class ClusterSessions : public testing::Test {
 protected:
  ClusterSessions() : cluster(3) { cluster.Run(300); }
  // Nothing more is committed; the leader notices after kPeerGraceMs.
  void SilenceBackups() {
    cluster.Silence(0, 1);
    cluster.Silence(0, 2);
  }
  TestCluster cluster;
  v1::ClientMessage request;
};

TEST_F(ClusterSessions, AChangedSettingReachesTheReplicasOfAllMembers) {
  ConnectionNumber c = cluster.Open(0, "p");
  v1::JournalSet* set = request.mutable_journal_set();
  set->set_name(TestCluster::kJournal);
  set->mutable_settings()->set_checkpoint_interval_ms(77);
  set->add_fields("checkpoint_interval_ms");
  cluster.Send(0, c, FrameOf(request));
  cluster.Run(1000);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.replica(i)->options().settings.checkpoint_interval_ms(), 77u) << "node " << i;
  }
}

TEST_F(ClusterSessions, ARemovedJournalEndsASessionThatWaitsForCommit) {
  ConnectionNumber c = cluster.Open(0, "p"), other = cluster.Open(0, "");
  cluster.Run(5);
  SilenceBackups();
  cluster.Append(0, c, 1);
  cluster.Run(5);
  ASSERT_EQ(cluster.TakeAcked(c), 0u);
  request.mutable_journal_remove()->set_name(TestCluster::kJournal);
  cluster.Send(0, other, FrameOf(request));
  cluster.Run(50);
  EXPECT_TRUE(cluster.is_closed(c));
  EXPECT_EQ(cluster.Take(c).back().error().code(), v1::ERROR_CODE_JOURNAL_NOT_FOUND);
  EXPECT_EQ(cluster.replica(0), nullptr) << "nobody uses it any more";
}

// Else its clients would stay, though another may lead by now: nothing that says so arrives here.
TEST_F(ClusterSessions, ALeaderThatHearsNobodyGivesItsClientsNoHopeAndOneThatIsHeardDoes) {
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.HoldAnswers();
  cluster.Silence(0, 1);
  cluster.Append(0, c, 1);
  cluster.Run(400);  // one of two still answers
  cluster.Take(c);
  const size_t heard = cluster.heartbeats(c);
  EXPECT_GE(heard, 6u);
  cluster.Silence(0, 2);
  cluster.Run(limits::kPeerDeafMs + limits::kClusterHeartbeatMs);
  cluster.Take(c);
  const size_t deaf = cluster.heartbeats(c);
  EXPECT_GT(deaf, heard);
  cluster.Run(500);
  cluster.Take(c);
  EXPECT_EQ(cluster.heartbeats(c), deaf);
  cluster.Answer();
  cluster.Heal();
  cluster.Run(300);
  EXPECT_EQ(cluster.TakeAcked(c), cluster.leader() == 0 ? 1u : 0u);
}

TEST_F(ClusterSessions, NoAcknowledgementLeavesBeforeTheAnswerToTheOpen) {
  SilenceBackups();
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Append(0, c, 1, v1::LEVEL_RECEIVED);
  cluster.Run(20);
  for (const v1::ServerMessage& m : cluster.Take(c)) EXPECT_TRUE(m.has_hello_reply());
  cluster.Heal();
  cluster.Run(50);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_TRUE(answers[0].has_open_reply());
  EXPECT_EQ(answers[1].append_reply().results_size(), 1);
}

TEST_F(ClusterSessions, AnswersThatWaitForCommitHaveALimitBehindWhichFramesWait) {
  ConnectionNumber c = cluster.Open(0, "p");
  cluster.Run(5);
  SilenceBackups();
  cluster.Append(0, c, 1);
  request.mutable_resolve()->set_producer("p");
  request.mutable_resolve()->set_sequence(1);
  std::string burst;
  for (uint32_t i = 0; i < limits::kDeferredRepliesPerSessionMax; ++i) burst += FrameOf(request);
  cluster.Send(0, c, burst);
  cluster.Run(5);
  EXPECT_FALSE(cluster.is_paused(c));
  cluster.Send(0, c, burst + burst);
  cluster.Run(5);
  EXPECT_TRUE(cluster.is_paused(c));
  cluster.Take(c);
  cluster.Heal();
  cluster.Run(50);
  size_t answers = 0;
  for (const v1::ServerMessage& m : cluster.Take(c)) answers += m.has_resolve_reply();
  EXPECT_EQ(answers, 3u * limits::kDeferredRepliesPerSessionMax);
  EXPECT_FALSE(cluster.is_paused(c));
}

TEST_F(ClusterSessions, AMemberWithoutMemoryForACopySaysSoOnceAndMakesNone) {
  cluster.Kill(2);
  cluster.ring_bytes_total_max = limits::kRingBytesMin;
  cluster.Start(2, false);
  cluster.Run(1000);
  EXPECT_EQ(cluster.replica(2), nullptr);
  size_t notes = 0;
  for (const std::string& note : cluster.notes) notes += note.find("--ring-total") != note.npos;
  EXPECT_EQ(notes, 1u);
}

// Position of the node that has been elected and cannot serve, as the other one is silent.
size_t ElectWithoutBegin(TestCluster* cluster) {
  cluster->Kill(0);
  cluster->Silence(1, 2);
  for (int ms = 0; ms < 400; ++ms) {
    cluster->Run(1);
    for (size_t i : {1u, 2u}) {
      if (cluster->replica(i)->leads()) return i;
    }
  }
  ADD_FAILURE() << "nobody was elected";
  return 1;
}

TEST_F(ClusterSessions, AnOpenWaitsForAnEpochThatIsAboutToBegin) {
  const size_t next = ElectWithoutBegin(&cluster);
  const Index start = cluster.replica(next)->epoch_start();
  ConnectionNumber c = cluster.Open(next, "p");
  cluster.Run(1);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  EXPECT_EQ(cluster.replica(next)->marks().end.index, start.next())
      << "it is an entry behind the start, so both are committed at once";
  cluster.Run(limits::kHeldFrameMs - 50);  // the silent one has been dropped
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].has_open_reply()) << answers[0].DebugString();
}

// Who asks where the journal ends learns nothing from an entry.
TEST_F(ClusterSessions, AnOpenWithoutAProducerIsNoEntryOfAnEpochThatIsAboutToBegin) {
  const size_t next = ElectWithoutBegin(&cluster);
  const Index end = cluster.replica(next)->marks().end.index;
  ConnectionNumber c = cluster.Open(next, "");
  cluster.Run(1);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  EXPECT_EQ(cluster.replica(next)->marks().end.index, end);
  cluster.Run(limits::kHeldFrameMs - 50);
  ASSERT_EQ(cluster.Take(c).size(), 1u);
}

// Each time that a client asks again would be an entry in a log that is not committed.
TEST_F(ClusterSessions, ALeaderWhoseEpochDoesNotBeginAppendsNoOpeningsAfterAWhile) {
  const size_t next = ElectWithoutBegin(&cluster);
  cluster.HoldAnswers();  // or the silent one would be dropped
  cluster.Run(limits::kHeldFrameMs);
  const Index end = cluster.replica(next)->marks().end.index;
  ConnectionNumber c = cluster.Open(next, "p");
  cluster.Run(10);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  EXPECT_EQ(cluster.replica(next)->marks().end.index, end);
}

TEST_F(ClusterSessions, ALeaderWhoseEpochDoesNotBeginSaysThatAndNotThatItsRingIsFull) {
  const size_t next = ElectWithoutBegin(&cluster);
  cluster.HoldAnswers();  // or the silent one would be dropped
  ConnectionNumber c = cluster.Open(next, "p");
  cluster.Run(limits::kHeldFrameMs - 10);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  cluster.Run(20);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_EQ(answers[0].error().not_yet().retry_after_ms(), limits::kEpochRetryMs);
  EXPECT_THAT(answers[0].error().message(), testing::HasSubstr("its epoch has not begun yet"));
}

}  // namespace
}  // namespace ringjournal
