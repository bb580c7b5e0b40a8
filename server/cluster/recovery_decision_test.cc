#include "server/cluster/recovery_decision.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing_document::Add;

// A journal of a, b, c. All were in sync in incarnation 1 when their processes ended.
class Recovery : public testing::Test {
 protected:
  Recovery() {
    for (const char* node : {"a", "b", "c"}) {
      config_.add_members(node);
      config_.add_recovery_set(node);
      Add(config_.mutable_complete(), node, 1);
    }
    in_.config = &config_;
    in_.self = "b";
  }

  // A ring that was acknowledged under `content`.
  v1::LogAnswer Ring(uint64_t content, uint32_t epoch, uint64_t end) {
    v1::LogAnswer log;
    log.set_source(v1::LOG_SOURCE_RING);
    log.set_content_incarnation(content);
    log.set_last_generation(1);
    log.set_last_epoch(epoch);
    log.set_end_index(end);
    return log;
  }
  v1::LogAnswer Disk(uint32_t epoch, uint64_t end) {
    v1::LogAnswer log = Ring(0, epoch, end);
    log.set_source(v1::LOG_SOURCE_DISK);
    log.set_disk_is_whole(true);
    return log;
  }
  RecoveryStep Step() { return DecideRecovery(in_).step; }

  v1::JournalConfig config_;
  RecoveryInput in_;
};

TEST_F(Recovery, TheGreatestOfAllMemoriesLeads) {
  in_.logs = {{"a", Ring(1, 1, 9)}, {"b", Ring(1, 1, 10)}, {"c", Ring(1, 1, 8)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
  in_.self = "a";
  EXPECT_EQ(Step(), RecoveryStep::kWait);
}

TEST_F(Recovery, ALaterEpochIsGreaterThanALongerLog) {
  in_.logs = {{"a", Ring(1, 1, 90)}, {"b", Ring(1, 2, 10)}, {"c", Ring(1, 1, 80)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

TEST_F(Recovery, OfEqualLogsOneLeads) {
  in_.logs = {{"a", Ring(1, 1, 9)}, {"b", Ring(1, 1, 9)}, {"c", Ring(1, 1, 9)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.self = "a";
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

TEST_F(Recovery, WaitsForAllOfCompleteButNotForEver) {
  in_.logs = {{"a", Ring(1, 1, 9)}, {"b", Ring(1, 1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.waited = true;
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

// However long its log: it may lack what was committed after it had left.
TEST_F(Recovery, NobodyOutsideCompleteLeadsFromMemory) {
  in_.logs = {{"a", Ring(1, 1, 9)}, {"b", Ring(2, 5, 99)}, {"c", Ring(1, 1, 8)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.self = "a";
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

// A crash between the cas and the control-page write: the ring still names its old life, and the
// claim the new one.
TEST_F(Recovery, AClaimCountsLikeTheContent) {
  config_.clear_complete();
  Add(config_.mutable_complete(), "b", 7);
  v1::LogAnswer claimed = Ring(3, 1, 9);
  in_.logs = {{"b", claimed}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  claimed.set_claim_incarnation(7);
  in_.logs = {{"b", claimed}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

TEST_F(Recovery, WhatCameFromDiskIsNoMemory) {
  in_.logs = {{"a", Disk(1, 9)}, {"b", Ring(1, 1, 8)}, {"c", Disk(1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
}

TEST_F(Recovery, WithoutAnyMemoryTheGreatestOfAllDisksLeads) {
  in_.logs = {{"a", Disk(1, 9)}, {"b", Disk(1, 10)}, {"c", Disk(1, 8)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
  in_.self = "c";
  EXPECT_EQ(Step(), RecoveryStep::kWait);
}

// An intact ring that does not count for `complete` is a log all the same.
TEST_F(Recovery, AStrangersMemoryCountsAmongTheDisks) {
  in_.logs = {{"a", Disk(1, 9)}, {"b", Ring(4, 1, 12)}, {"c", Disk(1, 8)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
}

TEST_F(Recovery, AllOfTheRecoverySetMustBeLookedAt) {
  in_.waited = true;
  in_.logs = {{"a", Disk(1, 9)}, {"b", Disk(1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  EXPECT_THAT(DecideRecovery(in_).reason, testing::HasSubstr("the log of c must be looked at"));
  config_.mutable_recovery_set()->RemoveLast();
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
}

// What was acknowledged at disk_quorum is on two of three disks: one is not enough to see it.
TEST_F(Recovery, AQuorumOfDisksMustBeLookedAt) {
  in_.waited = true;
  config_.clear_recovery_set();
  config_.add_recovery_set("b");
  in_.logs = {{"b", Disk(1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.logs["c"] = Disk(1, 8);
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
}

// Two disks held what was acknowledged at disk_quorum; one of them was destroyed.
TEST_F(Recovery, AnEmptiedDiskShowsNothing) {
  in_.waited = true;
  config_.clear_recovery_set();
  config_.add_recovery_set("b");
  v1::LogAnswer emptied = Disk(1, 0);
  emptied.set_disk_is_whole(false);
  in_.logs = {{"b", Disk(1, 10)}, {"c", emptied}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.logs["a"] = emptied;
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk) << "there is nobody left to wait for";
}

// It was added after what others had acknowledged as on a majority of disks without it.
TEST_F(Recovery, ALearnersDiskIsNotCounted) {
  in_.waited = true;
  config_.clear_recovery_set();
  config_.add_recovery_set("b");
  in_.logs = {{"b", Disk(1, 10)}, {"c", Disk(1, 3)}};
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
  config_.add_learners("c");
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.logs["a"] = Disk(1, 8);
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromDisk);
}

TEST_F(Recovery, AnInSyncSetIsLeftToElectAtFirstAndNeverPassedOverFromDisk) {
  Add(config_.mutable_isr(), "c", 1);
  in_.logs = {{"a", Ring(1, 1, 9)}, {"b", Ring(1, 1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
  in_.waited = true;
  EXPECT_EQ(Step(), RecoveryStep::kLeadFromMemory);
  in_.logs = {{"a", Disk(1, 9)}, {"b", Disk(1, 10)}};
  EXPECT_EQ(Step(), RecoveryStep::kWait);
}

}  // namespace
}  // namespace ringjournal
