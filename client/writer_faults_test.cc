// What a Writer makes of lost connections, refusals, silence, fences and losses.
#include <thread>

#include "client/writer_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using WriterFaultsTest = WriterFixture;

TEST_F(WriterFaultsTest, AConnectionLostBeforeApplyingIsRiddenThrough) {
  auto writer = OpenWriter();
  fake_.LoseConnectionBeforeApplying(2);
  AppendOutcome outcome = writer->Append("once", kLong);
  EXPECT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
  EXPECT_FALSE(outcome.receipt.duplicate);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("once"));
  EXPECT_EQ(fake_.counts().appends_received, 3u);
}

TEST_F(WriterFaultsTest, AnAppendWhoseAnswerIsLostIsSentAgainAndNotDoubled) {
  auto writer = OpenWriter();
  fake_.LoseConnectionAfterApplying();
  AppendOutcome outcome = writer->Append("once", kLong);
  EXPECT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
  EXPECT_TRUE(outcome.receipt.duplicate);
  EXPECT_EQ(outcome.receipt.first_lsn, Lsn(1));
  EXPECT_THAT(fake_.Payloads(), ElementsAre("once"));
}

TEST_F(WriterFaultsTest, AnAppendRefusedForGoodTakesAlongThoseBehindItAndLaterOnesGoOn) {
  auto writer = OpenWriter();
  fake_.SetRingFull(true);  // so that all three are sent before any is answered for good
  auto first = writer->AppendAsync("first");
  auto second = writer->AppendAsync("second");
  ASSERT_TRUE(Eventually([&] { return fake_.counts().appends_received >= 1; }));
  fake_.RefuseAppends(ErrorCode::kTooLarge);
  fake_.SetRingFull(false);
  AppendOutcome refused = first.get();
  EXPECT_EQ(refused.fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(refused.error), ErrorCode::kTooLarge);
  AppendOutcome behind = second.get();
  if (behind.fate == Fate::kNotApplied) {
    EXPECT_EQ(CodeOf(behind.error), ErrorCode::kBehindRefused);
  }
  EXPECT_EQ(writer->Append("later", kLong).fate, Fate::kApplied);
  EXPECT_TRUE(writer->status().ok());
}

TEST_F(WriterFaultsTest, AFullRingIsWaitedFor) {
  auto writer = OpenWriter();
  fake_.SetRingFull(true);
  auto outcome = writer->AppendAsync("patient");
  ASSERT_TRUE(Eventually([&] { return fake_.counts().appends_received >= 2; })) << "it tries again";
  fake_.SetRingFull(false);
  EXPECT_EQ(outcome.get().fate, Fate::kApplied);
  EXPECT_GE(writer->stats().refusals, 1u);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("patient"));
}

TEST_F(WriterFaultsTest, WithNoServerADeadlineMeansNotAppliedForCertain) {
  auto writer = OpenWriter();
  fake_.StopServing();
  AppendOutcome outcome = writer->Append("never", kShort);
  for (int i = 0; i < 3 && outcome.fate == Fate::kUnknown; ++i) {
    outcome = writer->Append("never", kShort);  // the first may have met a connection not yet dead
  }
  EXPECT_EQ(outcome.fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcome.error), ErrorCode::kDeadline);
  fake_.StartServing();
  EXPECT_EQ(writer->Append("after", kLong).fate, Fate::kApplied);
  EXPECT_EQ(fake_.Payloads().back(), "after");
}

TEST_F(WriterFaultsTest, WithASilentServerADeadlineMeansUnknownAndResolveKnows) {
  auto writer = OpenWriter();
  fake_.DelayAnswers(std::chrono::hours(1));
  AppendOutcome outcome = writer->Append("silent", kShort);
  EXPECT_EQ(outcome.fate, Fate::kUnknown);
  EXPECT_EQ(CodeOf(outcome.error), ErrorCode::kOutcomeUnknown);
  ASSERT_EQ(outcome.first_sequence, Sequence(1));
  ASSERT_TRUE(Eventually([&] { return fake_.counts().appends_applied == 1; }));
  fake_.DelayAnswers(std::chrono::seconds(0));
  auto resolution = Orders().Resolve("p", outcome.first_sequence);
  ASSERT_TRUE(resolution.ok()) << resolution.status();
  EXPECT_EQ(resolution->fate(), Fate::kApplied);
  EXPECT_EQ(resolution->lsn, Lsn(1));
}

