#include "client/takeover/checkpoint_chunks.h"

#include <gtest/gtest.h>

#include "client/takeover/test_transactions.h"

namespace ringjournal::client {
namespace {

ApplicationCheckpoint Checkpoint(uint64_t lsn, std::string state) {
  ApplicationCheckpoint checkpoint;
  EXPECT_TRUE(JournalId::FromHex("000102030405060708090a0b0c0d0e0f", &checkpoint.at.journal));
  checkpoint.at.epoch = {2, 5};
  checkpoint.at.index = Index(lsn + 3);
  checkpoint.at.lsn = Lsn(lsn);
  checkpoint.at.chain = 99;
  checkpoint.acted = Lsn(lsn - 1);
  checkpoint.state = std::move(state);
  return checkpoint;
}

class CheckpointChunks : public ::testing::Test {
 protected:
  void Save(const ApplicationCheckpoint& checkpoint, uint64_t saver = 1, size_t chunks = 1000) {
    for (const TransactionRun& run : EncodeCheckpoint(checkpoint, saver, 4)) {
      if (chunks-- == 0) return;
      assembler_.Take(journal_.Add(run));
    }
  }
  std::vector<std::string> States() {
    std::vector<std::string> states;
    for (auto& checkpoint : assembler_.TakeNewest()) states.push_back(checkpoint.state);
    return states;
  }

  TestJournal journal_;
  CheckpointAssembler assembler_;
};

using Strings = std::vector<std::string>;

TEST_F(CheckpointChunks, ComeBackWhole) {
  journal_.SkipTo(20);
  Save(Checkpoint(7, "nine byte"));
  auto whole = assembler_.TakeNewest();
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].state, "nine byte");
  EXPECT_EQ(whole[0].at, Checkpoint(7, "").at);
  EXPECT_EQ(whole[0].acted, Lsn(6));
  EXPECT_EQ(whole[0].first_chunk, Lsn(20));
  EXPECT_EQ(assembler_.broken(), 0u);
}

TEST_F(CheckpointChunks, AnEmptyStateIsOne) {
  Save(Checkpoint(7, ""));
  EXPECT_EQ(States(), (Strings{""}));
}

// Those of a history that a recovery gave up may have higher LSNs.
TEST_F(CheckpointChunks, TheTwoThatWereSavedLastAreKept) {
  Save(Checkpoint(11, "eleven"));
  Save(Checkpoint(12, "twelve"), 2);
  Save(Checkpoint(9, "nine"), 3);
  EXPECT_EQ(States(), (Strings{"nine", "twelve"}));
}

TEST_F(CheckpointChunks, OneWhoseSaverDiedIsPassedOver) {
  Save(Checkpoint(7, "seven"));
  Save(Checkpoint(8, "eight bytes"), 1, 2);
  EXPECT_EQ(States(), (Strings{"seven"}));
  Save(Checkpoint(9, "nine"));
  EXPECT_EQ(States(), (Strings{"nine"}));
  EXPECT_EQ(assembler_.broken(), 1u);
}

TEST_F(CheckpointChunks, TwoSaversMayWriteAmongEachOther) {
  auto a = EncodeCheckpoint(Checkpoint(7, "from a, long"), 1, 4);
  auto b = EncodeCheckpoint(Checkpoint(8, "and of b"), 2, 4);
  for (size_t i = 0; i < a.size(); ++i) {
    assembler_.Take(journal_.Add(a[i]));
    if (i < b.size()) assembler_.Take(journal_.Add(b[i]));
  }
  EXPECT_EQ(States(), (Strings{"from a, long", "and of b"}));
}

TEST_F(CheckpointChunks, WithoutItsBeginningItIsPassedOver) {
  auto runs = EncodeCheckpoint(Checkpoint(7, "nine byte"), 1, 4);
  assembler_.Take(journal_.Add(runs[1]));
  assembler_.Take(journal_.Add(runs[2]));
  EXPECT_EQ(States(), Strings{});
}

TEST_F(CheckpointChunks, WithAHoleItIsPassedOver) {
  auto runs = EncodeCheckpoint(Checkpoint(7, "nine byte"), 1, 4);
  assembler_.Take(journal_.Add(runs[0]));
  assembler_.Take(journal_.Add(runs[2]));
  EXPECT_EQ(States(), Strings{});
}

TEST_F(CheckpointChunks, AStateThatIsNotWhatItsDigestSaysIsPassedOver) {
  auto runs = EncodeCheckpoint(Checkpoint(7, "nine byte"), 1, 4);
  std::string bytes(AsView(runs[1].bytes()));
  bytes[bytes.find("byt")] = 'x';
  TransactionRun changed;
  Transaction t;
  ASSERT_TRUE(ParseTransaction(journal_.Add(runs[0]).encoded, &t));
  TransactionCursor cursor(AsBytes(bytes));
  ByteSpan encoded;
  ASSERT_TRUE(cursor.Next(&encoded));
  changed.AddEncoded(AsView(encoded));
  assembler_.Take(journal_.Add(runs[0]));
  assembler_.Take(journal_.Add(changed));
  assembler_.Take(journal_.Add(runs[2]));
  EXPECT_EQ(States(), Strings{});
  EXPECT_EQ(assembler_.broken(), 1u);
}

TEST_F(CheckpointChunks, OtherTransactionsAreNotLookedAt) {
  assembler_.Take(journal_.User());
  assembler_.Take(journal_.Typed(kCheckpointChunkType, "\xff"));
  EXPECT_EQ(States(), Strings{});
  EXPECT_EQ(assembler_.broken(), 1u);
}

}  // namespace
}  // namespace ringjournal::client
