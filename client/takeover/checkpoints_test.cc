// Application checkpoints: saved beside the journal, and where a standby starts.
#include "client/takeover/checkpoints.h"

#include <thread>

#include "client/takeover/standby_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CheckpointsTest : public StandbyFixture {
 protected:
  void SetUp() override { a_ = BecomeWriter(Named("a")); }

  // Appends, and says what a checkpoint behind it is.
  ApplicationCheckpoint AppendAndSave(std::string payload) {
    AppendOutcome outcome = a_.writer->Append(payload, kLong);
    EXPECT_EQ(outcome.fate, Fate::kApplied) << outcome.error;
    payloads_.push_back(std::move(payload));
    const AppendReceipt& r = outcome.receipt;
    ApplicationCheckpoint checkpoint;
    checkpoint.at = {Orders().Info()->id, r.epoch, r.index, r.last_lsn(), r.chain};
    checkpoint.acted = r.last_lsn();
    checkpoint.state = absl::StrJoin(payloads_, ",");
    return checkpoint;
  }
  std::unique_ptr<CheckpointSaver> OpenSaver(const CheckpointSaverOptions& options) {
    auto saver = CheckpointSaver::Open(Orders(), options);
    EXPECT_TRUE(saver.ok()) << saver.status();
    return *std::move(saver);
  }
  Lsn Oldest(const client::Journal& journal) { return journal.Info()->watermarks.oldest.lsn; }

  Promotion a_;
  std::vector<std::string> payloads_;
};

TEST_F(CheckpointsTest, AStandbyStartsFromTheNewestOneAndAppliesOnlyTheRest) {
  auto saver = OpenSaver({.name = "a"});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  ASSERT_TRUE(saver->Save(AppendAndSave("y")).ok());
  Append(a_.writer.get(), "z");
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  EXPECT_THAT(book.loaded, ElementsAre("x", "y"));
  Promotion promotion = TakeOver(b.get());
  EXPECT_THAT(book.applied, ElementsAre("x", "y", "z"));
  EXPECT_EQ(promotion.report.in_doubt_count, 1u);
  ASSERT_EQ(promotion.effects.size(), 1u);
  EXPECT_EQ(promotion.effects[0].bytes, "effect of z");
  Book whole;
  StandbyOptions without = Named("c");
  without.use_checkpoints = false;
  auto c = OpenStandby(&whole, without);
  ASSERT_TRUE(FollowUntil(c.get(), [&] { return whole.applied.size() == 3; }).ok());
  EXPECT_TRUE(whole.loaded.empty());
}

TEST_F(CheckpointsTest, TwoAreKeptAndBothJournalsAreTrimmed) {
  auto saver = OpenSaver({.name = "a", .trim = true});
  std::vector<ApplicationCheckpoint> saved;
  for (const char* payload : {"x", "y", "z"}) {
    saved.push_back(AppendAndSave(payload));
    ASSERT_TRUE(saver->Save(saved.back()).ok());
  }
  EXPECT_EQ(Oldest(Orders()), saved[1].at.lsn.next());
  EXPECT_EQ(Oldest(Orders().Sibling(CheckpointJournalName("orders"))), Lsn(2));
  auto kept = LoadCheckpoints(Orders());
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ((*kept)[0].at, saved[2].at);
  EXPECT_EQ((*kept)[1].state, "x,y");
  Book book;
  EXPECT_THAT((OpenStandby(&book, Named("b")), book.loaded), ElementsAre("x", "y", "z"));
  // Another process goes on where this one ended.
  saver.reset();
  saver = OpenSaver({.name = "a", .trim = true});
  ASSERT_TRUE(saver->Save(AppendAndSave("w")).ok());
  EXPECT_EQ(Oldest(Orders()), saved[2].at.lsn.next());
}

// What they let be trimmed is gone from every disk; so they must be on those before.
// Without it a takeover would wait as long as their journal's leader stays away.
TEST_F(CheckpointsTest, WhereTheirJournalHasNoLeaderAStandbyReplaysTheWholeJournal) {
  auto saver = OpenSaver({.name = "a"});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  Append(a_.writer.get(), "y");
  fake_.SetLeaderless(CheckpointJournalName("orders"));
  ClientOptions options = fake_.client_options();
  options.retry_for_ns = 50'000'000;
  const client::Journal orders = (*Client::Open(options))->Journal("orders");
  Book book;
  auto b = Standby::Open(orders, &book, Named("b"));
  ASSERT_TRUE(b.ok()) << b.status();
  ASSERT_TRUE(FollowUntil(b->get(), [&] { return book.applied.size() == 2; }).ok());
  EXPECT_THAT(book.loaded, IsEmpty());

  fake_.Trim(Lsn(2));  // the checkpoint is needed now, and waited for
  Book late;
  EXPECT_EQ(CodeOf(Standby::Open(orders, &late, Named("c")).status()), ErrorCode::kUnavailable);
}

