// Trades in their own journal: each once and at its number's place, whatever became of an append.
#include "examples/matching_engine/output.h"

#include <string>
#include <vector>

#include "client/client.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "examples/matching_engine/engine.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using client::CodeOf;
using client::ErrorCode;
using client::Eventually;
using ::testing::ElementsAre;

class OutputTest : public ::testing::Test {
 protected:
  client::Journal Journal() {
    return (*client::Client::Open(fake_.client_options()))->Journal("trades");
  }
  static std::string Effect(const std::vector<uint64_t>& numbers) {
    Trades trades;
    for (uint64_t number : numbers) trades.add_trades()->set_trade_number(number);
    return trades.SerializeAsString();
  }
  std::vector<uint64_t> Numbers() {
    std::vector<uint64_t> numbers;
    for (const std::string& payload : fake_.Payloads()) {
      Trade trade;
      EXPECT_TRUE(trade.ParseFromString(payload));
      numbers.push_back(trade.trade_number());
    }
    return numbers;
  }
  static bool AllDone(const Output& output) {
    return Eventually([&] { return output.empty() || !output.status().ok(); }) && output.empty();
  }

  client::FakeJournal fake_{"trades"};
};

TEST_F(OutputTest, WhoTakesOverSendsWhatMayBeMissingAndEachTradeIsThereOnce) {
  Output first(Journal());
  ASSERT_TRUE(first.Open().ok());
  ASSERT_TRUE(first.Emit(Lsn(1), Effect({1, 2})).ok());
  ASSERT_TRUE(first.Emit(Lsn(2), Effect({3})).ok());
  ASSERT_TRUE(AllDone(first));
  Output second(Journal());
  ASSERT_TRUE(second.Open().ok());
  ASSERT_TRUE(second.Emit(Lsn(1), Effect({1, 2})).ok());
  EXPECT_EQ(second.done(), Lsn(1)) << "it is there already";
  ASSERT_TRUE(second.Emit(Lsn(2), Effect({3, 4})).ok());
  ASSERT_TRUE(second.Emit(Lsn(3), "").ok());
  ASSERT_TRUE(AllDone(second));
  EXPECT_EQ(second.done(), Lsn(3));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 3, 4));
}

// Their sequence is free again, so the next append would take it: trade 3 would be trade 1.
TEST_F(OutputTest, AnAppendThatCameToNothingDoesNotShiftTheTradesBehindIt) {
  Output output(Journal());
  ASSERT_TRUE(output.Open().ok());
  fake_.RefuseAppends(ErrorCode::kTooLarge);
  ASSERT_TRUE(output.Emit(Lsn(1), Effect({1, 2})).ok());
  ASSERT_TRUE(Eventually([&] { return !output.status().ok(); }));
  EXPECT_EQ(CodeOf(output.status()), ErrorCode::kTooLarge);
  // Who emits has not looked yet.
  ASSERT_TRUE(output.Emit(Lsn(2), Effect({3})).ok());
  ASSERT_TRUE(output.Emit(Lsn(3), Effect({4})).ok());
  ASSERT_TRUE(Eventually([&] { return fake_.counts().appends_received >= 3; }));
  EXPECT_EQ(output.done(), Lsn()) << "nothing of it is done";
  ASSERT_TRUE(output.Open().ok());
  ASSERT_TRUE(output.Emit(Lsn(4), Effect({5})).ok());
  ASSERT_TRUE(AllDone(output));
  EXPECT_EQ(output.done(), Lsn(4));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(OutputTest, AConnectionThatBreaksCostsNoTradeAndDoublesNone) {
  Output output(Journal());
  ASSERT_TRUE(output.Open().ok());
  fake_.LoseConnectionBeforeApplying();
  ASSERT_TRUE(output.Emit(Lsn(1), Effect({1})).ok());
  ASSERT_TRUE(AllDone(output));
  fake_.LoseConnectionAfterApplying();
  ASSERT_TRUE(output.Emit(Lsn(2), Effect({2, 3})).ok());
  ASSERT_TRUE(output.Emit(Lsn(3), Effect({4})).ok());
  ASSERT_TRUE(AllDone(output));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 3, 4));
}

// An engine that was frozen, replaced, and woke up: what it was about to say is said already.
TEST_F(OutputTest, OneThatComesBackBehindItsSuccessorAddsNothing) {
  Output old(Journal());
  ASSERT_TRUE(old.Open().ok());
  {
    Output successor(Journal());
    ASSERT_TRUE(successor.Open().ok());
    ASSERT_TRUE(successor.Emit(Lsn(1), Effect({1, 2})).ok());
    ASSERT_TRUE(AllDone(successor));
  }
  const uint64_t connections = fake_.counts().connections;
  fake_.BreakConnections();
  ASSERT_TRUE(Eventually([&] { return fake_.counts().connections > connections; }));
  // It may be known by now that it was replaced.
  const absl::Status emitted = old.Emit(Lsn(1), Effect({1, 2}));
  EXPECT_TRUE(emitted.ok() || CodeOf(emitted) == ErrorCode::kFenced) << emitted;
  EXPECT_TRUE(Eventually([&] { return !old.status().ok() || old.empty(); }));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2));
}

TEST_F(OutputTest, TheTradesOfAnotherInputAreNotAddedTo) {
  fake_.AddTransactions({"of somebody else"});
  Output output(Journal());
  ASSERT_TRUE(output.Open().ok());
  ASSERT_TRUE(output.Emit(Lsn(1), Effect({1})).ok());
  ASSERT_TRUE(Eventually([&] { return !output.status().ok() || output.empty(); }));
  EXPECT_EQ(CodeOf(output.status()), ErrorCode::kExpectedLsn) << output.status();
  EXPECT_EQ(fake_.Payloads().size(), 1u);
  EXPECT_EQ(output.Emit(Lsn(2), Effect({3})).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace ringjournal::matching
