// A standby follows, and takes over; an active writer says that it lives and what it has acted on.
#include "client/takeover/standby.h"

#include <thread>

#include "client/takeover/standby_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StandbyTest : public StandbyFixture {};

TEST_F(StandbyTest, AppliesTheApplicationsTransactionsOnceAndInOrder) {
  Promotion a = BecomeWriter(Named("a"));
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(absl::StrCat("t", i));
    Append(a.writer.get(), expected.back());
  }
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == 100; }).ok());
  // Live, and past records of the library's own.
  TransactionRun run;
  for (const char* payload : {"u0", "u1", "u2"}) {
    run.Add(payload);
    expected.push_back(payload);
  }
  const AppendOutcome last = a.writer->Append(std::move(run), kLong);
  ASSERT_EQ(last.fate, Fate::kApplied) << last.error;
  const Lsn past = last.receipt.last_lsn() + 2;
  ASSERT_TRUE(FollowUntil(b.get(), [&] { return b->next_lsn() > past; }).ok());
  EXPECT_EQ(book.applied, expected);
  EXPECT_EQ(fake_.Payloads(), expected);
  EXPECT_EQ(b->readiness().claimant, "a");
  EXPECT_EQ(b->readiness().writer, a.report.new_writer);
}

TEST_F(StandbyTest, AWriterThatAppendsNothingIsHeardByItsHeartbeats) {
  Promotion a = BecomeWriter(Named("a"));
  StandbyOptions patient = Named("b");
  patient.silent_after = std::chrono::milliseconds(500);
  Book book;
  auto b = OpenStandby(&book, patient);
  const auto end = std::chrono::steady_clock::now() + patient.silent_after * 3 / 2;
  while (std::chrono::steady_clock::now() < end) {
    auto step = b->Follow(std::chrono::milliseconds(100));
    ASSERT_TRUE(step.ok()) << step.status();
    ASSERT_EQ(*step, StandbyStep::kFollowing);
  }
  EXPECT_TRUE(book.applied.empty());
}

TEST_F(StandbyTest, AWriterThatIsGoneIsSilentAndIsReplaced) {
  Promotion a = BecomeWriter(Named("a"));
  Append(a.writer.get(), "x");
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  a.writer.reset();
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  Promotion promotion = TakeOver(b.get());
  EXPECT_EQ(promotion.report.verdict, Verdict::kNothingLost);
  EXPECT_GE(promotion.report.silence_ns, 50'000'000);
  EXPECT_EQ(promotion.report.old_claimant, "a");
  EXPECT_EQ(promotion.report.old_writer, (Epoch{1, 1}));
  EXPECT_EQ(promotion.report.new_writer, (Epoch{1, 2}));
  EXPECT_THAT(book.applied, ElementsAre("x"));
  Append(promotion.writer.get(), "y");
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "y"));
  EXPECT_EQ(CodeOf(b->Follow(kLong).status()), ErrorCode::kStopped) << "it is at its end";
}

TEST_F(StandbyTest, WhereNobodyIsTheWriterItIsSilentAndTheEmptyJournalIsTakenOver) {
  Book book;
  auto a = OpenStandby(&book, Named("a"));
  ASSERT_TRUE(FollowUntilSilent(a.get()).ok());
  Promotion promotion = TakeOver(a.get());
  EXPECT_EQ(promotion.report.old_writer, Epoch());
  EXPECT_EQ(promotion.report.verdict, Verdict::kNothingLost);
  EXPECT_EQ(promotion.report.final_lsn, Lsn());
  EXPECT_TRUE(promotion.effects.empty());
  Append(promotion.writer.get(), "x");
}

