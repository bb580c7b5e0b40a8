#include "journal/recovery/loss_report.h"

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

DiskRecovery EndingAt(uint64_t next, DiskVerdict verdict) {
  DiskRecovery disk;
  disk.verdict = verdict;
  disk.end.next_index = Index(next);
  disk.end.next_lsn = Lsn(next + 100);
  disk.sentence = "why";
  return disk;
}

v1::LossReport Report(const DiskRecovery& disk, Watermark hint = {}, bool memory_only = false) {
  LossReportInput input;
  input.disk = &disk;
  input.generation = 2;
  input.commit_hint = hint;
  input.memory_only = memory_only;
  return BuildLossReport(input);
}

TEST(LossReport, TheStartIsExact) {
  v1::LossReport r = Report(EndingAt(10, DiskVerdict::kTornTail));
  EXPECT_EQ(r.generation(), 2u);
  EXPECT_EQ(r.first_index(), 10u);
  EXPECT_EQ(r.first_lsn(), 110u);
  EXPECT_EQ(r.reason(), "why");
}

TEST(LossReport, NoEvidenceIsPossibleLossNeverNone) {
  for (DiskVerdict verdict : {DiskVerdict::kClean, DiskVerdict::kTornTail}) {
    v1::LossReport r = Report(EndingAt(10, verdict));
    EXPECT_EQ(r.received(), v1::LOSS_VERDICT_POSSIBLE);
    EXPECT_EQ(r.replicated(), v1::LOSS_VERDICT_POSSIBLE);
    EXPECT_EQ(r.disk(), v1::LOSS_VERDICT_NONE);
    EXPECT_EQ(r.disk_quorum(), v1::LOSS_VERDICT_NONE);
  }
}

TEST(LossReport, WhatWasKnownToBeCommittedIsLostForCertain) {
  DiskRecovery disk = EndingAt(10, DiskVerdict::kTornTail);
  EXPECT_EQ(Report(disk, {Index(9), Lsn(109)}).replicated(), v1::LOSS_VERDICT_POSSIBLE);
  v1::LossReport by_hint = Report(disk, {Index(10), Lsn(110)});
  EXPECT_EQ(by_hint.replicated(), v1::LOSS_VERDICT_CERTAIN);
  EXPECT_EQ(by_hint.known_committed_lsn(), 111u);
  EXPECT_EQ(by_hint.disk(), v1::LOSS_VERDICT_NONE);
  disk.committed = {Index(20), Lsn(120)};
  v1::LossReport by_group = Report(disk);
  EXPECT_EQ(by_group.received(), v1::LOSS_VERDICT_CERTAIN);
  EXPECT_EQ(by_group.known_committed_lsn(), 121u);
}

TEST(LossReport, WhatWasOnDiskAtAnOrderlyStopAndIsNotThereIsLostForCertainAtEveryLevel) {
  for (DiskVerdict verdict :
       {DiskVerdict::kClean, DiskVerdict::kTornTail, DiskVerdict::kDamaged, DiskVerdict::kEmpty}) {
    DiskRecovery disk = EndingAt(10, verdict);
    LossReportInput input;
    input.disk = &disk;
    input.stopped_at = Lsn(110);
    v1::LossReport r = BuildLossReport(input);
    EXPECT_EQ(r.received(), v1::LOSS_VERDICT_CERTAIN);
    EXPECT_EQ(r.disk(), v1::LOSS_VERDICT_CERTAIN);
    EXPECT_EQ(r.known_committed_lsn(), 111u);
  }
}

TEST(LossReport, DamageBelowWhatWasSyncedTouchesTheDiskLevels) {
  for (DiskVerdict verdict : {DiskVerdict::kDamaged, DiskVerdict::kGap, DiskVerdict::kEmpty}) {
    DiskRecovery disk = EndingAt(10, verdict);
    EXPECT_EQ(Report(disk).disk(), v1::LOSS_VERDICT_POSSIBLE);
    EXPECT_EQ(Report(disk, {Index(20), Lsn(120)}).disk_quorum(), v1::LOSS_VERDICT_CERTAIN);
    EXPECT_EQ(Report(disk, {}, true).disk(), v1::LOSS_VERDICT_NONE);
  }
}

}  // namespace
}  // namespace ringjournal
