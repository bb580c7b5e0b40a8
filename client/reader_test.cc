// A reader over a fake journal: what it knows of generations.
#include "client/reader.h"

#include "client/client.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

class ReaderTest : public ::testing::Test {
 protected:
  // Of three transactions in the first generation; it has read all of them.
  std::unique_ptr<Reader> OpenAndReadAll() {
    fake_.AddTransactions({"x"});
    fake_.AddTransactions({"y"});
    fake_.AddTransactions({"z"});
    auto opened = Reader::Open(fake_.client_options(),
                               {.journal = "orders", .from = Position::At(Lsn(1)), .follow = true});
    EXPECT_TRUE(opened.ok()) << opened.status();
    ReadTransaction transaction;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(*(*opened)->Next(&transaction), ReadStep::kTransaction);
    }
    EXPECT_EQ((*opened)->seen_generation(), 1u);
    return *std::move(opened);
  }

  FakeJournal fake_{"orders"};
};

TEST_F(ReaderTest, ItHasSeenTheGenerationInWhichItReadsOnWithNothingLost) {
  auto reader = OpenAndReadAll();
  fake_.LoseTransactionsFrom(Lsn(4));
  fake_.AddTransactions({"w"});
  ReadTransaction transaction;
  auto step = reader->Next(&transaction);
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(transaction.lsn, Lsn(4));
  EXPECT_EQ(reader->generation(), 2u);
  EXPECT_EQ(reader->seen_generation(), 2u);
}

// Connected is not enough: who takes that for an answer acts on what is lost.
TEST_F(ReaderTest, ItHasNotSeenAGenerationThatLostWhatWasDelivered) {
  auto reader = OpenAndReadAll();
  fake_.LoseTransactionsFrom(Lsn(2));
  ReadTransaction transaction;
  uint32_t newest = 0;
  absl::Status status;
  EXPECT_TRUE(Eventually([&] {
    status = reader->Next(&transaction, 0).status();
    newest = std::max(newest, reader->seen_generation());
    return !status.ok();
  }));
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss) << status;
  EXPECT_EQ(reader->generation(), 2u);
  EXPECT_EQ(newest, 1u);
}

}  // namespace
}  // namespace ringjournal::client
