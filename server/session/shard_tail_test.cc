// Where a journal of several nodes ends: asked of a leader that may have been replaced.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_cluster.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

std::string LinearizableOpen(const std::string& producer = "") {
  v1::ClientMessage m;
  m.mutable_open()->set_journal("ledger");
  m.mutable_open()->set_producer(producer);
  m.mutable_open()->set_linearizable(true);
  return FrameOf(m);
}

class Tail : public testing::Test {
 protected:
  explicit Tail(uint32_t min_isr = 1) : cluster(3, true, min_isr) { cluster.Run(300); }
  // Says hello and asks; the answer to the hello is taken.
  ConnectionNumber Ask(const std::string& frame) {
    ConnectionNumber c = cluster.Open(0, "");
    cluster.Run(2);
    cluster.Take(c);
    cluster.Send(0, c, frame);
    return c;
  }
  ConnectionNumber Open(const std::string& frame = LinearizableOpen()) {
    ConnectionNumber c = cluster.Connect(0);
    cluster.Send(0, c, frame);
    return c;
  }
  static std::string Locate() {
    v1::ClientMessage m;
    m.mutable_locate()->set_request_id(7);
    m.mutable_locate()->mutable_position()->set_newest(true);
    m.mutable_locate()->set_linearizable(true);
    return FrameOf(m);
  }
  void SilenceBackups() {
    cluster.Silence(0, 1);
    cluster.Silence(0, 2);
  }
  TestCluster cluster;
};

TEST_F(Tail, TheEndIsAnsweredAfterOneRoundAndHoldsAllThatWasAcknowledged) {
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.Append(0, c, 1);
  cluster.Run(5);
  ASSERT_EQ(cluster.TakeAcked(c), 1u);
  cluster.Delay(3);
  cluster.Run(20);
  ConnectionNumber other = Open();
  cluster.Run(5);
  EXPECT_THAT(cluster.Take(other), testing::IsEmpty()) << "a round takes 6 ms";
  cluster.Run(3);
  std::vector<v1::ServerMessage> answers = cluster.Take(other);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].open_reply().watermarks().committed().lsn(), 1u);
}

TEST_F(Tail, ALeaderThatHearsNobodyDoesNotSayWhereTheJournalEnds) {
  SilenceBackups();
  ConnectionNumber opens = Open(), locates = Ask(Locate()), plain = cluster.Open(0, "");
  cluster.Run(50);
  EXPECT_THAT(cluster.Take(opens), testing::IsEmpty());
  EXPECT_THAT(cluster.Take(locates), testing::IsEmpty());
  EXPECT_EQ(cluster.Take(plain).size(), 2u) << "who does not ask for the end is answered";
  cluster.Run(200);
  for (ConnectionNumber c : {opens, locates, plain}) cluster.Take(c);
  // Every 50 ms, so that a client can tell it from a node that is gone; once it has heard nobody
  // for kPeerDeafMs, no more.
  EXPECT_THAT(cluster.heartbeats(opens), testing::AllOf(testing::Ge(1u), testing::Le(2u)));
  EXPECT_EQ(cluster.heartbeats(plain), 0u) << "nothing is owed to it";
}

// It may have been replaced, and lack what its successor has acknowledged.
TEST_F(Tail, ALeaderThatHearsNobodyDoesNotSayThatAReceiptIsNotOfThisJournal) {
  ConnectionNumber writer = cluster.OpenReady(0, "p");
  cluster.Append(0, writer, 1);
  cluster.Run(5);
  ASSERT_EQ(cluster.TakeAcked(writer), 1u);
  SilenceBackups();
  v1::ClientMessage m;
  m.mutable_open()->set_journal("ledger");
  v1::Receipt* receipt = m.mutable_open()->mutable_last_receipt();
  receipt->set_journal_id(cluster.config().id());
  receipt->set_index(1000);
  ConnectionNumber ahead = Open(FrameOf(m));
  receipt->set_index(0);
  ConnectionNumber unknown = Open(FrameOf(m));
  cluster.Run(50);
  EXPECT_THAT(cluster.Take(ahead), testing::IsEmpty());
  const std::vector<v1::ServerMessage> answers = cluster.Take(unknown);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].open_reply().continuity(), v1::CONTINUITY_CANNOT_TELL);
}

TEST_F(Tail, OneSilentMemberIsEnoughToWaitAndItsDropEndsTheWait) {
  cluster.Silence(0, 2);
  ConnectionNumber opens = Open(), locates = Ask(Locate());
  cluster.Run(50);
  EXPECT_THAT(cluster.Take(opens), testing::IsEmpty());
  cluster.Run(250);
  ASSERT_EQ(cluster.Isr(), "n1 n2");
  std::vector<v1::ServerMessage> answers = cluster.Take(opens);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].has_open_reply());
  EXPECT_TRUE(cluster.Take(locates).back().has_locate_reply());
}

