#include "client/core/append_session.h"

#include <random>
#include <string>
#include <vector>

#include "client/core/test_append_session.h"
#include "client/errors.h"
#include "client/transaction_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

TEST_F(AppendSessionTest, AppendsGoOutInOrderAndComeBackWithReceipts) {
  Append({"a", "b"}, 7);
  Open();
  Append({"c"}, 8);
  peer_.Settle();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].fate, Fate::kApplied);
  EXPECT_EQ(outcomes[0].token, 7u);
  EXPECT_EQ(outcomes[0].receipt.first_lsn, Lsn(1));
  EXPECT_EQ(outcomes[0].receipt.last_lsn(), Lsn(2));
  EXPECT_EQ(outcomes[1].receipt.first_lsn, Lsn(3));
  EXPECT_EQ(outcomes[1].first_sequence, Sequence(3));
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", "b", "c"));
}

TEST_F(AppendSessionTest, TheOpenDoesNotWaitForTheAnswerToTheHello) {
  peer_.on_message = [](const v1::ClientMessage& m) { return true; };  // answers nothing
  peer_.Connect();
  peer_.Deliver();
  ASSERT_EQ(peer_.received.size(), 2u);
  EXPECT_TRUE(peer_.received[0].has_hello());
  EXPECT_EQ(peer_.received[1].open().journal(), "orders");
}

TEST_F(AppendSessionTest, AnySplitOfTheAnswersGivesTheSameOutcomes) {
  for (size_t piece : {1, 2, 3, 7}) {
    AppendSession session(Options());
    FakePeer peer(&session);
    peer.Connect();
    TransactionRun run;
    run.Add("x");
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(session.Append({.run = run.bytes(), .count = 1}).ok());
    }
    for (int i = 0; i < 5; ++i) {
      peer.Deliver();
      peer.Answer(SIZE_MAX, piece);
    }
    AppendOutcome outcome;
    for (uint64_t i = 1; i <= 5; ++i) {
      ASSERT_TRUE(session.NextOutcome(&outcome)) << "piece " << piece;
      EXPECT_EQ(outcome.receipt.first_lsn, Lsn(i));
    }
  }
}

TEST_F(AppendSessionTest, AFrameCutByADisconnectIsSentAgainWhole) {
  Open();
  Append({"first"});
  Append({"second"});
  peer_.Deliver(30);  // in the middle of the first append
  peer_.Disconnect();
  Open();
  EXPECT_THAT(peer_.Payloads(), ElementsAre("first", "second"));
  EXPECT_EQ(Outcomes().size(), 2u);
  EXPECT_EQ(session_.stats().resent, 0u) << "nothing had left whole";
  EXPECT_EQ(session_.reconnects(), 1u);
}

TEST_F(AppendSessionTest, AnAppliedButUnansweredAppendIsResentAndAnsweredAsDuplicate) {
  Open();
  Append({"one", "two"});
  peer_.Deliver();  // applied, the answer never arrives
  peer_.Disconnect();
  Append({"three"});
  Open();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_TRUE(outcomes[0].receipt.duplicate);
  EXPECT_EQ(outcomes[0].receipt.first_lsn, Lsn(1));
  EXPECT_FALSE(outcomes[1].receipt.duplicate);
  EXPECT_THAT(peer_.Payloads(), ElementsAre("one", "two", "three"));
  EXPECT_EQ(session_.stats().resent, 1u);
  EXPECT_EQ(session_.stats().duplicates, 1u);
}

TEST_F(AppendSessionTest, NumberingContinuesWhereAnEarlierSessionStopped) {
  peer_.last_sequence = 41;
  Append({"x"});
  Open();
  EXPECT_EQ(session_.last_sequence_at_open(), Sequence(41));
  EXPECT_EQ(Outcomes().at(0).first_sequence, Sequence(42));
}

TEST_F(AppendSessionTest, AfterBackPressureItResumesAndSendsTheSameSequences) {
  Open();
  peer_.refuse_next = 1;
  Append({"a"});
  Append({"b"});
  Append({"c"});
  peer_.Settle();
  EXPECT_TRUE(Outcomes().empty());
  Append({"d"});
  WaitOut();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(session_.stats().refusals, 1u);
  EXPECT_EQ(session_.stats().resent, 3u);
}

TEST_F(AppendSessionTest, AResumeWaitsForTheFrameThatIsOnTheWireHalf) {
  Open();
  peer_.refuse_next = 1;
  Append({"a"});
  Append({std::string(1000, 'b')});
  peer_.Deliver(200);  // "a" whole, "b" cut
  peer_.Answer();      // the refusal of "a"
  WaitOut();
  EXPECT_EQ(Outcomes().size(), 2u);
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", std::string(1000, 'b')));
}

TEST_F(AppendSessionTest, ADisconnectDuringARefusalLosesNothing) {
  Open();
  peer_.refuse_next = 1;
  Append({"a"});
  Append({"b"});
  peer_.Settle();
  peer_.Disconnect();
  Open();
  EXPECT_EQ(Outcomes().size(), 2u);
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", "b"));
}

TEST_F(AppendSessionTest, WhatIsRefusedForGoodTakesThoseBehindItAlong) {
  Open();
  Append({"a"});
  peer_.Settle();
  peer_.refuse_next = 1;
  peer_.refuse_code = v1::ERROR_CODE_LEVEL_NOT_OFFERED;
  Append({"bad"});
  Append({"behind"});
  peer_.Settle();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(outcomes[1].fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcomes[1].error), ErrorCode::kLevelNotOffered);
  EXPECT_EQ(outcomes[2].fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcomes[2].error), ErrorCode::kBehindRefused);
  Append({"next"});
  WaitOut();
  ASSERT_EQ(session_.in_flight(), 1u);
  EXPECT_EQ(Outcomes().at(0).first_sequence, Sequence(2)) << "the number was not used up";
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", "next"));
}

