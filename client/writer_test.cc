// The Writer over a real socket: outcomes, their order, their thread, deadlines, the end.
#include "client/writer.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "client/writer_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using WriterTest = WriterFixture;

// Outcomes as they come, with the thread that they came on.
struct Collected {
  std::mutex mutex;
  std::vector<AppendOutcome> outcomes;
  std::vector<std::thread::id> threads;

  AppendCallback Callback() {
    return [this](const AppendOutcome& outcome) {
      std::lock_guard lock(mutex);
      outcomes.push_back(outcome);
      threads.push_back(std::this_thread::get_id());
    };
  }
  size_t size() {
    std::lock_guard lock(mutex);
    return outcomes.size();
  }
  std::vector<Fate> Fates() {
    std::lock_guard lock(mutex);
    std::vector<Fate> fates;
    for (const AppendOutcome& outcome : outcomes) fates.push_back(outcome.fate);
    return fates;
  }
};

TEST_F(WriterTest, AnAppendReturnsItsReceipt) {
  auto writer = OpenWriter();
  AppendOutcome outcome = writer->Append("one", kLong);
  ASSERT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
  EXPECT_EQ(outcome.receipt.first_lsn, Lsn(1));
  EXPECT_EQ(outcome.receipt.level, Level::kReplicated);
  EXPECT_EQ(outcome.first_sequence, Sequence(1));
  EXPECT_EQ(writer->Append("two", kLong, {.level = Level::kDisk}).receipt.level,
            Level::kDiskQuorum);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("one", "two"));
}

TEST_F(WriterTest, ABatchIsOneEntryAndKeepsItsMetadata) {
  auto writer = OpenWriter();
  TransactionRun run;
  run.Add("a");
  run.Add(Transaction{.payload = "b", .key = "k", .id = "id-1"});
  AppendOutcome outcome = writer->Append(run, kLong);
  ASSERT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
  EXPECT_EQ(outcome.receipt.count, 2u);
  auto subscription = Orders().Subscribe();
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  ReadTransaction first, second;
  ASSERT_EQ(*(*subscription)->Next(&first), ReadStep::kTransaction);
  Index index = first.index;
  ASSERT_EQ(*(*subscription)->Next(&second), ReadStep::kTransaction);
  EXPECT_EQ(second.index, index);
  Transaction transaction;
  ASSERT_TRUE(ParseTransaction(second.encoded, &transaction));
  EXPECT_EQ(transaction.payload, "b");
  EXPECT_EQ(transaction.key, "k");
  EXPECT_EQ(transaction.id, "id-1");
}

TEST_F(WriterTest, CallbacksRunInTheOrderOfTheAppendsOnOneThreadOfItsOwn) {
  Collected got;
  auto writer = OpenWriter({.appends_in_flight_max = 64});
  constexpr size_t kAppends = 2000;
  for (size_t i = 0; i < kAppends; ++i) {
    ASSERT_TRUE(writer->AppendAsync("t" + std::to_string(i), got.Callback()).ok());
    if (i % 500 == 250) fake_.BreakConnections();
  }
  ASSERT_TRUE(writer->Flush(Level::kReplicated, kLong).ok());
  ASSERT_EQ(got.size(), kAppends);
  for (size_t i = 0; i < kAppends; ++i) {
    ASSERT_EQ(got.outcomes[i].fate, Fate::kApplied) << got.outcomes[i].error;
    ASSERT_EQ(got.outcomes[i].first_sequence, Sequence(i + 1));
    ASSERT_EQ(got.threads[i], got.threads[0]);
  }
  EXPECT_NE(got.threads[0], std::this_thread::get_id());
  EXPECT_EQ(fake_.Payloads().size(), kAppends);
}

TEST_F(WriterTest, ManyThreadsMayAppendAtOnceAndNothingIsLostOrDoubled) {
  auto writer = OpenWriter({.appends_in_flight_max = 16});
  fake_.LoseConnectionAfterApplying(1);
  std::vector<std::thread> threads;
  std::atomic<int> applied = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        std::string payload = std::to_string(t) + "." + std::to_string(i);
        bool by_future = i % 2 == 0;
        AppendOutcome outcome =
            by_future ? writer->AppendAsync(payload).get() : writer->Append(payload, kLong);
        applied += outcome.fate == Fate::kApplied;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, 200);
  std::vector<std::string> payloads = fake_.Payloads();
  std::ranges::sort(payloads);
  EXPECT_EQ(payloads.size(), 200u);
  EXPECT_TRUE(std::ranges::adjacent_find(payloads) == payloads.end());
}

TEST_F(WriterTest, TryAppendIsRefusedAtOnceWhenTheWriterIsFull) {
  Collected got;
  auto writer = OpenWriter({.appends_in_flight_max = 2});
  fake_.DelayAnswers(std::chrono::hours(1));
  EXPECT_TRUE(writer->TryAppend("a", got.Callback()).ok());
  EXPECT_TRUE(writer->TryAppend("b", got.Callback()).ok());
  absl::Status full = writer->TryAppend("c", got.Callback());
  EXPECT_EQ(CodeOf(full), ErrorCode::kWindowFull) << full;
  EXPECT_EQ(writer->in_flight(), 2u);
  writer.reset();
  EXPECT_EQ(got.size(), 2u) << "the refused one has no outcome";
}

TEST_F(WriterTest, BytesInFlightAreLimitedToo) {
  Collected got;
  auto writer = OpenWriter({.bytes_in_flight_max = 1000});
  fake_.DelayAnswers(std::chrono::hours(1));
  EXPECT_TRUE(writer->TryAppend(std::string(5000, 'x'), got.Callback()).ok()) << "an empty one";
  EXPECT_EQ(CodeOf(writer->TryAppend("y", got.Callback())), ErrorCode::kWindowFull);
}

