// Appends across a recovery that may have lost something.
#include <string>
#include <vector>

#include "client/core/test_append_session.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

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
  void ComeBack(uint64_t last_sequence_lsn) {
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
  ComeBack(4);
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
  ComeBack(5);
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

}  // namespace
}  // namespace ringjournal::client
