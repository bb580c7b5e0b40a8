// For tests: an application, standbys and writers on a fake journal that is fenced.
#ifndef CLIENT_TAKEOVER_STANDBY_FIXTURE_H_
#define CLIENT_TAKEOVER_STANDBY_FIXTURE_H_

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/client.h"
#include "client/takeover/standby.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {

inline constexpr std::chrono::seconds kLong{30};

// As an application may do it.
template <class Thrown>
[[noreturn]] void Raise(Thrown thrown) {
  std::rethrow_exception(std::make_exception_ptr(thrown));
}

// Keeps what it has applied. A transaction that is called so fails: "refuse", "throw", "throw int".
class Book : public StateMachine {
 public:
  absl::Status Apply(const ReadTransaction& transaction, std::string* effect) override {
    const std::string payload(AsView(transaction.payload));
    if (payload == "refuse") return absl::InvalidArgumentError("no such order");
    if (payload == "throw") Raise(std::runtime_error("out of range"));
    if (payload == "throw int") Raise(7);
    applied.push_back(payload);
    effect->append(absl::StrCat("effect of ", payload));
    return absl::OkStatus();
  }
  std::optional<uint64_t> Digest() override { return 1000 + applied.size(); }
  absl::StatusOr<std::string> Save() override { return absl::StrJoin(applied, ","); }
  absl::Status Load(std::string_view state) override {
    if (state == "refuse") return absl::InvalidArgumentError("not a book");
    if (state == "throw int") Raise(7);
    applied = absl::StrSplit(std::string(state), ',', absl::SkipEmpty());
    loaded = applied;
    return absl::OkStatus();
  }

  std::vector<std::string> applied;
  std::vector<std::string> loaded;  // of them, by Load
};

class StandbyFixture : public ::testing::Test {
 protected:
  StandbyFixture() { fake_.SetFenced(true); }

  client::Journal Orders() { return (*Client::Open(fake_.client_options()))->Journal("orders"); }

  static StandbyOptions Named(std::string name) {
    StandbyOptions options;
    options.name = std::move(name);
    options.heartbeat = std::chrono::milliseconds(5);
    options.silent_after = std::chrono::milliseconds(50);
    return options;
  }
  std::unique_ptr<Standby> OpenStandby(Book* book, const StandbyOptions& options) {
    auto opened = Standby::Open(Orders(), book, options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  absl::Status OpenError(Book* book, const StandbyOptions& options) {
    return Standby::Open(Orders(), book, options).status();
  }
  // By hand, at once, whoever is the writer.
  Promotion BecomeWriter(const StandbyOptions& options) {
    Book book;
    return TakeOver(OpenStandby(&book, options).get());
  }
  static Promotion TakeOver(Standby* standby) {
    auto promotion = standby->TakeOver();
    EXPECT_TRUE(promotion.ok()) << promotion.status();
    return *std::move(promotion);
  }

  // Follows until it holds, whatever is said of the writer.
  static absl::Status FollowUntil(Standby* standby, const std::function<bool()>& holds) {
    absl::Status status;
    const bool held = Eventually([&] {
      if (!holds()) status = standby->Follow(std::chrono::milliseconds(1)).status();
      return !status.ok() || holds();
    });
    return held ? status : absl::DeadlineExceededError("it never came to hold");
  }
  static absl::Status FollowUntilSilent(Standby* standby) {
    StandbyStep step = StandbyStep::kFollowing;
    auto follow = [&]() -> absl::Status {
      auto followed = standby->Follow(std::chrono::milliseconds(20));
      if (followed.ok()) step = *followed;
      return followed.status();
    };
    absl::Status status;
    Eventually([&] { return !(status = follow()).ok() || step == StandbyStep::kWriterSilent; });
    if (!status.ok() || step == StandbyStep::kWriterSilent) return status;
    return absl::DeadlineExceededError("the writer was never silent");
  }
  // Follows until an error ends it: which.
  static absl::Status FollowToItsEnd(Standby* standby) {
    return FollowUntil(standby, [] { return false; });
  }
  static Lsn Append(ActiveWriter* writer, std::string_view payload) {
    AppendOutcome outcome = writer->Append(payload, kLong);
    EXPECT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
    return outcome.receipt.first_lsn;
  }
  // What was marked until now is journaled.
  static void WaitForMarks(ActiveWriter* writer) {
    const uint64_t before = writer->writer().stats().applied;
    EXPECT_TRUE(Eventually([&] { return writer->writer().stats().applied >= before + 2; }));
  }

  FakeJournal fake_{"orders"};
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_STANDBY_FIXTURE_H_
