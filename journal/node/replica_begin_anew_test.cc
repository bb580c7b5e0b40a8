// A backup that goes on at its leader's state snapshot: memory, disk, commit.
#include <random>

#include "gtest/gtest.h"
#include "journal/node/test_node.h"

namespace ringjournal {
namespace {

// A leader that has appended until its ring begins above what the backup has.
void OutgrowRing(TestNode* leader, const TestNode& backup) {
  while (leader->replica->ring().oldest().index <= backup.end().next()) {
    for (int i = 0; i < 8; ++i) leader->AppendNext(3000);
    leader->Commit(leader->end());
    leader->Settle();
  }
}

class BeginAnew : public testing::Test {
 protected:
  BeginAnew() : leader(2), backup(3) {
    leader.Lead({1, 1});
    for (int i = 0; i < 5; ++i) leader.AppendNext(500);
    backup.FollowIn({1, 1}, leader);
    backup.Follow(leader);
    backup.Settle();
    leader.Commit(backup.end());
  }
  // The state where the leader's log ends, and something above it.
  void LeaveBehind() {
    OutgrowRing(&leader, backup);
    state = leader.State();
    for (int i = 0; i < 5; ++i) leader.AppendNext(700);
  }
  TestNode leader, backup;
  v1::StateSnapshot state;
};

TEST_F(BeginAnew, TheBackupHasTheLeadersStateAndTakesWhatFollows) {
  LeaveBehind();
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  backup.replica->BackupStart(Incarnation(0));
  EXPECT_EQ(backup.end().next(), Index(state.next_index()));
  ASSERT_EQ(backup.Follow(leader).verdict, Replica::Taken::Verdict::kAll);
  EXPECT_EQ(backup.end(), leader.end());
  EXPECT_EQ(backup.replica->derived().Hash(), leader.replica->derived().Hash());
  EXPECT_EQ(backup.replica->epoch_start(), Index(1)) << "by the history in the state";
  backup.Settle();
  EXPECT_EQ(backup.durable(), leader.end());
}

// At every epoch start two replicas compare what their entries have made of them.
TEST_F(BeginAnew, AnEpochStartOfALeaderWithAnotherStateIsNotTaken) {
  LeaveBehind();
  state.mutable_producers(0)->set_name("another");
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  ASSERT_EQ(backup.Follow(leader).verdict, Replica::Taken::Verdict::kAll);
  Index before = backup.end();
  leader.Lead({1, 2});
  backup.replica->set_epoch({1, 2}, 2);
  Replica::Taken taken = backup.Follow(leader);
  EXPECT_EQ(taken.verdict, Replica::Taken::Verdict::kWrong);
  EXPECT_NE(taken.wrong.find("derived state"), std::string::npos) << taken.wrong;
  EXPECT_EQ(backup.end(), before);
}

TEST_F(BeginAnew, CommitWaitsForTheLeadersWordAndThenKnowsItsLsn) {
  backup.Commit(Index(4));
  LeaveBehind();
  Index boundary(state.next_index() - 1);
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  backup.Batch();
  EXPECT_EQ(backup.committed(), Index(4));
  backup.Commit(boundary.prev());
  EXPECT_EQ(backup.committed(), Index(4)) << "what lies there has no LSN here";
  backup.Follow(leader);
  backup.Commit(boundary);
  EXPECT_EQ(backup.replica->marks().committed, (Watermark{boundary, Lsn(state.next_lsn() - 1)}));
  backup.Commit(boundary + 2);
  EXPECT_EQ(backup.replica->marks().committed,
            (Watermark{boundary + 2, Lsn(state.next_lsn() + 1)}));
  leader.Commit(leader.end());
  backup.Commit(leader.end());
  EXPECT_EQ(backup.replica->marks().committed, leader.replica->marks().committed);
}

TEST_F(BeginAnew, NothingOfWhatIsCommittedIsEverTakenAway) {
  backup.Commit(Index(6));
  TestNode other(4);
  other.Lead({1, 1});
  for (int i = 0; i < 4; ++i) other.AppendNext(10);  // its log ends at entry 6
  uint64_t hash = backup.replica->derived().Hash();
  v1::StateSnapshot at_six = backup.State();
  at_six.set_next_index(6);
  absl::Status refused = backup.replica->BeginAnew(at_six);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("entry 6, which is committed"), std::string::npos) << refused;
  EXPECT_EQ(backup.replica->derived().Hash(), hash);
  ASSERT_EQ(other.State().next_index(), 7u);
  EXPECT_TRUE(backup.replica->BeginAnew(other.State()).ok()) << "right behind it is fine";
}

TEST_F(BeginAnew, ALeaderAndAStoppingNodeRefuse) {
  LeaveBehind();
  EXPECT_TRUE(absl::IsFailedPrecondition(leader.replica->BeginAnew(state)));
  backup.replica->Stop();
  EXPECT_TRUE(absl::IsFailedPrecondition(backup.replica->BeginAnew(state)));
}

TEST_F(BeginAnew, AStateThatNoLeaderWouldSendChangesNothing) {
  LeaveBehind();
  v1::StateSnapshot later = state;
  later.set_epoch(9);
  later.mutable_history(later.history_size() - 1)->set_epoch(9);
  EXPECT_TRUE(absl::IsInvalidArgument(backup.replica->BeginAnew(later)));
  v1::StateSnapshot large = state;
  large.mutable_producers(0)->set_name(std::string(1 << 20, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(backup.replica->BeginAnew(large)));
  v1::StateSnapshot twice = state;
  *twice.add_producers() = twice.producers(0);
  EXPECT_TRUE(absl::IsInvalidArgument(backup.replica->BeginAnew(twice)));
  EXPECT_EQ(backup.end(), Index(7));
  EXPECT_EQ(backup.Recover().end.next_index, Index(8));
}

TEST_F(BeginAnew, NothingIsDurableUntilTheOldSegmentsAreGoneAndTheStateIsWritten) {
  // Several of them, and the spare for the next one is there.
  while (backup.replica->checkpointer().catalog().segments().size() < 4) {
    leader.AppendNext(9000);
    leader.Settle();
    backup.Follow(leader);
    leader.Commit(leader.end());
    backup.Commit(leader.end());
    backup.Settle();
  }
  LeaveBehind();
  ASSERT_GT(backup.durable(), Index(7));
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  EXPECT_EQ(backup.durable(), Index(0));
  backup.Follow(leader);
  bool described = false;
  for (int i = 0; i < 100 && !described; ++i) {
    backup.Batch();
    if (!backup.disk.pending().empty()) {
      ASSERT_EQ(backup.CompleteOne(), "");
    }
    DiskRecovery found = backup.Recover();
    // The old log, less and less of it, then the new one: never both, or what is acknowledged as
    // durable would lie behind a hole.
    EXPECT_TRUE(found.verdict != DiskVerdict::kGap && found.verdict != DiskVerdict::kDamaged)
        << found.sentence;
    if (backup.durable() > Index(0)) {
      described = true;
      EXPECT_GE(backup.durable(), Index(state.next_index() - 1));
      EXPECT_GT(found.end.next_index, backup.durable());
    }
  }
  EXPECT_TRUE(described);
}

TEST_F(BeginAnew, ATruncationGoesBackToTheStateAndNotBelow) {
  LeaveBehind();
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  backup.Follow(leader);
  backup.Settle();
  Index boundary(state.next_index() - 1);
  EXPECT_TRUE(absl::IsNotFound(backup.replica->TruncateTo(boundary.prev(), 0)));
  ASSERT_TRUE(backup.replica->TruncateTo(boundary, state.chain()).ok());
  EXPECT_EQ(backup.end(), boundary);
  backup.Settle();
  EXPECT_EQ(backup.Recover().end.next_index, boundary.next());
}

TEST_F(BeginAnew, AMemoryOnlyJournalBeginsAnewToo) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_memory_only(true);
  TestNode memory_leader(2, settings), memory_backup(3, settings);
  memory_leader.Lead({1, 1});
  OutgrowRing(&memory_leader, memory_backup);
  ASSERT_TRUE(memory_backup.replica->BeginAnew(memory_leader.State()).ok());
  memory_leader.AppendNext(10);
  EXPECT_EQ(memory_backup.Follow(memory_leader).verdict, Replica::Taken::Verdict::kAll);
  EXPECT_EQ(memory_backup.replica->derived().Hash(), memory_leader.replica->derived().Hash());
}

// The hole was in the log that is gone.
TEST(BeginAnewAboveAHole, AllThatFollowsIsOnDisk) {
  TestNode leader(2), backup(3, SmallSettings(), Index(1000));
  leader.Lead({1, 1});
  for (int i = 0; i < 10; ++i) leader.AppendNext(100);
  ASSERT_TRUE(backup.replica->BeginAnew(leader.State()).ok());
  backup.Lead({1, 2});
  Index last = backup.AppendNext(10);
  backup.Settle();
  backup.Commit(last);
  ASSERT_LT(last, Index(1000));
  EXPECT_EQ(backup.replica->LevelReached(last), v1::LEVEL_DISK_QUORUM);
}

// A write that fails as the disk is full need not be tried again for a log that is gone.
TEST_F(BeginAnew, WritesOfTheOldLogThatTheFullDiskRefusedAreDropped) {
  for (int i = 0; i < 5; ++i) leader.AppendNext(5000);
  backup.Follow(leader);
  backup.disk.write_result = -ENOSPC;
  for (int i = 0; i < 5; ++i) {
    backup.now.monotonic_ns += 20'000'000;
    backup.Batch();
    while (!backup.disk.pending().empty()) ASSERT_EQ(backup.CompleteOne(), "");
  }
  ASSERT_TRUE(backup.replica->checkpointer().storage_full());
  LeaveBehind();
  ASSERT_TRUE(backup.replica->BeginAnew(state).ok());
  backup.disk.write_result = 0;
  backup.Follow(leader);
  backup.Settle();
  EXPECT_EQ(backup.durable(), leader.end());
  EXPECT_EQ(backup.Recover().end.next_index, leader.end().next());
}

// At any moment, with any number of disk operations outstanding: the disk has one log without a
// hole that holds what was said to be durable, and memory the leader's.
TEST(BeginAnewAtRandom, MemoryAndDiskAreOneLogAtEveryMoment) {
  std::mt19937 random(19);
  int begun = 0, cut = 0;
  for (int round = 0; round < 40; ++round) {
    TestNode leader(2), backup(3);
    uint32_t epoch = 1;
    leader.Lead({1, epoch});
    backup.FollowIn({1, epoch}, leader);
    for (int step = 0; step < 60; ++step) {
      for (unsigned n = random() % 8; n > 0; --n) leader.AppendNext(random() % 7000);
      leader.Commit(leader.end());
      leader.Settle();
      backup.now.monotonic_ns += 15'000'000;
      Index next = backup.end().next();
      bool sendable = leader.replica->ring().Find(next).has_value() || next > leader.end();
      if (random() % 3 == 0 && sendable) backup.Follow(leader, random() % 10);
      if (random() % 6 == 0 && backup.end() > backup.committed()) {
        Index back = backup.end() - random() % (backup.end() - backup.committed());
        if (back < backup.end() && backup.replica->ring().Find(back).has_value()) {
          cut += backup.replica->TruncateTo(back, backup.ChainAt(back)).ok();
        }
      }
      if (random() % 8 == 0 && backup.committed() < leader.end()) {
        ASSERT_TRUE(backup.replica->BeginAnew(leader.State()).ok());
        backup.replica->BackupStart(Incarnation(0));
        ++begun;
      }
      if (random() % 4 == 0) backup.replica->AllowCommit(leader.end());
      backup.Batch();
      while (!backup.disk.pending().empty() && random() % 4 != 0) {
        ASSERT_EQ(backup.CompleteOne(), "");
        backup.Batch();
      }
      DiskRecovery found = backup.Recover();
      ASSERT_TRUE(found.verdict != DiskVerdict::kGap && found.verdict != DiskVerdict::kDamaged &&
                  found.verdict != DiskVerdict::kUnreadable)
          << found.sentence;
      ASSERT_GT(found.end.next_index, backup.durable()) << found.sentence;
      RingIdentityValues id = TestNode::Identity();
      RingInspection ring = InspectRing(backup.memory.memory(), &id);
      ASSERT_EQ(ring.verdict, RingVerdict::kIntact) << ring.reason;
      ASSERT_EQ(ring.position.next_index, backup.end().next());
      ASSERT_EQ(ring.position.chain, backup.replica->derived().position().chain);
    }
    if (!leader.replica->ring().Find(backup.end().next()).has_value()) {
      ASSERT_TRUE(backup.replica->BeginAnew(leader.State()).ok());
    }
    backup.replica->AllowCommit(leader.end());
    while (backup.Follow(leader).verdict == Replica::Taken::Verdict::kRingFull) backup.Settle();
    backup.Settle();
    ASSERT_EQ(backup.replica->derived().Hash(), leader.replica->derived().Hash());
    ASSERT_EQ(backup.Recover().end.chain, leader.replica->derived().position().chain);
    ASSERT_EQ(backup.disk.handles(), 1u) << "old files are closed";
  }
  EXPECT_GT(begun, 100);
  EXPECT_GT(cut, 30);
}

}  // namespace
}  // namespace ringjournal
