#include "client/core/append_session.h"

#include <random>
#include <string>
#include <vector>

#include "client/core/fake_peer.h"
#include "client/errors.h"
#include "client/transaction_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

AppendSessionOptions Options() {
  AppendSessionOptions options;
  options.journal = "orders";
  options.producer = "p1";
  options.appends_in_flight_max = 64;
  return options;
}

class AppendSessionTest : public ::testing::Test {
 protected:
  explicit AppendSessionTest(AppendSessionOptions options = Options())
      : session_(std::move(options)), peer_(&session_) {}

  void Append(const std::vector<std::string>& payloads, uint64_t token = 0) {
    TransactionRun run;
    for (const std::string& payload : payloads) run.Add(payload);
    absl::Status status =
        session_.Append({.run = run.bytes(), .count = run.count(), .token = token});
    ASSERT_TRUE(status.ok()) << status;
  }
  void Open() {
    peer_.Connect();
    peer_.Settle();
  }
  std::vector<AppendOutcome> Outcomes() {
    std::vector<AppendOutcome> outcomes;
    AppendOutcome outcome;
    while (session_.NextOutcome(&outcome)) outcomes.push_back(outcome);
    return outcomes;
  }
  // Lets a paused session resume.
  void WaitOut() {
    peer_.AdvanceTime(kSecondNs);
    peer_.Settle();
  }

  AppendSession session_;
  FakePeer peer_;
};

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

TEST_F(AppendSessionTest, AFencedSessionStopsAndSaysSo) {
  Open();
  Append({"a"});
  peer_.Settle();
  peer_.refuse_next = 1;
  peer_.refuse_code = v1::ERROR_CODE_FENCED;
  Append({"b"});
  Append({"c"});
  peer_.Settle();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(outcomes[1].fate, Fate::kNotApplied);
  EXPECT_EQ(outcomes[2].fate, Fate::kNotApplied);
  EXPECT_TRUE(session_.stopped());
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kFenced);
  TransactionRun run;
  run.Add("d");
  EXPECT_EQ(CodeOf(session_.Append({.run = run.bytes(), .count = 1})), ErrorCode::kFenced);
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

TEST_F(AppendSessionTest, ALossIsReportedWithTheLsnsHeldAndWaitsForAcceptance) {
  Open();
  for (int i = 0; i < 5; ++i) Append({"x", "y"});
  peer_.Settle();
  EXPECT_EQ(Outcomes().size(), 5u);
  peer_.Disconnect();
  uint32_t accepted = 0;
  peer_.on_message = [&](const v1::ClientMessage& message) {
    if (!message.has_open()) return false;
    accepted = message.open().accept_generation();
    // What is left below the loss is shown from then on: a later loss may start lower.
    EXPECT_EQ(message.open().last_receipt().last_lsn(), accepted < 2 ? 10u : 6u);
    if (accepted >= 2) return false;
    v1::ServerMessage reply;
    reply.mutable_error()->set_request_id(message.open().request_id());
    reply.mutable_error()->set_code(v1::ERROR_CODE_DATA_LOSS);
    reply.mutable_error()->set_message("the ring was lost");
    v1::DataLossDetail* detail = reply.mutable_error()->mutable_data_loss();
    detail->set_generation(2);
    detail->set_receipt_lsn(10);
    detail->mutable_report()->set_first_lsn(7);
    detail->mutable_report()->set_received(v1::LOSS_VERDICT_POSSIBLE);
    peer_.Send(reply);
    return true;
  };
  peer_.last_sequence = 6;  // sequences 7..10 are gone
  peer_.generation = 2;
  Open();
  ASSERT_NE(session_.loss(), nullptr);
  EXPECT_EQ(session_.loss()->first_lsn, Lsn(7));
  EXPECT_EQ(session_.loss()->received, "possible");
  EXPECT_THAT(session_.loss()->held, ElementsAre(LsnRange{Lsn(7), Lsn(10)}));
  EXPECT_TRUE(session_.loss()->held_is_complete);
  peer_.AdvanceTime(1000 * kSecondNs);
  EXPECT_FALSE(session_.wants_connection()) << "nothing happens without acceptance";
  EXPECT_FALSE(session_.stopped());
  session_.AcceptLoss(peer_.now_ns);
  Append({"after"});
  Open();
  EXPECT_EQ(accepted, 2u);
  EXPECT_EQ(Outcomes().at(0).first_sequence, Sequence(7));
}

