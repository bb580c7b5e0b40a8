// Fenced journals of the fake: the rules of a server for writers, seen by the client.
#include "client/client.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kLong{30};

class FakeWritersTest : public ::testing::Test {
 protected:
  FakeWritersTest() { fake_.SetFenced(true); }
  client::Journal Orders() { return (*Client::Open(fake_.client_options()))->Journal("orders"); }
  WriterInfo Acquire(std::string claimant, Epoch replaces = Epoch()) {
    auto granted = Orders().AcquireWriter({.claimant = claimant, .replaces = replaces});
    EXPECT_TRUE(granted.ok()) << granted.status();
    return granted.value_or(WriterInfo());
  }
  std::unique_ptr<Writer> Open(std::string producer, Epoch writer) {
    auto opened = Orders().OpenWriter({.producer = producer, .writer = writer});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  FakeJournal fake_{"orders"};
};

TEST_F(FakeWritersTest, NobodyMayAppendBeforeAClaimIsGranted) {
  EXPECT_EQ(CodeOf(Orders().OpenWriter().status()), ErrorCode::kFenced);
  EXPECT_EQ(Orders().GetWriter()->epoch, Epoch());
  EXPECT_TRUE(Orders().GetWriter()->fenced);
  const WriterInfo granted = Acquire("a");
  EXPECT_EQ(granted.epoch, (Epoch{1, 1}));
  EXPECT_EQ(granted.next_lsn, Lsn(1));
  auto writer = Open("a", granted.epoch);
  EXPECT_EQ(writer->Append("x", kLong).fate, Fate::kApplied);
  EXPECT_EQ(CodeOf(Orders().OpenWriter().status()), ErrorCode::kFenced);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x"));
}

TEST_F(FakeWritersTest, AGrantEndsTheWriterBeforeItAtOnce) {
  const WriterInfo first = Acquire("a");
  auto old = Open("a", first.epoch);
  ASSERT_EQ(old->Append("x", kLong).fate, Fate::kApplied);
  const WriterInfo second = Acquire("b", first.epoch);
  EXPECT_EQ(second.epoch, (Epoch{1, 2}));
  EXPECT_EQ(second.next_lsn, Lsn(2));
  ASSERT_TRUE(Eventually([&] { return !old->status().ok(); })) << "it was told nothing";
  EXPECT_EQ(CodeOf(old->status()), ErrorCode::kFenced);
  EXPECT_THAT(std::string(old->status().message()), HasSubstr("held by \"b\""));
  EXPECT_EQ(CodeOf(Orders().OpenWriter({.writer = first.epoch}).status()), ErrorCode::kFenced);
  EXPECT_EQ(Open("b", second.epoch)->Append("y", kLong).fate, Fate::kApplied);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "y"));
}

TEST_F(FakeWritersTest, AClaimMustNameWhoIsTheWriterOrUseForce) {
  const WriterInfo first = Acquire("a");
  absl::Status held = Orders().AcquireWriter({.claimant = "b"}).status();
  EXPECT_EQ(CodeOf(held), ErrorCode::kWriterHeld) << held;
  EXPECT_THAT(std::string(held.message()), HasSubstr("held by \"a\""));
  auto forced = Orders().AcquireWriter({.claimant = "b", .force = true, .reason = "a is gone"});
  EXPECT_EQ(forced->epoch, (Epoch{1, 2}));
  EXPECT_EQ(Orders().GetWriter()->claimant, "b");
  EXPECT_EQ(CodeOf(Orders().AcquireWriter({.claimant = std::string(65, 'c')}).status()),
            ErrorCode::kNameNotAllowed);
}

TEST_F(FakeWritersTest, TheSameClaimIsGrantedTheSameAgainUntilSomebodyElseComes) {
  WriterClaim claim{.claimant = "a", .nonce = 7};
  auto first = Orders().AcquireWriter(claim);
  fake_.LoseAnswerOfRequests();
  EXPECT_EQ(Orders().AcquireWriter(claim)->epoch, first->epoch);
  EXPECT_EQ(Orders().GetWriter()->epoch, first->epoch);
  Acquire("b", first->epoch);
  EXPECT_EQ(CodeOf(Orders().AcquireWriter(claim).status()), ErrorCode::kWriterHeld);
}

TEST_F(FakeWritersTest, EntriesSayWhoseTheyAre) {
  const WriterInfo first = Acquire("a");
  ASSERT_EQ(Open("a", first.epoch)->Append("x", kLong).fate, Fate::kApplied);
  const WriterInfo second = Acquire("b", first.epoch);
  ASSERT_EQ(Open("b", second.epoch)->Append("y", kLong).fate, Fate::kApplied);
  auto reader = Orders().Subscribe();
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(t.writer, first.epoch);
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(t.writer, second.epoch);
}

TEST_F(FakeWritersTest, OnlyTheWriterMaySettle) {
  const WriterInfo granted = Acquire("a");
  auto writer = Open("a", granted.epoch);
  EXPECT_EQ(CodeOf(Orders().Settle("a", Sequence(1)).status()), ErrorCode::kFenced);
  EXPECT_EQ(Orders().Settle("a", Sequence(1), kLong, granted.epoch)->fate(), Fate::kNotApplied);
}

TEST_F(FakeWritersTest, ALossEndsAllWriterEpochsAndMayTakeAFence) {
  const WriterInfo first = Acquire("a");
  ASSERT_EQ(Open("a", first.epoch)->Append("x", kLong).fate, Fate::kApplied);
  Acquire("b", first.epoch);
  fake_.LoseTransactionsFrom(Lsn(1));
  auto writer = Orders().GetWriter();
  EXPECT_EQ(writer->epoch, first.epoch) << "the fence of b was behind what was lost";
  EXPECT_TRUE(writer->ended_by_loss);
  EXPECT_EQ(CodeOf(Orders().OpenWriter({.writer = first.epoch}).status()), ErrorCode::kFenced);
  EXPECT_EQ(Acquire("c", first.epoch).epoch, (Epoch{2, 1}));
}

TEST_F(FakeWritersTest, FencedIsASettingOfAJournalThatIsCreatedToo) {
  auto client = Client::Open(fake_.client_options());
  client::Journal trades = (*client)->Journal("trades");
  EXPECT_EQ(CodeOf(trades.Info().status()), ErrorCode::kJournalNotFound);
  ASSERT_TRUE(trades.Create({.ring_bytes = 1 << 20, .fenced = true}).ok());
  EXPECT_TRUE(trades.Info()->settings.fenced);
  EXPECT_EQ(trades.Info()->ring_bytes, 1u << 20);
  EXPECT_NE(trades.Info()->id, Orders().Info()->id);
  EXPECT_EQ(CodeOf(trades.OpenWriter().status()), ErrorCode::kFenced);
  EXPECT_EQ((*client)->ListJournals()->size(), 2u);
  fake_.SetFenced(false);
  EXPECT_EQ(CodeOf(Orders().AcquireWriter({.claimant = "a"}).status()), ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace ringjournal::client
