#include "tools/ringjournal/receipt_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringjournal::cli {
namespace {

using client::Cursor;
using client::ReceiptCheck;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Cursor Receipt() {
  Cursor receipt;
  receipt.epoch = {1, 2};
  receipt.index = Index(9);
  receipt.lsn = Lsn(130);
  return receipt;
}

ReceiptCheck Diverged(Lsn at, Epoch common) {
  ReceiptCheck check;
  check.verdict = ReceiptCheck::Verdict::kDiverged;
  check.diverged = at;
  check.last_common = common;
  check.epoch = {2, 1};
  return check;
}

TEST(ReceiptText, DivergedSaysFromWhereAndTheEpochInCommon) {
  const ReceiptCheck check = Diverged(Lsn(111), {1, 1});
  EXPECT_THAT(ReceiptText("orders", Receipt(), check),
              AllOf(HasSubstr("diverged at or before LSN 111:"), HasSubstr("LSN 130 of epoch 1.2"),
                    HasSubstr("up to the receipt's is 1.1"), HasSubstr("as received only")));
  EXPECT_THAT(ReceiptJson("orders", Receipt(), check),
              AllOf(HasSubstr("\"divergedLsn\": \"111\""), HasSubstr("\"lastCommon\": \"1.1\"")));
}

// An older server says "diverged", and no more.
TEST(ReceiptText, WhereNobodySaysFromWhereItIsTheReceiptItself) {
  const ReceiptCheck check = Diverged(Lsn(), {});
  EXPECT_THAT(ReceiptText("orders", Receipt(), check),
              AllOf(HasSubstr("diverged at or before LSN 130:"), HasSubstr("is not known"),
                    Not(HasSubstr("no epoch that it knows"))));
  EXPECT_THAT(ReceiptJson("orders", Receipt(), check),
              AllOf(HasSubstr("\"divergedLsn\": \"130\""), HasSubstr("\"lastCommon\": null")));
}

TEST(ReceiptText, WhatCannotBeToldIsLookedForInTheLeadersMemoryOnly) {
  ReceiptCheck check;
  check.verdict = ReceiptCheck::Verdict::kCannotTell;
  EXPECT_THAT(ReceiptText("orders", Receipt(), check),
              AllOf(HasSubstr("cannot tell: the leader of journal orders"), HasSubstr("memory")));
}

}  // namespace
}  // namespace ringjournal::cli