TEST_F(WriterFaultsTest, TheAppendTimeoutGivesEveryAppendAnOutcomeInOrder) {
  std::mutex mutex;
  std::vector<Sequence> order;
  auto writer = OpenWriter({.append_timeout = kShort});
  fake_.DelayAnswers(std::chrono::seconds(2));
  auto note = [&](const AppendOutcome& outcome) {
    std::lock_guard lock(mutex);
    EXPECT_EQ(outcome.fate, Fate::kUnknown);
    order.push_back(outcome.first_sequence);
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->AppendAsync("x", note).ok());
  absl::Status flushed = writer->Flush(Level::kReplicated, kLong);
  EXPECT_EQ(CodeOf(flushed), ErrorCode::kOutcomeUnknown) << flushed;
  EXPECT_THAT(std::string(flushed.message()), HasSubstr("3 appends"));
  EXPECT_THAT(order, ElementsAre(Sequence(1), Sequence(2), Sequence(3)));
  ASSERT_TRUE(Eventually([&] { return writer->stats().answered_late == 3; }));
  EXPECT_EQ(order.size(), 3u) << "an outcome is final";
  EXPECT_EQ(writer->in_flight(), 0u);
}

TEST_F(WriterFaultsTest, ANewerSessionOfTheProducerFencesTheWriter) {
  auto writer = OpenWriter();
  ASSERT_EQ(writer->Append("mine", kLong).fate, Fate::kApplied);
  fake_.Fence("p");
  AppendOutcome outcome = writer->Append("too late", kLong);
  EXPECT_EQ(outcome.fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcome.error), ErrorCode::kFenced);
  ASSERT_TRUE(Eventually([&] { return !writer->status().ok(); }));
  EXPECT_EQ(CodeOf(writer->AppendAsync("later", [](const AppendOutcome&) {})), ErrorCode::kFenced);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("mine"));
}

TEST_F(WriterFaultsTest, ALossOfWhatItHoldsEndsTheWriterAndNamesIt) {
  auto writer = OpenWriter();
  for (const char* payload : {"a", "b", "c"}) {
    ASSERT_EQ(writer->Append(payload, kLong).fate, Fate::kApplied);
  }
  fake_.LoseTransactionsFrom(Lsn(2));
  ASSERT_TRUE(Eventually([&] { return !writer->status().ok(); }));
  EXPECT_EQ(CodeOf(writer->status()), ErrorCode::kDataLoss);
  AppendOutcome outcome = writer->Append("d", kLong);
  EXPECT_EQ(outcome.fate, Fate::kNotApplied);
  std::optional<LossNotice> loss = writer->last_loss();
  ASSERT_TRUE(loss.has_value());
  EXPECT_EQ(loss->first_lsn, Lsn(2));
  EXPECT_THAT(loss->held, ElementsAre(LsnRange{Lsn(2), Lsn(3)}));
}

TEST_F(WriterFaultsTest, ALossThatIsAcceptedLetsTheWriterGoOnBehindWhatIsLeft) {
  std::atomic<int> asked = 0;
  auto writer = OpenWriter({.on_loss = [&](const LossNotice& loss) {
    ++asked;
    return loss.first_lsn == Lsn(2) ? LossDecision::kAccept : LossDecision::kStop;
  }});
  for (const char* payload : {"a", "b"}) {
    ASSERT_EQ(writer->Append(payload, kLong).fate, Fate::kApplied);
  }
  fake_.LoseTransactionsFrom(Lsn(2));
  AppendOutcome outcome = writer->Append("c", kLong);
  EXPECT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
  EXPECT_EQ(outcome.receipt.first_lsn, Lsn(2));
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("a", "c"));
}

