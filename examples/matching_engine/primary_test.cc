// The writer's life: ends fenced, however it learns of it; its trades are opened anew where they
// must be.
#include "examples/matching_engine/primary.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/client.h"
#include "client/takeover/checkpoints.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using client::CodeOf;
using client::ErrorCode;
using client::Eventually;
using ::testing::SizeIs;

constexpr std::chrono::hours kHours(2);  // no heartbeat among what is counted

// What happens when the engine asks for its Nth command, and when it is told that there are no
// more.
class Script : public Input {
 public:
  Script& Then(std::function<void()> happens) {
    steps_.push_back(std::move(happens));
    return *this;
  }
  Script& AtTheEnd(std::function<void()> happens) {
    end_ = std::move(happens);
    return *this;
  }
  absl::StatusOr<std::optional<Command>> Next() override {
    const auto& happens = asked_ < steps_.size() ? steps_[asked_] : end_;
    if (happens) happens();
    if (++asked_ > steps_.size()) return std::nullopt;
    Command command;
    command.set_input_number(asked_);
    NewOrder* order = command.mutable_new_order();  // each second one trades with the one before it
    order->set_order_id(asked_);
    order->set_side(asked_ % 2 == 1 ? SIDE_BUY : SIDE_SELL);
    order->set_size(1);
    order->set_price(100);
    return command;
  }

 private:
  std::vector<std::function<void()>> steps_;
  std::function<void()> end_;
  size_t asked_ = 0;
};

class PrimaryTest : public ::testing::Test {
 protected:
  PrimaryTest() {
    fake_.SetFenced(true);
    EXPECT_TRUE(Trades().CreateIfMissing().ok());
  }
  client::Journal Orders() {
    return (*client::Client::Open(fake_.client_options()))->Journal("orders");
  }
  client::Journal Trades() { return Orders().Sibling("trades"); }

  client::Promotion BecomeWriter(const std::string& name, EngineState* state) {
    auto standby = client::Standby::Open(
        Orders(), state, {.name = name, .silent_after = kHours, .heartbeat = kHours / 2});
    EXPECT_TRUE(standby.ok()) << standby.status();
    auto promotion = (*standby)->TakeOver();
    EXPECT_TRUE(promotion.ok()) << promotion.status();
    writer_ = promotion->writer.get();
    return *std::move(promotion);
  }
  absl::Status Run(client::Promotion promotion, EngineState* state, Script script,
                   const PrimaryOptions& options = {}) {
    Output output(Trades());
    Primary primary(std::move(promotion), Orders(), state, &output, options);
    return primary.Run(&script);
  }
  uint64_t TradesInTheirJournal() { return Trades().Info()->watermarks.committed.lsn.value(); }

  client::FakeJournal fake_{"orders"};
  client::ActiveWriter* writer_ = nullptr;
};

TEST_F(PrimaryTest, ToTheEndOfItsInputEverythingIsJournaledActedOnAndMarked) {
  EngineState state;
  ASSERT_TRUE(Run(BecomeWriter("a", &state), &state, Script().Then({}).Then({}).Then({})).ok());
  EXPECT_THAT(fake_.Payloads(), SizeIs(3));
  EXPECT_EQ(TradesInTheirJournal(), 1u);
  EngineState other;
  EXPECT_EQ(BecomeWriter("b", &other).report.in_doubt_count, 0u);
  EXPECT_EQ(other.book().Digest(), state.book().Digest());
}

// The append is sent, its answer never comes, and what comes instead is that somebody else writes:
// the append's own outcome says only that it is not known.
TEST_F(PrimaryTest, WhoIsReplacedWhileAnAppendIsUnansweredEndsFenced) {
  EngineState state;
  client::Promotion promotion = BecomeWriter("a", &state);
  Script script;
  script.Then([&] { fake_.DelayAnswers(std::chrono::hours(1)); }).Then([&] {
    EXPECT_TRUE(Eventually([&] { return fake_.Payloads().size() == 1; }));
    fake_.LoseTransactionsFrom(fake_.end_lsn().next());  // nothing, but the writer's epoch
    fake_.DelayAnswers({});
    EXPECT_TRUE(
        Eventually([&] { return !writer_->status().ok() && writer_->writer().in_flight() == 0; }));
  });
  const absl::Status status = Run(std::move(promotion), &state, std::move(script));
  EXPECT_EQ(CodeOf(status), ErrorCode::kFenced) << status;
}

