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

// ---- several members ----

v1::LossReport ClusterReport(uint32_t members, uint32_t whole_disks, Watermark seen = {}) {
  ClusterLossInput input;
  input.end = {Index(10), Lsn(110), 0, {}};
  input.generation = 3;
  input.committed_seen = seen;
  input.members = members;
  input.whole_disks = whole_disks;
  input.reason = "n2 has the longest log";
  input.time_ns = 5;
  return BuildClusterLossReport(input);
}

TEST(ClusterLossReport, SaysFromWhereAndWhy) {
  v1::LossReport r = ClusterReport(3, 3);
  EXPECT_EQ(r.generation(), 3u);
  EXPECT_EQ(r.first_index(), 10u);
  EXPECT_EQ(r.first_lsn(), 110u);
  EXPECT_EQ(r.known_committed_lsn(), 1u);
  EXPECT_EQ(r.reason(), "n2 has the longest log");
  EXPECT_EQ(r.time_ns(), 5u);
}

TEST(ClusterLossReport, OnlyEveryWholeDiskAnswersForDiskAndAMajorityNeedsFewer) {
  constexpr auto kNone = v1::LOSS_VERDICT_NONE;
  constexpr auto kPossible = v1::LOSS_VERDICT_POSSIBLE;
  struct Row {
    uint32_t members, whole_disks;
    v1::LossVerdict disk, disk_quorum;
  };
  const Row rows[] = {
      {1, 1, kNone, kNone},         {1, 0, kPossible, kPossible}, {2, 2, kNone, kNone},
      {2, 1, kPossible, kNone},     {2, 0, kPossible, kPossible}, {3, 3, kNone, kNone},
      {3, 2, kPossible, kNone},     {3, 1, kPossible, kPossible}, {4, 3, kPossible, kNone},
      {4, 2, kPossible, kNone},     {4, 1, kPossible, kPossible}, {5, 3, kPossible, kNone},
      {5, 2, kPossible, kPossible},
  };
  for (const Row& row : rows) {
    v1::LossReport r = ClusterReport(row.members, row.whole_disks);
    EXPECT_EQ(r.disk(), row.disk) << row.members << " " << row.whole_disks;
    EXPECT_EQ(r.disk_quorum(), row.disk_quorum) << row.members << " " << row.whole_disks;
    EXPECT_EQ(r.received(), kPossible);
    EXPECT_EQ(r.replicated(), kPossible) << "no evidence is never none";
  }
}

TEST(ClusterLossReport, WhatAnyLogThatAnsweredCallsCommittedIsLostForCertain) {
  v1::LossReport r = ClusterReport(3, 2, {Index(20), Lsn(120)});
  EXPECT_EQ(r.known_committed_lsn(), 121u);
  EXPECT_EQ(r.replicated(), v1::LOSS_VERDICT_CERTAIN);
  EXPECT_EQ(r.disk(), v1::LOSS_VERDICT_CERTAIN);
  EXPECT_EQ(r.disk_quorum(), v1::LOSS_VERDICT_NONE);
  EXPECT_EQ(ClusterReport(3, 2, {Index(9), Lsn(109)}).replicated(), v1::LOSS_VERDICT_POSSIBLE);
}

}  // namespace
}  // namespace ringjournal