TEST_F(StandbyTest, TakenOverByHandALivingWriterEndsFenced) {
  Promotion a = BecomeWriter(Named("a"));
  Append(a.writer.get(), "x");
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  auto promotion = b->TakeOver({.reason = "an update of a"});
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  EXPECT_EQ(promotion->report.silence_ns, 0);
  ASSERT_TRUE(Eventually([&] { return !a.writer->status().ok(); }));
  EXPECT_EQ(CodeOf(a.writer->status()), ErrorCode::kFenced) << a.writer->status();
  EXPECT_THAT(std::string(a.writer->status().message()), HasSubstr("held by \"b\""));
  AppendOutcome refused = a.writer->Append("zombie", kLong);
  EXPECT_EQ(CodeOf(refused.error), ErrorCode::kFenced) << refused.error;
  EXPECT_EQ(refused.fate, Fate::kNotApplied);
  Append(promotion->writer.get(), "y");
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "y"));
}

TEST_F(StandbyTest, TheReportNamesWhatIsInDoubtAndItsEffects) {
  Promotion a = BecomeWriter(Named("a"));
  std::vector<Lsn> lsns;
  for (const char* payload : {"t1", "t2", "t3", "t4", "t5"}) {
    lsns.push_back(Append(a.writer.get(), payload));
  }
  ASSERT_TRUE(a.writer->MarkActed(lsns[2]).ok());
  WaitForMarks(a.writer.get());
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  Promotion promotion = TakeOver(b.get());
  const TakeoverReport& report = promotion.report;
  EXPECT_EQ(report.journal, "orders");
  EXPECT_EQ(report.new_claimant, "b");
  EXPECT_EQ(report.acted_lsn, lsns[2]);
  EXPECT_GE(report.final_lsn, lsns[4]);
  EXPECT_EQ(report.in_doubt_count, 2u);
  EXPECT_TRUE(report.in_doubt_exact);
  ASSERT_FALSE(report.in_doubt.empty());
  EXPECT_EQ(report.in_doubt.front().first, lsns[3]);
  EXPECT_EQ(report.in_doubt.back().last, lsns[4]);
  ASSERT_EQ(promotion.effects.size(), 2u);
  EXPECT_EQ(promotion.effects[0].lsn, lsns[3]);
  EXPECT_EQ(promotion.effects[0].bytes, "effect of t4");
  EXPECT_EQ(promotion.effects[1].bytes, "effect of t5");
  EXPECT_TRUE(promotion.writer->MarkActed(report.final_lsn).ok());
  // What was marked so is in doubt no more.
  WaitForMarks(promotion.writer.get());
  Promotion c = BecomeWriter(Named("c"));
  EXPECT_EQ(c.report.in_doubt_count, 0u);
  EXPECT_TRUE(c.effects.empty());
}

TEST_F(StandbyTest, OfTwoThatTakeOverAtOnceOneWinsAndTheOtherFollowsHim) {
  BecomeWriter(Named("a")).writer.reset();
  Book books[2];
  std::unique_ptr<Standby> standbys[2] = {OpenStandby(&books[0], Named("b")),
                                          OpenStandby(&books[1], Named("c"))};
  for (auto& standby : standbys) ASSERT_TRUE(FollowUntilSilent(standby.get()).ok());
  absl::StatusOr<Promotion> results[2];
  std::thread other([&] { results[1] = standbys[1]->TakeOver(); });
  results[0] = standbys[0]->TakeOver();
  other.join();
  ASSERT_NE(results[0].ok(), results[1].ok()) << results[0].status() << results[1].status();
  const int won = results[0].ok() ? 0 : 1, lost = 1 - won;
  EXPECT_EQ(CodeOf(results[lost].status()), ErrorCode::kWriterHeld) << results[lost].status();
  Append(results[won]->writer.get(), "x");
  ASSERT_TRUE(
      FollowUntil(standbys[lost].get(), [&] { return books[lost].applied.size() == 1; }).ok());
  results[won]->writer.reset();
  ASSERT_TRUE(FollowUntilSilent(standbys[lost].get()).ok());
  Promotion promotion = TakeOver(standbys[lost].get());
  EXPECT_EQ(promotion.report.old_writer, results[won]->report.new_writer);
  EXPECT_EQ(promotion.report.new_writer, (Epoch{1, 3}));
}

