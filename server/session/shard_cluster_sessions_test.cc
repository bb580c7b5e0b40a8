// What clients of several nodes are told, in which order, and what of theirs has a limit.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

// It is on this disk, and the next leader may take it back.
TEST(DurableReads, ShowNothingThatIsNotCommitted) {
  TestCluster cluster(3, false);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p"), reader = cluster.OpenReady(0, "");
  cluster.HoldAnswers();
  cluster.Silence(0, 1);
  cluster.Silence(0, 2);
  cluster.Append(0, c, 1, v1::LEVEL_DISK);
  v1::ClientMessage read;
  read.mutable_read()->set_request_id(7);
  read.mutable_read()->mutable_from()->set_lsn(1);
  read.mutable_read()->set_follow(true);
  read.mutable_read()->set_visibility(v1::VISIBILITY_DURABLE);
  read.mutable_read()->set_credit_bytes(1 << 20);
  cluster.Send(0, reader, FrameOf(read));
  cluster.Run(50);
  ASSERT_EQ(cluster.replica(0)->marks().durable.lsn, Lsn(1));
  ASSERT_EQ(cluster.replica(0)->marks().committed.lsn, Lsn(0));
  for (const v1::ServerMessage& m : cluster.Take(reader)) {
    EXPECT_EQ(m.read_data().visible_lsn(), 0u) << m.ShortDebugString();
  }
  cluster.Heal();
  cluster.Run(50);
  uint64_t visible = 0;
  for (const v1::ServerMessage& m : cluster.Take(reader)) {
    visible = std::max(visible, m.read_data().visible_lsn());
  }
  EXPECT_EQ(visible, 1u);
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

// What is asked behind the open of an epoch that has not begun would be answered from a log that
// may not stay.
TEST_F(ClusterSessions, NothingIsAnsweredBehindAnOpenWhoseEpochHasNotBegun) {
  const size_t next = ElectWithoutBegin(&cluster);
  ConnectionNumber c = cluster.Open(next, "p");
  v1::ClientMessage ask;
  ask.mutable_locate()->set_request_id(9);
  ask.mutable_locate()->mutable_position()->set_newest(true);
  ask.mutable_locate()->set_linearizable(true);
  cluster.Send(next, c, FrameOf(ask));
  cluster.Run(20);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  cluster.Run(limits::kHeldFrameMs - 50);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_TRUE(answers[0].has_open_reply()) << answers[0].DebugString();
  EXPECT_TRUE(answers[1].has_locate_reply()) << answers[1].DebugString();
  EXPECT_EQ(answers[0].open_reply().watermarks().committed().index(),
            cluster.replica(next)->marks().committed.index.value())
      << "as of when it leaves";
}

// The table is full of what may not stay.
TEST_F(ClusterSessions, ALimitIsNoReasonForGoodBeforeTheEpochHasBegun) {
  const size_t next = ElectWithoutBegin(&cluster);
  for (int i = 0; i < 8; ++i) cluster.Open(next, absl::StrCat("p", i));
  ConnectionNumber c = cluster.Open(next, "one too many");
  cluster.Run(1);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].error().code(), v1::ERROR_CODE_NOT_YET) << answers[1].DebugString();
}

TEST_F(ClusterSessions, WhoComesLateToAnEpochThatIsAboutToBeginWaitsAsLongAsAnybody) {
  const size_t next = ElectWithoutBegin(&cluster);
  cluster.HoldAnswers();  // or the silent one would be dropped
  cluster.Run(limits::kHeldFrameMs - 20);
  ConnectionNumber c = cluster.Open(next, "p");
  cluster.Run(limits::kHeldFrameMs - 20);
  EXPECT_EQ(cluster.Take(c).size(), 1u) << "the greeting";
  cluster.Answer();
  cluster.Run(10);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].has_open_reply()) << answers[0].DebugString();
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