// Much sooner than the journal's own retry_for: a test that waits for that is over its time.
TEST_F(CheckpointsTest, LoadingGoesOnWithoutProgressForItsPatienceOnly) {
  auto saver = OpenSaver({.name = "a"});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  fake_.SetLeaderless(CheckpointJournalName("orders"));
  ClientOptions options = fake_.client_options();
  options.retry_for_ns = 3'600'000'000'000;
  const client::Journal orders = (*Client::Open(options))->Journal("orders");
  const auto loaded = LoadCheckpoints(orders, std::chrono::milliseconds(50));
  EXPECT_EQ(CodeOf(loaded.status()), ErrorCode::kUnavailable) << loaded.status();
}

TEST_F(CheckpointsTest, EachIsOnDiskWhenItIsSaved) {
  auto saver = OpenSaver({.name = "a"});
  const client::Journal side = Orders().Sibling(CheckpointJournalName("orders"));
  for (const char* payload : {"x", "y", "z"}) {
    ASSERT_TRUE(saver->Save(AppendAndSave(payload)).ok());
    const Watermarks marks = *side.GetWatermarks();
    EXPECT_EQ(marks.durable.lsn, marks.committed.lsn) << payload;
    // One disk is not enough, where there are several: what is trimmed for it is gone from all.
    EXPECT_EQ(fake_.LastLevel(side.name()), Level::kDiskQuorum) << payload;
  }
}

// Who saves may be of a history that was given up, and the journal another one from there on.
TEST_F(CheckpointsTest, NothingIsTrimmedOnceAGenerationHasBegunSinceTheSaverWasOpened) {
  auto saver = OpenSaver({.name = "a", .trim = true});
  const ApplicationCheckpoint first = AppendAndSave("x");
  ASSERT_TRUE(saver->Save(first).ok());
  ASSERT_TRUE(saver->Save(AppendAndSave("y")).ok());
  const ApplicationCheckpoint last = AppendAndSave("z");
  a_.writer.reset();
  fake_.LoseTransactionsFrom(last.at.lsn.next());
  ASSERT_TRUE(saver->Save(last).ok());
  EXPECT_EQ(Oldest(Orders()), first.at.lsn.next()) << "as it was trimmed before";
  // Who begins in the new generation knows what it is about.
  saver = OpenSaver({.name = "b", .trim = true});
  ASSERT_TRUE(saver->Save(last).ok());
  EXPECT_EQ(Oldest(Orders()), first.at.lsn.next()) << "those of the older one do not count";
  ASSERT_TRUE(saver->Save(last).ok());
  EXPECT_EQ(Oldest(Orders()), last.at.lsn.next());
}

TEST_F(CheckpointsTest, WhoWasReplacedSavesNothingAndIsToldByWhom) {
  auto saver = OpenSaver({.name = "a", .writer = a_.report.new_writer, .trim = true});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  const ApplicationCheckpoint late = AppendAndSave("y");
  BecomeWriter(Named("b"));
  const absl::Status status = saver->Save(late);
  EXPECT_EQ(CodeOf(status), ErrorCode::kFenced) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("held by \"b\""));
  EXPECT_EQ(LoadCheckpoints(Orders())->size(), 1u);
}

TEST_F(CheckpointsTest, WhoIsReplacedWhileHeSavesTrimsNothing) {
  auto saver = OpenSaver({.name = "a", .writer = a_.report.new_writer, .trim = true});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  const ApplicationCheckpoint late = AppendAndSave("y");
  a_.writer.reset();  // from now on only the saver appends
  const uint64_t before = fake_.counts().appends_received;
  fake_.SetRingFull(true);
  absl::Status status;
  std::thread saving([&] { status = saver->Save(late); });
  EXPECT_TRUE(Eventually([&] { return fake_.counts().appends_received > before; }));
  EXPECT_TRUE(Orders().AcquireWriter({.claimant = "b", .replaces = {1, 1}}).ok());
  fake_.SetRingFull(false);
  saving.join();
  EXPECT_EQ(CodeOf(status), ErrorCode::kFenced) << status;
  EXPECT_EQ(Oldest(Orders()), Lsn(1));
}

TEST_F(CheckpointsTest, AWriterEpochThatARecoveryHasEndedSavesNothing) {
  auto saver = OpenSaver({.name = "a", .writer = a_.report.new_writer});
  const ApplicationCheckpoint late = AppendAndSave("x");
  a_.writer.reset();
  fake_.LoseTransactionsFrom(late.at.lsn.next());
  EXPECT_EQ(CodeOf(saver->Save(late)), ErrorCode::kFenced);
}