// It comes to nothing while the one before it is acted on, with nothing behind it.
TEST_F(PrimaryTest, ALastAppendThatFailsIsNoEndOfTheInput) {
  EngineState state;
  client::Promotion promotion = BecomeWriter("a", &state);
  Script script;
  script.Then({}).Then([&] {
    // The first command and the writer's first word.
    EXPECT_TRUE(Eventually([&] { return writer_->writer().stats().applied == 2; }));
    fake_.RefuseAppends(ErrorCode::kTooLarge);
    fake_.DelayAnswers(std::chrono::milliseconds(300));  // Act has begun by then
  });
  PrimaryOptions options;
  options.on_first_acknowledged = [&](Lsn) {
    EXPECT_TRUE(Eventually([&] {
      return writer_->writer().stats().not_applied == 1 && writer_->writer().in_flight() == 0;
    }));
  };
  const absl::Status status = Run(std::move(promotion), &state, std::move(script), options);
  EXPECT_EQ(CodeOf(status), ErrorCode::kTooLarge) << status;
}

TEST_F(PrimaryTest, TradesThatSomebodyElseHasOpenedAreOpenedAnewByTheWriter) {
  EngineState state;
  client::Promotion promotion = BecomeWriter("a", &state);
  Output visitor(Trades());
  Script script;
  script.Then({}).Then([&] { EXPECT_TRUE(visitor.Open().ok()); }).Then({}).Then({});
  ASSERT_TRUE(Run(std::move(promotion), &state, std::move(script)).ok());
  EXPECT_EQ(TradesInTheirJournal(), 2u);
}

// Nothing answers who saves, and in the next life something does.
TEST_F(PrimaryTest, ACheckpointThatCannotBeSavedHoldsUpNothingAndALaterOneIsSaved) {
  client::ClientOptions impatient = fake_.client_options();
  impatient.request_timeout_ns = 100'000'000;
  auto saver =
      BackgroundSaver::Start((*client::Client::Open(impatient))->Journal("orders"), "a-saver");
  ASSERT_TRUE(saver.ok()) << saver.status();
  const PrimaryOptions options = {.checkpoint_every = 1, .saver = saver->get()};
  EngineState state, later;
  client::Promotion promotion = BecomeWriter("a", &state);
  Script script;
  script.Then([&] { fake_.LeaveRequestsUnanswered(true); }).Then({});
  EXPECT_TRUE(Run(std::move(promotion), &state, std::move(script), options).ok());
  EXPECT_TRUE(Eventually([&] { return (*saver)->counts().failed == 1; }));
  fake_.LeaveRequestsUnanswered(false);
  fake_.SetDurableAtOnce(true);
  promotion = BecomeWriter("b", &later);
  EXPECT_TRUE(Run(std::move(promotion), &later, Script().Then({}).Then({}).Then({}), options).ok());
  EXPECT_TRUE(Eventually([&] { return (*saver)->counts().saved == 1; }));
  EXPECT_THAT(*client::LoadCheckpoints(Orders()), SizeIs(1));
}

// An engine that ends does not wait for answers that do not come.
TEST_F(PrimaryTest, ASaverThatIsEndedBreaksItsRequestsOff) {
  fake_.LeaveRequestsUnanswered(true);
  const auto began = std::chrono::steady_clock::now();
  {
    auto saver = BackgroundSaver::Start(Orders(), "a-checkpoints");
    ASSERT_TRUE(saver.ok()) << saver.status();
    (*saver)->Save({}, {});
    EXPECT_TRUE((*saver)->busy());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST_F(PrimaryTest, TradesThatAreRefusedOnceAreSentAgain) {
  EngineState state;
  client::Promotion promotion = BecomeWriter("a", &state);
  Script script;
  script.Then({}).Then({}).AtTheEnd([&] {
    // Both commands are there, and the writer's first word: the next that is appended is a trade.
    EXPECT_TRUE(Eventually([&] { return writer_->writer().stats().applied == 3; }));
    fake_.RefuseAppends(ErrorCode::kTooLarge);
  });
  ASSERT_TRUE(Run(std::move(promotion), &state, std::move(script)).ok());
  EXPECT_EQ(TradesInTheirJournal(), 1u);
}

}  // namespace
}  // namespace ringjournal::matching