TEST_F(WriterTest, AppendAsyncWaitsForRoomAndThenGoesOn) {
  Collected got;
  auto writer = OpenWriter({.appends_in_flight_max = 1});
  fake_.SetRingFull(true);
  ASSERT_TRUE(writer->AppendAsync("first", got.Callback()).ok());
  std::thread waiting([&] { EXPECT_TRUE(writer->AppendAsync("second", got.Callback()).ok()); });
  fake_.SetRingFull(false);
  waiting.join();
  ASSERT_TRUE(writer->Flush(Level::kReplicated, kLong).ok());
  EXPECT_THAT(fake_.Payloads(), ElementsAre("first", "second"));
}

TEST_F(WriterTest, AFullWriterIsAnErrorOnceTheAppendTimeoutIsOver) {
  Collected got;
  auto writer = OpenWriter({.append_timeout = kShort, .appends_in_flight_max = 1});
  fake_.SetRingFull(true);
  fake_.DelayAnswers(std::chrono::hours(1));
  ASSERT_TRUE(writer->AppendAsync("first", got.Callback()).ok());
  ASSERT_TRUE(Eventually([&] { return got.size() == 1; }));
  EXPECT_EQ(CodeOf(writer->AppendAsync("second", got.Callback())), ErrorCode::kWindowFull)
      << "the first still holds its room, since it may yet be answered";
}

TEST_F(WriterTest, ACallbackMayAppendAndACallThatWaitsIsRefusedThere) {
  auto writer = OpenWriter();
  std::promise<std::vector<absl::Status>> said;
  auto callback = [&](const AppendOutcome&) {
    said.set_value({writer->TryAppend("from the callback", [](const AppendOutcome&) {}),
                    writer->Append("waits", kLong).error,
                    writer->Flush(Level::kReplicated, kLong)});
  };
  ASSERT_TRUE(writer->AppendAsync("first", callback).ok());
  std::vector<absl::Status> statuses = said.get_future().get();
  EXPECT_TRUE(statuses[0].ok()) << statuses[0];
  EXPECT_EQ(CodeOf(statuses[1]), ErrorCode::kWrongThread);
  EXPECT_EQ(CodeOf(statuses[2]), ErrorCode::kWrongThread);
  ASSERT_TRUE(writer->Flush(Level::kReplicated, kLong).ok());
  EXPECT_THAT(fake_.Payloads(), ElementsAre("first", "from the callback"));
}

TEST_F(WriterTest, ACallbackThatThrowsEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto writer = OpenWriter();
        (void)writer->AppendAsync("x", [](const AppendOutcome&) {
          // lint-allow: throw: what a user's callback may do wrong
          throw std::runtime_error("lost outcome");
        });
        (void)writer->Flush(Level::kReplicated, kLong);
      },
      "lost outcome");
}

TEST_F(WriterTest, DestroyingItGivesWhatWasSentTheOutcomeUnknown) {
  Collected got;
  auto writer = OpenWriter();
  fake_.DelayAnswers(std::chrono::hours(1));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->AppendAsync("x", got.Callback()).ok());
  std::future<AppendOutcome> future = writer->AppendAsync("last");
  ASSERT_TRUE(Eventually([&] { return fake_.counts().appends_received == 6; }));
  writer.reset();
  EXPECT_EQ(got.Fates(), std::vector<Fate>(5, Fate::kUnknown));
  AppendOutcome last = future.get();
  EXPECT_EQ(last.fate, Fate::kUnknown);
  EXPECT_EQ(last.first_sequence, Sequence(6));
  EXPECT_EQ(CodeOf(last.error), ErrorCode::kOutcomeUnknown);
}

TEST_F(WriterTest, DestroyingItGivesWhatWasNeverSentTheOutcomeNotApplied) {
  Collected got;
  auto writer = OpenWriter();
  fake_.StopServing();
  // Until it has noticed; what was sent into the dying connection before is unknown, rightly.
  ASSERT_TRUE(Eventually([&] { return writer->Append("?", kShort).fate == Fate::kNotApplied; }));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->AppendAsync("x", got.Callback()).ok());
  writer.reset();
  EXPECT_EQ(got.Fates(), std::vector<Fate>(5, Fate::kNotApplied));
  EXPECT_EQ(CodeOf(got.outcomes[0].error), ErrorCode::kStopped);
}

TEST_F(WriterTest, OpeningSaysWhyItCouldNot) {
  auto not_there = Orders();
  fake_.RemoveJournal();
  EXPECT_EQ(CodeOf(Orders().OpenWriter({}).status()), ErrorCode::kJournalNotFound);
  EXPECT_TRUE(Orders().OpenWriter({.create = true}).ok());
  fake_.StopServing();
  absl::Status nobody = Orders().OpenWriter({.open_timeout = kShort}).status();
  EXPECT_EQ(CodeOf(nobody), ErrorCode::kDeadline);
  EXPECT_THAT(std::string(nobody.message()), HasSubstr("is ringjournald running there?"));
}

TEST_F(WriterTest, AnEmptyOrTooLargeAppendIsNotAccepted) {
  auto writer = OpenWriter();
  EXPECT_EQ(CodeOf(writer->Append(TransactionRun(), kLong).error), ErrorCode::kEmptyAppend);
  std::string large(limits::kFrameBytesMax, 'x');
  AppendOutcome outcome = writer->AppendAsync(large).get();
  EXPECT_EQ(outcome.fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcome.error), ErrorCode::kTooLarge);
  EXPECT_THAT(fake_.Payloads(), IsEmpty());
}

}  // namespace
}  // namespace ringjournal::client