// He did not ask whether he was replaced.
TEST_F(CheckpointsTest, WhatSomebodyElseHasSavedAndIsNewerStays) {
  auto saver = OpenSaver({.name = "a"});
  const client::Journal side = Orders().Sibling(CheckpointJournalName("orders"));
  const ApplicationCheckpoint x = AppendAndSave("x"), y = AppendAndSave("y");
  ASSERT_TRUE(saver->Save(x).ok());
  ASSERT_TRUE(OpenSaver({.name = "b"})->Save(AppendAndSave("z")).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(saver->Save(y).ok());
  EXPECT_EQ(Oldest(side), Lsn(2));
  ASSERT_TRUE(saver->Save(AppendAndSave("w")).ok());
  EXPECT_EQ(Oldest(side), Lsn(5));
}

// Each chunk comes in time, and all of them do not.
TEST_F(CheckpointsTest, TheTimeOfASaveIsForAllItsChunks) {
  const std::chrono::milliseconds timeout(200);
  auto saver = OpenSaver({.name = "a", .timeout = timeout});
  ApplicationCheckpoint checkpoint = AppendAndSave("x");
  checkpoint.state = std::string(8 * limits::kCheckpointChunkBytes, 's');
  fake_.DelayAnswers(timeout / 4);
  const absl::Status status = saver->Save(checkpoint);
  EXPECT_EQ(CodeOf(status), ErrorCode::kDeadline) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("a majority of the members"));
  EXPECT_TRUE(LoadCheckpoints(Orders())->empty());
}

TEST_F(CheckpointsTest, AStateThatTheSideJournalDoesNotHoldTwiceIsTooLarge) {
  auto saver = OpenSaver({.name = "a", .ring_bytes = 1 << 16});
  ApplicationCheckpoint checkpoint = AppendAndSave("x");
  checkpoint.state = std::string((1 << 14) + 1, 's');
  const absl::Status status = saver->Save(checkpoint);
  EXPECT_EQ(CodeOf(status), ErrorCode::kTooLarge) << status;
  checkpoint.state.pop_back();
  EXPECT_TRUE(saver->Save(checkpoint).ok());
}

// What it says was acted on above itself may be of a history that a recovery has given up since.
TEST_F(CheckpointsTest, WhatStandsAboveItIsInDoubtWhateverItSays) {
  auto saver = OpenSaver({.name = "a"});
  ApplicationCheckpoint checkpoint = AppendAndSave("x");
  checkpoint.acted = Lsn(checkpoint.at.lsn.value() + 100);
  ASSERT_TRUE(saver->Save(checkpoint).ok());
  Append(a_.writer.get(), "y");
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  Promotion promotion = TakeOver(b.get());
  EXPECT_EQ(promotion.report.in_doubt_count, 1u);
  ASSERT_EQ(promotion.effects.size(), 1u);
  EXPECT_EQ(promotion.effects[0].bytes, "effect of y");
}

TEST_F(CheckpointsTest, OneOfWhatWasNotActedOnIsNotSaved) {
  auto saver = OpenSaver({.name = "a"});
  ApplicationCheckpoint checkpoint = AppendAndSave("x");
  checkpoint.acted = checkpoint.at.lsn.prev();
  EXPECT_EQ(CodeOf(saver->Save(checkpoint)), ErrorCode::kBadMark);
}

TEST_F(CheckpointsTest, AStateThatTheApplicationCannotLoadIsSaidAtTheStart) {
  auto saver = OpenSaver({.name = "a"});
  for (const char* state : {"refuse", "throw int"}) {
    ApplicationCheckpoint checkpoint = AppendAndSave("x");
    checkpoint.state = state;
    ASSERT_TRUE(saver->Save(checkpoint).ok());
    Book book;
    EXPECT_EQ(CodeOf(OpenError(&book, Named("b"))), ErrorCode::kApplyFailed) << state;
  }
}

TEST_F(CheckpointsTest, OneOfALostHistoryIsPassedOverForTheOneBeforeIt) {
  auto saver = OpenSaver({.name = "a"});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  const ApplicationCheckpoint lost = AppendAndSave("y");
  ASSERT_TRUE(saver->Save(lost).ok());
  a_.writer.reset();
  fake_.LoseTransactionsFrom(lost.at.lsn);
  Book book;
  auto b = OpenStandby(&book, Named("b"));
  ASSERT_NE(b, nullptr);
  EXPECT_THAT(book.loaded, ElementsAre("x"));
}

// As a writer that was replaced while it saved leaves it behind.
TEST_F(CheckpointsTest, OneThatWasSavedLateIsPassedOverForTheNewerOneBeforeIt) {
  const ApplicationCheckpoint late = AppendAndSave("x");
  const ApplicationCheckpoint newer = AppendAndSave("y");
  ASSERT_TRUE(OpenSaver({.name = "b"})->Save(newer).ok());
  fake_.Trim(newer.at.lsn.next());
  ASSERT_TRUE(OpenSaver({.name = "a"})->Save(late).ok());
  Book book;
  auto c = OpenStandby(&book, Named("c"));
  ASSERT_NE(c, nullptr);
  EXPECT_THAT(book.loaded, ElementsAre("x", "y"));
}

TEST_F(CheckpointsTest, OneThatTheJournalDoesNotGoBackToIsNotStartedFrom) {
  auto saver = OpenSaver({.name = "a"});
  ASSERT_TRUE(saver->Save(AppendAndSave("x")).ok());
  const Lsn last = Append(a_.writer.get(), "y");
  fake_.Trim(last.next());
  Book book;
  EXPECT_EQ(CodeOf(OpenError(&book, Named("b"))), ErrorCode::kTrimmed);
  EXPECT_TRUE(book.loaded.empty());
}

}  // namespace
}  // namespace ringjournal::client
