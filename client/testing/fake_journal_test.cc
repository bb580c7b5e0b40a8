// The fake journal is what it says: a server that a client cannot tell from a real one, but for its
// faults.
#include "client/testing/fake_journal.h"

#include "client/ask_journal.h"
#include "client/client.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

constexpr std::chrono::seconds kLong{30};

class FakeJournalTest : public ::testing::Test {
 protected:
  client::Journal Orders() { return (*Client::Open(fake_.client_options()))->Journal("orders"); }
  FakeJournal fake_{"orders"};
};

TEST_F(FakeJournalTest, ServesSeveralClientsAtOnce) {
  auto one = Orders().OpenWriter({.producer = "one"});
  auto two = Orders().OpenWriter({.producer = "two"});
  auto tail = Orders().Subscribe({.follow = true});
  ASSERT_TRUE(one.ok() && two.ok() && tail.ok());
  EXPECT_EQ((*one)->Append("a", kLong).fate, Fate::kApplied);
  EXPECT_EQ((*two)->Append("b", kLong).fate, Fate::kApplied);
  fake_.AddTransactions({"c", "d"});
  std::vector<std::string> seen;
  ReadTransaction t;
  while (seen.size() < 4 && *(*tail)->Next(&t, kLong) == ReadStep::kTransaction) {
    seen.emplace_back(AsView(t.payload));
  }
  EXPECT_THAT(seen, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(fake_.end_lsn(), Lsn(4));
  EXPECT_TRUE(Orders().Info().ok());
}

TEST_F(FakeJournalTest, KeepsTheNumberingOfAProducerAcrossSessions) {
  {
    auto writer = Orders().OpenWriter({.producer = "p"});
    ASSERT_EQ((*writer)->Append("a", kLong).fate, Fate::kApplied);
  }
  auto again = Orders().OpenWriter({.producer = "p"});
  EXPECT_EQ((*again)->last_sequence_at_open(), Sequence(1));
}

TEST_F(FakeJournalTest, ARefusalHasTheCodeThatWasAskedFor) {
  auto writer = Orders().OpenWriter();
  fake_.RefuseAppends(ErrorCode::kLevelNotOffered);
  EXPECT_EQ(CodeOf((*writer)->Append("a", kLong).error), ErrorCode::kLevelNotOffered);
  EXPECT_EQ((*writer)->Append("b", kLong).fate, Fate::kApplied);
}

TEST_F(FakeJournalTest, AReaderWithLittleCreditGetsEverything) {
  for (int i = 0; i < 200; ++i) fake_.AddTransactions({std::string(500, 'x')});
  auto reader = Orders().Subscribe({.credit_bytes = 1000});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ReadTransaction t;
  int seen = 0;
  while (*(*reader)->Next(&t, kLong) == ReadStep::kTransaction) ++seen;
  EXPECT_EQ(seen, 200);
}

TEST_F(FakeJournalTest, DurableReadersSeeOnlyWhatACheckpointReached) {
  fake_.AddTransactions({"a"});
  ASSERT_TRUE(Orders().Checkpoint().ok());
  fake_.AddTransactions({"b"});
  auto reader = Orders().Subscribe({.durable_only = true});
  ReadTransaction t;
  EXPECT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kFinished);
  fake_.SetDurableAtOnce(true);
  fake_.AddTransactions({"c"});
  EXPECT_EQ(Orders().GetWatermarks()->durable.lsn, Lsn(3));
}

TEST_F(FakeJournalTest, ReadsFromATransactionsIdAndRefusesOneThatNobodyHas) {
  auto writer = Orders().OpenWriter({.producer = "p"});
  TransactionRun run;
  for (const char* id : {"tx-1", "tx-2", "tx-3"}) run.Add({.payload = id, .id = id});
  ASSERT_EQ((*writer)->Append(std::move(run), kLong).fate, Fate::kApplied);
  auto reader = Orders().Subscribe({.from = Position::OfTransaction("tx-2")});
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(t.lsn, Lsn(2));
  auto located = Locate(fake_.client_options(), "orders", Position::OfTransaction("tx-3"));
  ASSERT_TRUE(located.ok()) << located.status();
  EXPECT_EQ(located->lsn, Lsn(3));
  auto missing = Orders().Subscribe({.from = Position::OfTransaction("tx-9")});
  absl::Status status = missing.ok() ? (*missing)->Next(&t, kLong).status() : missing.status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kTransactionNotFound) << status;
}

TEST_F(FakeJournalTest, AReaderIsToldThatWhatItHasReadWasLost) {
  fake_.AddTransactions({"a"});
  auto reader = Orders().Subscribe({.follow = true});
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  fake_.LoseTransactionsFrom(Lsn(1));
  EXPECT_EQ(CodeOf((*reader)->Next(&t, kLong).status()), ErrorCode::kDataLoss);
}

TEST_F(FakeJournalTest, TrimmedPositionsAreRefusedAndSayWhereToGoOn) {
  fake_.AddTransactions({"a"});
  fake_.AddTransactions({"b"});
  fake_.Trim(Lsn(2));
  auto reader = Orders().Subscribe({.from = Position::At(Lsn(1))});
  ASSERT_TRUE(reader.ok());
  ReadTransaction t;
  EXPECT_EQ(CodeOf((*reader)->Next(&t, kLong).status()), ErrorCode::kTrimmed);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("b"));
}

}  // namespace
}  // namespace ringjournal::client
