// What ends a standby, or keeps it from starting; and what an active writer refuses.
#include <future>

#include "client/takeover/standby_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::HasSubstr;

class StandbyFaultsTest : public StandbyFixture {
 protected:
  static constexpr std::chrono::milliseconds kPatience{5};

  // Its reader gives up soon; so does Open, on a busy machine, and is called again.
  std::unique_ptr<Standby> OpenImpatient(Book* book) {
    ClientOptions impatient = fake_.client_options();
    impatient.retry_for_ns = std::chrono::nanoseconds(kPatience).count();
    absl::StatusOr<std::unique_ptr<Standby>> opened;
    EXPECT_TRUE(Eventually([&] {
      opened = Standby::Open((*Client::Open(impatient))->Journal("orders"), book, Named("b"));
      return opened.ok();
    })) << opened.status();
    return *std::move(opened);
  }
  // Follows for longer than its reader is patient.
  static absl::Status Outlast(Standby* standby) {
    for (int i = 0; i < 5; ++i) {
      auto step = standby->Follow(4 * kPatience);
      if (!step.ok()) return step.status();
      if (*step != StandbyStep::kFollowing) return absl::InternalError("silent, with no leader");
    }
    return absl::OkStatus();
  }
};

TEST_F(StandbyFaultsTest, AJournalThatIsNotFencedIsABadSettingWithTheCommandThatHelps) {
  fake_.SetFenced(false);
  Book book;
  const absl::Status status = OpenError(&book, Named("b"));
  EXPECT_EQ(CodeOf(status), ErrorCode::kBadSetting) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ringjournal journal set orders --fenced yes"));
}

TEST_F(StandbyFaultsTest, AJournalThatIsFencedNoMoreEndsTheWait) {
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  fake_.SetFenced(false);
  EXPECT_EQ(CodeOf(FollowToItsEnd(b.get())), ErrorCode::kBadSetting);
}

TEST_F(StandbyFaultsTest, BadOptionsAreFoundAtTheStartAndNotAtTheTakeover) {
  Book book;
  for (const std::string& name : {std::string(), std::string(65, 'b'), std::string("b\n")}) {
    EXPECT_EQ(CodeOf(OpenError(&book, Named(name))), ErrorCode::kBadSetting) << name;
  }
  StandbyOptions options = Named("b");
  options.silent_after = options.heartbeat;
  EXPECT_EQ(CodeOf(OpenError(&book, options)), ErrorCode::kBadSetting);
  options = Named("b");
  options.heartbeat = {};
  EXPECT_EQ(CodeOf(OpenError(&book, options)), ErrorCode::kBadSetting);
  options = Named("b");
  options.writer.level = Level::kReceived;
  EXPECT_EQ(CodeOf(OpenError(&book, options)), ErrorCode::kBadSetting);
  auto b = OpenStandby(&book, Named("b"));
  EXPECT_EQ(CodeOf(b->TakeOver({.reason = std::string(201, 'r')}).status()),
            ErrorCode::kNameNotAllowed);
}

TEST_F(StandbyFaultsTest, AServerThatDoesNotAnswerIsNotWaitedForLongerThanARequest) {
  fake_.LeaveRequestsUnanswered(true);
  ClientOptions hurried = fake_.client_options();
  hurried.request_timeout_ns = 20'000'000;
  Book book;
  auto opened = Standby::Open((*Client::Open(hurried))->Journal("orders"), &book, Named("b"));
  EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kDeadline) << opened.status();
}

TEST_F(StandbyFaultsTest, WithoutALeaderTheWriterIsNotSilent) {
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  fake_.StopServing();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*b->Follow(std::chrono::milliseconds(60)), StandbyStep::kFollowing);
  }
  fake_.StartServing();
  EXPECT_TRUE(FollowUntilSilent(b.get()).ok());
}

