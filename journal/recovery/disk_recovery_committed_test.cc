// What a disk shows to have been committed.
#include "gtest/gtest.h"
#include "journal/recovery/test_recovery.h"

namespace ringjournal {
namespace {

TEST(DiskRecovery, WhatIsKnownToBeCommittedIsTakenFromBehindTheDamage) {
  TestLog log;
  SegmentDisk disk;
  TestSegment& first = disk.Open(&log, {Incarnation(1), 0});
  first.Group({10}, 0).Group({10}, first.bytes.size());
  first.bytes[first.groups[0].offset] ^= 1;
  TestSegment& second = disk.Open(&log, {Incarnation(1), 1});
  second.committed = {Index(9), Lsn(9)};
  second.Group({10}, 0);
  DiskRecovery r = disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kDamaged);
  EXPECT_EQ(r.end.next_index, Index(1));
  EXPECT_EQ(r.committed, (Watermark{Index(9), Lsn(9)}));
}

// Entry 3 had LSN 4 and was committed; the next generation begins with another entry 3, at LSN 3.
TEST(DiskRecovery, WhatAnOlderGenerationHadCommittedAboveTheCutIsKnownNoLonger) {
  TestLog log;
  log.position.epoch = {1, 1};
  SegmentDisk disk;
  TestSegment& old = disk.Open(&log, {Incarnation(1), 0});
  old.committed = {Index(4), Lsn(9)};  // more than is on disk yet
  old.Group({10, 10}, 0);
  LogPosition cut = log.position;
  old.Group({10, 10}, 0);
  TestLog fork;
  fork.position = cut;
  fork.position.epoch = {2, 2};
  TestSegment& next = disk.Open(&fork, {Incarnation(2), 0});
  next.Group({20}, 0);
  EXPECT_EQ(disk.Recover().committed, (Watermark{Index(2), Lsn(2)}));
  next.committed = {Index(3), Lsn(3)};
  next.Group({20}, 0);
  EXPECT_EQ(disk.Recover().committed, (Watermark{Index(3), Lsn(3)}));
}

}  // namespace
}  // namespace ringjournal
