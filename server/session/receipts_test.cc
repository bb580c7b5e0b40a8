#include "server/session/receipts.h"

#include <string>

#include "gtest/gtest.h"
#include "journal/node/test_node.h"

namespace ringjournal {
namespace {

const std::string kId(16, 'j');

// Epochs 1/1, 1/2 and 1/4, each an epoch start, the opening of a producer, and two appends.
class Receipts : public testing::Test {
 protected:
  Receipts() {
    for (uint32_t epoch : {1, 2, 4}) {
      t.Lead({1, epoch});
      t.AppendNext(10);
      t.AppendNext(10);
    }
  }
  RecordView At(Index index) const {
    return t.replica->ring().Record(*t.replica->ring().Find(index));
  }
  // Of the entry with this LSN, as it was acknowledged.
  v1::Receipt Of(Lsn lsn) const {
    const RecordView view = t.replica->ring().Record(*t.replica->ring().Find(lsn));
    v1::Receipt receipt;
    receipt.set_journal_id(kId);
    receipt.set_generation(view.header.epoch.generation);
    receipt.set_epoch(view.header.epoch.epoch);
    receipt.set_index(view.header.index.value());
    receipt.set_last_lsn(lsn.value());
    receipt.set_chain(view.header.chain);
    return receipt;
  }
  void ExpectDiverged(const v1::Receipt& receipt, Lsn at_or_before, Epoch common) {
    const ReceiptVerdict verdict = JudgeReceipt(receipt, kId, *t.replica);
    EXPECT_EQ(verdict.continuity, v1::CONTINUITY_DIVERGED);
    EXPECT_EQ(verdict.diverged, at_or_before);
    EXPECT_EQ(verdict.common, common);
  }

  TestNode t;
};

TEST_F(Receipts, WhatIsThereIsContinuous) {
  for (Lsn lsn(1); lsn <= Lsn(6); lsn = lsn.next()) {
    const ReceiptVerdict verdict = JudgeReceipt(Of(lsn), kId, *t.replica);
    EXPECT_EQ(verdict.continuity, v1::CONTINUITY_CONTINUOUS) << lsn.value();
    EXPECT_EQ(verdict.diverged, Lsn(0));
  }
}

TEST_F(Receipts, AnotherEntryInItsPlaceDivergesAtItOrBefore) {
  v1::Receipt receipt = Of(Lsn(4));
  receipt.set_chain(receipt.chain() + 1);
  ExpectDiverged(receipt, Lsn(4), {1, 2});
}

TEST_F(Receipts, AnEntryBehindTheEndOfItsEpochDivergesWhereTheNextOneBegins) {
  v1::Receipt receipt = Of(Lsn(4));
  receipt.set_index(receipt.index() + 3);  // in this log an entry of 1/4
  receipt.set_last_lsn(7);
  ExpectDiverged(receipt, Lsn(5), {1, 2});
}

TEST_F(Receipts, AnEpochThatThisLogNeverHadIsBehindTheOneBeforeIt) {
  v1::Receipt receipt = Of(Lsn(4));
  receipt.set_epoch(3);
  receipt.set_index(receipt.index() + 3);
  receipt.set_last_lsn(7);
  ExpectDiverged(receipt, Lsn(5), {1, 2});
  receipt.set_generation(0);
  ExpectDiverged(receipt, Lsn(1), Epoch());
}

TEST_F(Receipts, AnEntryBehindTheEndDivergesThere) {
  v1::Receipt receipt = Of(Lsn(6));
  receipt.set_index(receipt.index() + 1);
  receipt.set_last_lsn(9);
  ExpectDiverged(receipt, Lsn(7), {1, 4});
  receipt.set_epoch(5);
  ExpectDiverged(receipt, Lsn(7), {1, 4});
}

TEST_F(Receipts, WhatNamesNoEntryCannotBeTold) {
  v1::Receipt receipt = Of(Lsn(6));
  receipt.clear_index();
  EXPECT_EQ(JudgeReceipt(receipt, kId, *t.replica).continuity, v1::CONTINUITY_CANNOT_TELL);
}

TEST_F(Receipts, AnotherJournalHasNothingInCommon) {
  v1::Receipt receipt = Of(Lsn(6));
  receipt.set_journal_id(std::string(16, 'k'));
  ExpectDiverged(receipt, Lsn(1), Epoch());
}

TEST_F(Receipts, TheAnswerSaysAllOfIt) {
  v1::OpenReply reply;
  FillVerdict({v1::CONTINUITY_DIVERGED, Lsn(7), {2, 9}}, &reply);
  EXPECT_EQ(reply.continuity(), v1::CONTINUITY_DIVERGED);
  EXPECT_EQ(reply.diverged_lsn(), 7u);
  EXPECT_EQ(reply.common_generation(), 2u);
  EXPECT_EQ(reply.common_epoch(), 9u);
}

}  // namespace
}  // namespace ringjournal