// An application that needs all the time that a takeover has.
class SlowBook : public Book {
 public:
  absl::Status Apply(const ReadTransaction& transaction, std::string* effect) override {
    while (std::chrono::steady_clock::now() < busy_until) {
    }
    return Book::Apply(transaction, effect);
  }
  std::chrono::steady_clock::time_point busy_until;
};

// More than is read at once, so that the deadline is looked at in between.
std::vector<std::string> TwoBatches() {
  return std::vector<std::string>(limits::kReadBatchTransactions + 1, "x");
}

// Takes over with more and more time until the claim has enough of it; behind the grant there is
// something to apply, which uses up the rest.
absl::Status MissDeadlineBehindGrant(Standby* standby, SlowBook* book) {
  for (std::chrono::milliseconds timeout(20); book->applied.empty(); timeout *= 2) {
    book->busy_until = std::chrono::steady_clock::now() + timeout * 2;
    const absl::Status late = standby->TakeOver({.timeout = timeout}).status();
    const ErrorCode code = CodeOf(late);
    if (code != ErrorCode::kDeadline && code != ErrorCode::kCannotConnect) {
      return absl::InternalError(absl::StrCat("in time, or not late: ", late.ToString()));
    }
  }
  return absl::OkStatus();
}

TEST_F(StandbyFaultsTest, ATakeoverThatWasGrantedAndNotFinishedIsDue) {
  Promotion a = BecomeWriter(Named("a"));
  fake_.AddTransactions(TwoBatches());
  SlowBook book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_EQ(MissDeadlineBehindGrant(b.get(), &book), absl::OkStatus());
  auto step = b->Follow(std::chrono::milliseconds(100));
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(*step, StandbyStep::kWriterSilent);
  Promotion promotion = TakeOver(b.get());
  EXPECT_EQ(promotion.report.new_writer, (Epoch{1, 2})) << "granted once";
  EXPECT_EQ(promotion.report.old_claimant, "a");
  Append(promotion.writer.get(), "y");
  EXPECT_EQ(book.applied, TwoBatches());
}

// Its fence is in the journal still, and whoever writes now has to be granted anew.
TEST_F(StandbyFaultsTest, AGrantThatAGenerationHasEndedIsAskedForAnew) {
  Promotion a = BecomeWriter(Named("a"));
  fake_.AddTransactions(TwoBatches());
  SlowBook book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_EQ(MissDeadlineBehindGrant(b.get(), &book), absl::OkStatus());
  fake_.LoseTransactionsFrom(fake_.end_lsn().next());
  EXPECT_EQ(*b->Follow(std::chrono::milliseconds(100)), StandbyStep::kWriterSilent);
  EXPECT_EQ(CodeOf(b->TakeOver().status()), ErrorCode::kWriterHeld) << "by its own old grant";
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  EXPECT_EQ(TakeOver(b.get()).report.new_writer, (Epoch{2, 1}));
}

TEST_F(StandbyFaultsTest, AnOutageLongerThanTheReadersPatienceIsOnlyWaitedFor) {
  fake_.AddTransactions({"x"});
  Book book;
  auto b = OpenImpatient(&book);
  ASSERT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == 1; }).ok());
  for (const char* later : {"y", "z"}) {
    fake_.StopServing();
    EXPECT_EQ(Outlast(b.get()), absl::OkStatus());
    EXPECT_EQ(b->cursor().lsn.next(), b->next_lsn());
    fake_.StartServing();
    fake_.AddTransactions({later});
    const size_t all = book.applied.size() + 1;
    ASSERT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == all; }).ok());
  }
  EXPECT_EQ(book.applied, (std::vector<std::string>{"x", "y", "z"}));
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  EXPECT_EQ(TakeOver(b.get()).boundary.lsn, Lsn(3));
}

// Before anything was read, too: the place that it goes on from is one without a transaction.
TEST_F(StandbyFaultsTest, AnOutageAtTheBeginningIsWaitedForToo) {
  Book book;
  auto b = OpenImpatient(&book);
  fake_.StopServing();
  EXPECT_EQ(Outlast(b.get()), absl::OkStatus());
  fake_.StartServing();
  fake_.AddTransactions({"x"});
  EXPECT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == 1; }).ok());
}