TEST_F(WriterFaultsTest, WhoDoesNotAcceptALossIsAskedOnce) {
  std::atomic<int> asked = 0;
  auto writer = OpenWriter({.on_loss = [&](const LossNotice&) {
    ++asked;
    return LossDecision::kStop;
  }});
  ASSERT_EQ(writer->Append("a", kLong).fate, Fate::kApplied);
  fake_.LoseTransactionsFrom(Lsn(1));
  ASSERT_TRUE(Eventually([&] { return CodeOf(writer->status()) == ErrorCode::kDataLoss; }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(writer->Append("b", kLong).fate, Fate::kNotApplied);
  writer.reset();
  EXPECT_EQ(asked, 1);
}

TEST_F(WriterFaultsTest, AJournalThatWasReplacedEndsTheWriter) {
  auto writer = OpenWriter();
  ASSERT_EQ(writer->Append("old", kLong).fate, Fate::kApplied);
  fake_.ReplaceJournal();
  ASSERT_TRUE(Eventually([&] { return !writer->status().ok(); }));
  EXPECT_EQ(CodeOf(writer->status()), ErrorCode::kJournalNotFound);
}

TEST_F(WriterFaultsTest, AWrongExpectedLsnIsNotApplied) {
  auto writer = OpenWriter();
  AppendOutcome outcome = writer->Append("x", kLong, {.expected_lsn = Lsn(7)});
  EXPECT_EQ(outcome.fate, Fate::kNotApplied);
  EXPECT_EQ(CodeOf(outcome.error), ErrorCode::kExpectedLsn);
  EXPECT_EQ(writer->Append("y", kLong, {.expected_lsn = Lsn(1)}).fate, Fate::kApplied);
}

TEST_F(WriterFaultsTest, FlushMakesEarlierAppendsAsSafeAsAsked) {
  auto writer = OpenWriter();
  ASSERT_TRUE(writer->AppendAsync("x", [](const AppendOutcome&) {}).ok());
  ASSERT_TRUE(writer->Flush(Level::kReplicated, kLong).ok());
  EXPECT_EQ(Orders().GetWatermarks()->durable.lsn, Lsn(0));
  uint64_t requests = fake_.counts().requests;
  ASSERT_TRUE(writer->Flush(Level::kDisk, kLong).ok());
  EXPECT_EQ(Orders().GetWatermarks()->durable.lsn, Lsn(1));
  ASSERT_TRUE(writer->Flush(Level::kDiskQuorum, kLong).ok());
  EXPECT_GT(fake_.counts().requests, requests);
}

TEST_F(WriterFaultsTest, FlushReportsAFailureOnceAndADeadlineAsSuch) {
  auto writer = OpenWriter();
  fake_.RefuseAppends(ErrorCode::kTooLarge);
  ASSERT_TRUE(writer->AppendAsync("x", [](const AppendOutcome&) {}).ok());
  EXPECT_EQ(CodeOf(writer->Flush(Level::kReplicated, kLong)), ErrorCode::kTooLarge);
  EXPECT_TRUE(writer->Flush(Level::kReplicated, kLong).ok());
  fake_.DelayAnswers(std::chrono::hours(1));
  ASSERT_TRUE(writer->AppendAsync("y", [](const AppendOutcome&) {}).ok());
  EXPECT_EQ(CodeOf(writer->Flush(Level::kReplicated, kShort)), ErrorCode::kDeadline);
}

TEST_F(WriterFaultsTest, TheNextNodeIsTakenWhenOneIsGone) {
  FakeJournal other("orders");
  ClientOptions options;
  options.server = fake_.address() + "," + other.address();
  auto writer = (*Client::Open(options))->Journal("orders").OpenWriter({.producer = "p"});
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(fake_.counts().connections, 1u);
  EXPECT_EQ(other.counts().connections, 0u) << "they are tried in order";
  fake_.StopServing();
  // Another fake journal has another id only in its last letter's count; both start with the same.
  EXPECT_EQ((*writer)->Append("moved", kLong).fate, Fate::kApplied);
  EXPECT_THAT(other.Payloads(), ElementsAre("moved"));
}

}  // namespace
}  // namespace ringjournal::client