TEST_F(AppendSessionTest, GivingUpSaysUnknownForWhatWasSentAndNotAppliedForTheRest) {
  Open();
  peer_.hold_acks = true;
  Append({"sent"});
  peer_.Deliver();
  peer_.Disconnect();
  Append({"never sent"});
  for (int i = 0; i < 700 && !session_.stopped(); ++i) {
    peer_.AdvanceTime(kSecondNs / 10);
    if (session_.wants_connection()) {
      session_.Disconnected(MakeError(ErrorCode::kCannotConnect, "refused"), peer_.now_ns);
    }
  }
  ASSERT_TRUE(session_.stopped());
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kCannotConnect);
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].fate, Fate::kUnknown);
  EXPECT_EQ(CodeOf(outcomes[0].error), ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(outcomes[1].fate, Fate::kNotApplied);
}

TEST_F(AppendSessionTest, ASequenceBelowTheAcknowledgedOneIsDataLossEvenWithoutAReport) {
  Open();
  Append({"a"});
  peer_.Settle();
  peer_.Disconnect();
  peer_.last_sequence = 0;
  Open();
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kDataLoss);
}

TEST_F(AppendSessionTest, AJournalCreatedAnewIsNotTakenForTheOldOne) {
  Open();
  Append({"a"});
  peer_.Settle();
  peer_.Disconnect();
  peer_.journal_id = std::string(16, 'k');
  Open();
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kJournalNotFound);
}

TEST_F(AppendSessionTest, TheWindowIsBounded) {
  TransactionRun run;
  run.Add("x");
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(session_.Append({.run = run.bytes(), .count = 1}).ok());
  }
  EXPECT_FALSE(session_.HasRoom(run.size_bytes()));
  EXPECT_EQ(CodeOf(session_.Append({.run = run.bytes(), .count = 1})), ErrorCode::kWindowFull);
}

TEST_F(AppendSessionTest, AnIdleSessionSendsHeartbeatsAndNoticesASilentServer) {
  Open();
  peer_.AdvanceTime(5 * kSecondNs);
  peer_.Settle();
  EXPECT_TRUE(peer_.received.back().has_heartbeat());
  peer_.on_message = [](const v1::ClientMessage&) { return true; };  // deaf from now on
  for (int i = 0; i < 4; ++i) {
    peer_.AdvanceTime(5 * kSecondNs);
    peer_.Deliver();
  }
  EXPECT_TRUE(session_.wants_close());
}

TEST_F(AppendSessionTest, GarbageFromTheServerEndsTheSessionAsAProtocolError) {
  peer_.Connect();
  std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  session_.Received(AsBytes(http), peer_.now_ns);
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kProtocol);
}

TEST_F(AppendSessionTest, AnAnswerToAnAppendThatWasNotSentIsAProtocolError) {
  Open();
  v1::ServerMessage reply;
  reply.mutable_append_reply()->add_results()->set_request_id(999);
  peer_.Send(reply);
  peer_.Answer();
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kProtocol);
}

TEST_F(AppendSessionTest, AWrongJournalNameStopsAtOnce) {
  peer_.on_message = [&](const v1::ClientMessage& message) {
    if (!message.has_open()) return false;
    peer_.SendError(message.open().request_id(), v1::ERROR_CODE_JOURNAL_NOT_FOUND, "no journal");
    return true;
  };
  Append({"a"});
  Open();
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kJournalNotFound);
  EXPECT_EQ(Outcomes().at(0).fate, Fate::kNotApplied);
}

// Bytes are cut at random places in both directions, connections break, appends are refused: the
// journal holds every transaction once, in order, and every append is answered as applied.
TEST(AppendSessionFaults, EveryTransactionIsAppliedOnceInOrderThroughRandomFaults) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    AppendSessionOptions options = Options();
    options.appends_in_flight_max = 8;
    options.session.seed = seed;
    AppendSession session(options);
    FakePeer peer(&session);
    std::vector<std::string> wanted;
    uint64_t outcomes = 0;
    TransactionRun run;
    for (int step = 0; step < 100000 && outcomes < 60; ++step) {
      ASSERT_FALSE(session.stopped()) << session.status() << " seed " << seed;
      if (wanted.size() < 60 && session.HasRoom(64) && chance(30)) {
        run.Clear();
        wanted.push_back("t" + std::to_string(wanted.size()));
        run.Add(wanted.back());
        ASSERT_TRUE(session.Append({.run = run.bytes(), .count = 1}).ok());
      }
      if (!peer.connected()) peer.Connect();
      if (chance(5)) peer.refuse_next = 1;
      peer.Deliver(random() % 120);
      peer.Answer(random() % 120, 1 + random() % 40);
      if (chance(3)) peer.Disconnect();
      peer.AdvanceTime(kMsNs);
      AppendOutcome outcome;
      while (session.NextOutcome(&outcome)) {
        ++outcomes;
        ASSERT_EQ(outcome.fate, Fate::kApplied);
        ASSERT_EQ(outcome.receipt.first_lsn, Lsn(outcomes)) << "seed " << seed;
      }
    }
    ASSERT_EQ(outcomes, 60u) << "seed " << seed;
    ASSERT_EQ(peer.Payloads(), wanted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ringjournal::client