// Two appends in flight when the connection ends; the journal comes back in generation 2, with a
// last sequence at an LSN at or above the loss, or below it.
class AppendsAcrossALoss : public AppendSessionTest {
 protected:
  void ComeBack(uint64_t last_sequence_lsn, bool lost_before) {
    if (lost_before) peer_.losses.emplace_back().set_generation(1);
    Open();
    peer_.hold_acks = true;
    Append({"a"});
    Append({"b"});
    peer_.Settle();
    peer_.Disconnect();
    peer_.hold_acks = false;
    peer_.generation = 2;
    peer_.losses.emplace_back().set_generation(2);
    peer_.losses.back().set_first_lsn(5);
    peer_.last_sequence = 1;
    peer_.last_sequence_lsn = last_sequence_lsn;
    Open();
  }
};

TEST_F(AppendsAcrossALoss, WhatStandsBelowItIsApplied) {
  ComeBack(4, true);
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].fate, Fate::kApplied);
  EXPECT_EQ(outcomes[1].fate, Fate::kApplied);
}

TEST_F(AppendsAcrossALoss, WhatStandsAboveItIsAppliedIfNobodyHadTheNumberBefore) {
  ComeBack(5, false);
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].fate, Fate::kApplied);
  EXPECT_EQ(outcomes[1].fate, Fate::kApplied);
}

// Two were acknowledged and are lost: their numbers are given again. Then the log of before that
// wins.
TEST_F(AppendsAcrossALoss, NumbersThatThisSessionGivesAgainAreNotTakenForTheOldOnes) {
  Open();
  Append({"a", "b"});
  peer_.Settle();
  ASSERT_EQ(Outcomes().size(), 1u);
  for (uint32_t generation : {2u, 3u}) {
    peer_.Disconnect();
    peer_.on_message = [&, generation](const v1::ClientMessage& message) {
      if (!message.has_open() || message.open().accept_generation() >= generation) return false;
      v1::ServerMessage reply;
      reply.mutable_error()->set_request_id(message.open().request_id());
      reply.mutable_error()->set_code(v1::ERROR_CODE_DATA_LOSS);
      reply.mutable_error()->mutable_data_loss()->set_generation(generation);
      reply.mutable_error()->mutable_data_loss()->mutable_report()->set_first_lsn(1);
      peer_.Send(reply);
      return true;
    };
    peer_.generation = generation;
    peer_.losses.emplace_back().set_generation(generation);
    peer_.losses.back().set_first_lsn(1);
    peer_.last_sequence = generation == 2 ? 0 : 2;
    peer_.last_sequence_lsn = peer_.last_sequence;
    Open();
    ASSERT_NE(session_.loss(), nullptr);
    session_.AcceptLoss(peer_.now_ns);
    peer_.hold_acks = generation == 2;
    Open();
    if (generation == 2) Append({"c", "d"});
    peer_.Settle();
  }
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].first_sequence, Sequence(1));
  EXPECT_EQ(outcomes[0].fate, Fate::kUnknown);
}

TEST_F(AppendsAcrossALoss, WhatStandsAboveItMayHaveHadTheNumberBeforeAndIsUnknown) {
  ComeBack(5, true);
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].fate, Fate::kUnknown);
  EXPECT_THAT(std::string(outcomes[0].error.message()), testing::HasSubstr("an older log"));
  EXPECT_EQ(outcomes[1].fate, Fate::kApplied);
  EXPECT_EQ(outcomes[1].first_sequence, Sequence(2));
}

TEST_F(AppendSessionTest, AServerThatHasNotHeardOfTheNewestGenerationIsLeft) {
  peer_.generation = 2;
  Open();
  peer_.Disconnect();
  peer_.generation = 1;
  Append({"a"});
  Open();
  EXPECT_FALSE(peer_.connected());
  EXPECT_FALSE(session_.stopped());
  EXPECT_THAT(std::string(session_.last_trouble().message()),
              testing::HasSubstr("generation 2 has begun"));
  peer_.generation = 2;
  Open();
  EXPECT_EQ(Outcomes().at(0).fate, Fate::kApplied);
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