// What the new reader has not seen itself, its cursor stands for.
TEST_F(StandbyFaultsTest, ALossDuringALongOutageEndsTheStandby) {
  fake_.AddTransactions({"x"});
  Book book;
  auto b = OpenImpatient(&book);
  ASSERT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == 1; }).ok());
  fake_.StopServing();
  EXPECT_EQ(Outlast(b.get()), absl::OkStatus());
  fake_.LoseTransactionsFrom(Lsn(1));
  fake_.StartServing();
  EXPECT_EQ(CodeOf(FollowToItsEnd(b.get())), ErrorCode::kDataLoss);
}

TEST_F(StandbyFaultsTest, WhatTheApplicationCannotApplyEndsTheStandbyAndNamesTheLsn) {
  for (const char* payload : {"refuse", "throw", "throw int"}) {
    FakeJournal fake("orders");
    fake.SetFenced(true);
    fake.AddTransactions({"fine", payload, "later"});
    Book book;
    auto b =
        Standby::Open((*Client::Open(fake.client_options()))->Journal("orders"), &book, Named("b"));
    ASSERT_TRUE(b.ok()) << b.status();
    const absl::Status status = FollowToItsEnd(b->get());
    EXPECT_EQ(CodeOf(status), ErrorCode::kApplyFailed) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("LSN 2"));
    EXPECT_EQ(book.applied.size(), 1u);
    EXPECT_EQ(CodeOf((*b)->TakeOver().status()), ErrorCode::kApplyFailed) << "nor may it act";
  }
}

TEST_F(StandbyFaultsTest, AnotherDigestThanTheWritersEndsTheStandbyAndNamesTheLsn) {
  Promotion a = BecomeWriter(Named("a"));
  Append(a.writer.get(), "x");
  const Lsn same = Append(a.writer.get(), "y");
  const Lsn other = Append(a.writer.get(), "z");
  StandbyOptions options = Named("b");
  options.digest_every = 1;
  ASSERT_TRUE(a.writer->AddDigest(same, 1002).ok());
  WaitForMarks(a.writer.get());
  {
    Book book;
    auto fine = OpenStandby(&book, options);
    const Lsn end = fake_.end_lsn();
    ASSERT_TRUE(FollowUntil(fine.get(), [&] { return fine->next_lsn() > end; }).ok());
  }
  ASSERT_TRUE(a.writer->AddDigest(other, 999).ok());
  Book book;
  auto b = OpenStandby(&book, options);
  const absl::Status status = FollowToItsEnd(b.get());
  EXPECT_EQ(CodeOf(status), ErrorCode::kStateDiverged) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("LSN ", other.value())));
  EXPECT_EQ(CodeOf(b->TakeOver().status()), ErrorCode::kStateDiverged);
}

TEST_F(StandbyFaultsTest, DigestsThatAreEqualAreCountedInTheReport) {
  Promotion a = BecomeWriter(Named("a"));
  const Lsn lsn = Append(a.writer.get(), "x");
  ASSERT_TRUE(a.writer->AddDigest(lsn, 1001).ok());
  WaitForMarks(a.writer.get());
  StandbyOptions options = Named("b");
  options.digest_every = 1;
  EXPECT_EQ(BecomeWriter(options).report.digests_compared, 1u);
}

TEST_F(StandbyFaultsTest, EffectsThatAreNeverMarkedAreKeptUpToALimit) {
  Promotion a = BecomeWriter(Named("a"));
  for (int i = 0; i < 10; ++i) Append(a.writer.get(), "x");
  StandbyOptions options = Named("b");
  options.effect_bytes_max = 50;
  Book book;
  EXPECT_EQ(CodeOf(FollowToItsEnd(OpenStandby(&book, options).get())), ErrorCode::kEffectsFull);
}