// What was appended before the question is part of the end, although nobody was told of it yet.
TEST_F(Tail, TheEndWaitsForWhatTheLogHeldWhenItWasAskedFor) {
  ConnectionNumber c = cluster.OpenReady(0, "p");
  cluster.Delay(10);
  cluster.Run(40);
  cluster.Append(0, c, 1);
  ConnectionNumber locates = Ask(Locate());
  cluster.Run(60);
  ASSERT_EQ(cluster.Take(locates).back().locate_reply().lsn(), 2u);
}

class TailOfTwo : public Tail {
 protected:
  TailOfTwo() : Tail(2) {}
};

TEST_F(TailOfTwo, WhereTheRoundNeverEndsTheAnswerIsADefiniteError) {
  cluster.Kill(1);
  cluster.Kill(2);
  ConnectionNumber opens = Open(), locates = Ask(Locate());
  cluster.Run(limits::kTailWaitMs - 100);
  EXPECT_THAT(cluster.Take(opens), testing::IsEmpty());
  EXPECT_FALSE(cluster.is_closed(opens));
  cluster.Run(200);
  std::vector<v1::ServerMessage> answers = cluster.Take(opens);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_THAT(answers[0].error().message(), testing::HasSubstr("try again"));
  EXPECT_TRUE(cluster.is_closed(opens)) << "what it was opened with does not hold";
  answers = cluster.Take(locates);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_EQ(answers[0].error().request_id(), 7u);
  EXPECT_FALSE(cluster.is_closed(locates)) << "the session goes on";
}

TEST_F(Tail, AProducerThatAsksForTheEndIsAnsweredOnceItsOpeningIsCommitted) {
  ConnectionNumber c = cluster.Connect(0);
  cluster.Delay(2);
  cluster.Send(0, c, LinearizableOpen("p"));
  cluster.Run(2);
  EXPECT_THAT(cluster.Take(c), testing::IsEmpty());
  cluster.Run(10);
  std::vector<v1::ServerMessage> answers = cluster.Take(c);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].open_reply().producer_epoch(), 1u);
  const v1::Watermarks& marks = answers[0].open_reply().watermarks();
  EXPECT_EQ(marks.committed().index(), marks.end().index());
}

TEST(TailAlone, ANodeAloneIsAskedForNothing) {
  TestCluster cluster(1);
  cluster.Run(1500);
  ASSERT_EQ(cluster.leader(), 0);
  ConnectionNumber c = cluster.Connect(0);
  cluster.Send(0, c, LinearizableOpen());
  cluster.Run(1);
  ASSERT_EQ(cluster.Take(c).size(), 1u);
}

TEST(TailAlone, AServerWithoutAClusterAnswersInTheSameBatch) {
  TestServer t;
  t.Open(1, "p");
  t.Connect(2);
  t.Send(2, LinearizableOpen());
  t.EndBatch();
  EXPECT_TRUE(t.TakeLast(2).has_open_reply());
  v1::ClientMessage m;
  m.mutable_locate()->mutable_position()->set_newest(true);
  m.mutable_locate()->set_linearizable(true);
  t.Send(2, m);
  t.EndBatch();
  EXPECT_EQ(t.TakeLast(2).locate_reply().lsn(), 1u);
}

// ---- laggards ----

// Acknowledgements that take longer than kLaggardHoldMs, with a ring that is full all the while.
TEST(Laggards, OfTwoThatLagOneIsDroppedAndTheOtherIsMarkedAndStays) {
  TestCluster cluster(3);
  cluster.Run(300);
  ConnectionNumber c = cluster.OpenReady(0, "p");
  uint64_t sequence = 1;
  // They are far away, and known for it: that entries wait for them so long is no stall.
  cluster.Delay(48);
  for (int i = 0; i < 2 * static_cast<int>(limits::kLaggardAges); ++i, ++sequence) {
    cluster.Send(0, c, FrameOf(AppendOf(sequence, 1, v1::LEVEL_REPLICATED)));
    cluster.Run(20);
  }
  cluster.Delay(60);
  for (int i = 0; i < 12; ++i) {
    for (int k = 0; k < 40; ++k, sequence += 10) {
      cluster.Send(0, c, FrameOf(AppendOf(sequence, 10, v1::LEVEL_REPLICATED)));
    }
    cluster.Run(100);
  }
  size_t lags = 0;
  for (const std::string& note : cluster.notes) {
    lags += note.find(" lags: ") != std::string::npos;
    EXPECT_THAT(note, testing::Not(testing::HasSubstr("silent")));
  }
  EXPECT_GE(lags, 1u);
  EXPECT_EQ(cluster.config().isr_size(), 2) << "two copies stay, however slow";
  EXPECT_EQ(cluster.config().epoch(), 1u);
  v1::ClientMessage info;
  info.mutable_journal_info()->set_name(TestCluster::kJournal);
  ConnectionNumber asks = cluster.Connect(0);
  cluster.Send(0, asks, FrameOf(info));
  cluster.Run(5);
  v1::JournalStats stats = cluster.Take(asks).back().journal_reply().stats();
  ASSERT_EQ(stats.laggards_size(), 1);
  cluster.Delay(0);
  cluster.Run(5000);
  EXPECT_EQ(cluster.config().isr_size(), 3) << "it is taken back once it has come close";
}

}  // namespace
}  // namespace ringjournal