TEST_F(StandbyTest, WhoHasJustComeFirstHasTimeToBeHeard) {
  StandbyOptions patient = Named("b");
  patient.silent_after = std::chrono::milliseconds(300);
  Book book;
  auto b = OpenStandby(&book, patient);
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  auto claimed = Orders().AcquireWriter({.claimant = "c"});
  ASSERT_TRUE(claimed.ok());
  ASSERT_EQ(CodeOf(b->TakeOver().status()), ErrorCode::kWriterHeld);
  EXPECT_EQ(*b->Follow(std::chrono::milliseconds(1)), StandbyStep::kFollowing);
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok()) << "nor does it come";
  EXPECT_EQ(TakeOver(b.get()).report.old_claimant, "c");
}

TEST_F(StandbyTest, ByHandWhoCameFirstIsReplacedAtTheSecondTry) {
  BecomeWriter(Named("a")).writer.reset();
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  ASSERT_TRUE(Orders().AcquireWriter({.claimant = "c", .replaces = {1, 1}}).ok());
  ASSERT_EQ(CodeOf(b->TakeOver().status()), ErrorCode::kWriterHeld);
  EXPECT_EQ(TakeOver(b.get()).report.old_claimant, "c");
}

TEST_F(StandbyTest, ByForceWhoeverIsTheWriterIsReplaced) {
  BecomeWriter(Named("a")).writer.reset();
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  ASSERT_TRUE(Orders().AcquireWriter({.claimant = "c", .replaces = {1, 1}}).ok());
  auto promotion = b->TakeOver({.reason = "c was a mistake", .force = true});
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  EXPECT_TRUE(promotion->report.forced);
  EXPECT_EQ(promotion->report.new_writer, (Epoch{1, 3}));
}

TEST_F(StandbyTest, ALossSinceTheOldFenceIsInTheVerdictHoweverOftenItIsTried) {
  Promotion a = BecomeWriter(Named("a"));
  const Lsn lost = Append(a.writer.get(), "x");
  a.writer.reset();
  fake_.LoseTransactionsFrom(lost);
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  fake_.DelayAnswers(std::chrono::milliseconds(2));
  absl::StatusOr<Promotion> promotion;
  std::chrono::microseconds timeout(1000);
  do {
    promotion = b->TakeOver({.timeout = timeout});
    timeout += timeout / 20;
    if (promotion.ok()) break;
    const ErrorCode code = CodeOf(promotion.status());
    ASSERT_TRUE(code == ErrorCode::kDeadline || code == ErrorCode::kCannotConnect)
        << promotion.status();
  } while (timeout < kLong);
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  EXPECT_EQ(promotion->report.verdict, Verdict::kMayBeLost);
  EXPECT_LE(promotion->report.lost_from, lost);
  EXPECT_EQ(promotion->report.old_claimant, "a");
  EXPECT_EQ(promotion->report.old_writer, (Epoch{1, 1}));
  EXPECT_EQ(promotion->report.new_writer, (Epoch{2, 1}));
}

TEST_F(StandbyTest, APlannedSwitchGoesThereAndBack) {
  Promotion a = BecomeWriter(Named("a"));
  Append(a.writer.get(), "x");
  Book book_b;
  auto b = OpenStandby(&book_b, Named("b"));
  Promotion there = TakeOver(b.get());
  ASSERT_TRUE(Eventually([&] { return !a.writer->status().ok(); }));
  a.writer.reset();  // the old process ends, and starts again as a standby
  Append(there.writer.get(), "y");
  Book book_a;
  auto again = OpenStandby(&book_a, Named("a"));
  ASSERT_TRUE(FollowUntil(again.get(), [&] { return book_a.applied.size() == 2; }).ok());
  Promotion back = TakeOver(again.get());
  EXPECT_EQ(back.report.old_claimant, "b");
  EXPECT_EQ(back.report.new_writer, (Epoch{1, 3}));
  ASSERT_TRUE(Eventually([&] { return !there.writer->status().ok(); }));
  EXPECT_EQ(CodeOf(there.writer->status()), ErrorCode::kFenced);
  Append(back.writer.get(), "z");
  EXPECT_THAT(book_a.applied, ElementsAre("x", "y"));
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "y", "z"));
}

}  // namespace
}  // namespace ringjournal::client