TEST_F(StandbyFaultsTest, ATrimmedJournalWithoutCheckpointsIsNotFollowed) {
  fake_.AddTransactions({"x"});
  fake_.AddTransactions({"y"});
  fake_.Trim(Lsn(2));
  Book book;
  const absl::Status status = OpenError(&book, Named("b"));
  EXPECT_EQ(CodeOf(status), ErrorCode::kTrimmed) << status;
}

TEST_F(StandbyFaultsTest, ALossOfWhatWasAppliedEndsTheStandby) {
  Promotion a = BecomeWriter(Named("a"));
  const Lsn lost = Append(a.writer.get(), "x");
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_TRUE(FollowUntil(b.get(), [&] { return book.applied.size() == 1; }).ok());
  fake_.LoseTransactionsFrom(lost);
  EXPECT_EQ(CodeOf(FollowToItsEnd(b.get())), ErrorCode::kDataLoss);
}

TEST_F(StandbyFaultsTest, WhatIsNotAcknowledgedIsNotMarked) {
  Promotion a = BecomeWriter(Named("a"));
  const Lsn last = Append(a.writer.get(), "x");
  EXPECT_TRUE(a.writer->MarkActed(last).ok());
  EXPECT_EQ(CodeOf(a.writer->MarkActed(last + 1000)), ErrorCode::kBadMark);
  EXPECT_EQ(CodeOf(a.writer->AddDigest(last + 1000, 1)), ErrorCode::kBadMark);
}

TEST_F(StandbyFaultsTest, MarksAreNotFlushedFromACallback) {
  Promotion a = BecomeWriter(Named("a"));
  std::promise<absl::Status> flushed;
  auto done = [&](const AppendOutcome& outcome) {
    a.writer->MarkActed(outcome.receipt.first_lsn).IgnoreError();
    flushed.set_value(a.writer->FlushMarks(std::chrono::milliseconds(200)));
  };
  ASSERT_TRUE(a.writer->AppendAsync(TransactionRun::Of("x"), done).ok());
  EXPECT_EQ(CodeOf(flushed.get_future().get()), ErrorCode::kWrongThread);
  EXPECT_EQ(a.writer->FlushMarks(kLong), absl::OkStatus()) << "elsewhere they are";
}

TEST_F(StandbyFaultsTest, ToFlushTheMarksOfAWriterThatHasEndedSaysSo) {
  Promotion a = BecomeWriter(Named("a"));
  ASSERT_TRUE(a.writer->FlushMarks(kLong).ok());
  BecomeWriter(Named("b"));
  ASSERT_TRUE(Eventually([&] { return !a.writer->status().ok(); }));
  EXPECT_EQ(CodeOf(a.writer->FlushMarks(kLong)), ErrorCode::kFenced);
}

TEST_F(StandbyFaultsTest, CallbacksOfTheLastOutcomesMayStillUseTheWriter) {
  Promotion a = BecomeWriter(Named("a"));
  fake_.DelayAnswers(std::chrono::hours(1));
  ActiveWriter* writer = a.writer.get();
  absl::Status appended, said;
  ASSERT_TRUE(writer
                  ->AppendAsync(TransactionRun::Of("x"),
                                [&](const AppendOutcome& outcome) {
                                  said = writer->status();
                                  appended = writer->TryAppend(TransactionRun::Of("y"),
                                                               [](const AppendOutcome&) {});
                                })
                  .ok());
  a.writer.reset();
  EXPECT_EQ(CodeOf(appended), ErrorCode::kStopped) << appended;
}

// A heartbeat that nothing wakes would be the last one.
TEST_F(StandbyFaultsTest, HeartbeatsNeverStop) {
  StandbyOptions options = Named("a");
  options.heartbeat = std::chrono::microseconds(100);
  Promotion a = BecomeWriter(options);
  EXPECT_TRUE(Eventually([&] { return a.writer->writer().stats().applied >= 2000; }))
      << a.writer->writer().stats().applied;
}

}  // namespace
}  // namespace ringjournal::client
