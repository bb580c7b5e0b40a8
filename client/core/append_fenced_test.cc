// A session whose producer somebody else has opened, or that was settled, ends.
#include <string>
#include <utility>
#include <vector>

#include "client/core/test_append_session.h"
#include "client/errors.h"
#include "gmock/gmock.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

// "a" is applied, "b" and "c" behind it are refused as fenced.
class FencedSession : public AppendSessionTest {
 protected:
  explicit FencedSession(AppendSessionOptions options = Options())
      : AppendSessionTest(std::move(options)) {}
  void FenceBy(uint64_t client_instance) {
    Open();
    Append({"a"});
    peer_.Settle();
    peer_.refuse_next = 1;
    peer_.refuse_code = v1::ERROR_CODE_FENCED;
    peer_.fenced_by = client_instance;
    Append({"b"});
    Append({"c"});
    peer_.Settle();
  }
  void ExpectStopped() {
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
};

TEST_F(FencedSession, StopsAndSaysSo) {
  FenceBy(8);
  ExpectStopped();
}

TEST_F(FencedSession, StopsWhereNobodySaysWhoItWas) {
  FenceBy(0);
  ExpectStopped();
}

// Its opening on a connection that it gave up was done after the one that was answered.
TEST_F(FencedSession, OpensAgainWhereItWasItself) {
  FenceBy(7);
  EXPECT_FALSE(session_.stopped()) << session_.status();
  EXPECT_FALSE(session_.streaming());
  peer_.Connect();
  peer_.Settle();
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 3u);
  for (const AppendOutcome& outcome : outcomes) EXPECT_EQ(outcome.fate, Fate::kApplied);
  EXPECT_THAT(peer_.Payloads(), ElementsAre("a", "b", "c"));
  int opens = 0;
  for (const v1::ClientMessage& message : peer_.received) {
    if (!message.has_open()) continue;
    ++opens;
    EXPECT_EQ(message.open().client_instance(), 7u);
  }
  EXPECT_EQ(opens, 2);
}

// While it was away somebody else has opened its producer, or settled what became of its appends.
TEST_F(FencedSession, NamesItsProducerEpochAndStopsWhereItsOpenIsRefused) {
  Open();
  Append({"a"});
  peer_.Settle();
  peer_.hold_acks = true;
  Append({"b"});
  peer_.Settle();
  peer_.Disconnect();
  std::vector<uint32_t> epochs;
  peer_.on_message = [&](const v1::ClientMessage& message) {
    if (!message.has_open()) return false;
    epochs.push_back(message.open().producer_epoch());
    EXPECT_EQ(message.open().producer_generation(), 1u);
    peer_.SendError(message.open().request_id(), v1::ERROR_CODE_FENCED, "replaced");
    return true;
  };
  Append({"c"});
  peer_.Connect();
  peer_.Settle();
  EXPECT_THAT(epochs, ElementsAre(1u));
  EXPECT_EQ(peer_.received[1].open().producer_epoch(), 0u) << "it had none when it first opened";
  EXPECT_TRUE(session_.stopped());
  EXPECT_EQ(CodeOf(session_.status()), ErrorCode::kFenced);
  std::vector<AppendOutcome> outcomes = Outcomes();
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(outcomes[1].fate, Fate::kUnknown) << "sent, and nobody has said what became of it";
  EXPECT_EQ(outcomes[2].fate, Fate::kNotApplied) << "never sent";
}

AppendSessionOptions Nameless() {
  AppendSessionOptions options = Options();
  options.client_instance = 0;
  return options;
}

class NamelessSession : public FencedSession {
 protected:
  NamelessSession() : FencedSession(Nameless()) {}
};

TEST_F(NamelessSession, IsNotTheOneThatSaysNothingEither) {
  FenceBy(0);
  ExpectStopped();
}

}  // namespace
}  // namespace ringjournal::client
