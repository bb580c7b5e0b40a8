// Levels and copies: replication.md section 8, held to a model that says the rules once more.
#include <random>

#include "gtest/gtest.h"
#include "journal/node/test_node.h"

namespace ringjournal {
namespace {

constexpr v1::Level kReceived = v1::LEVEL_RECEIVED, kReplicated = v1::LEVEL_REPLICATED,
                    kDisk = v1::LEVEL_DISK, kQuorum = v1::LEVEL_DISK_QUORUM;

// A leader of three copies in its second epoch: entries 1 to 5 of the first, the epoch start at 6,
// what it appended from 8 on (7 opens the producer). Nothing is committed, all is counted.
class Levels : public testing::Test {
 protected:
  Levels() {
    a.Lead({1, 1});
    for (int i = 0; i < 3; ++i) a.AppendNext(10);
    a.Lead({1, 2});
    for (int i = 0; i < 3; ++i) a.AppendNext(10);
    marks.members = 3;
    marks.backups.assign(2, BackupMark{});
    Tell();
    a.Batch();
  }
  void Tell() { a.replica->SetReplicationMarks(marks); }
  bool Reached(v1::Level level, uint64_t index) const {
    return a.replica->HasReached(level, Index(index));
  }
  TestNode a;
  ReplicationMarks marks;
};

TEST_F(Levels, ReceivedIsWhatIsInTheLeadersMemoryAndCounted) {
  EXPECT_TRUE(Reached(kReceived, 10));
  EXPECT_EQ(a.replica->LevelReached(Index(10)), kReceived);
  Index next = a.AppendNext(10);
  EXPECT_FALSE(a.replica->HasReached(kReceived, next)) << "not before the batch has ended";
  a.Batch();
  EXPECT_TRUE(a.replica->HasReached(kReceived, next));
}

TEST_F(Levels, ReplicatedIsWhatIsCommitted) {
  a.Commit(Index(9));
  EXPECT_TRUE(Reached(kReplicated, 9));
  EXPECT_FALSE(Reached(kReplicated, 10));
  EXPECT_EQ(a.replica->LevelReached(Index(9)), kReplicated);
}

TEST_F(Levels, ADuplicateIsAnsweredOnlyOnceThisEpochsStartIsCommitted) {
  a.Commit(Index(5));
  EXPECT_FALSE(Reached(kReplicated, 3)) << "committed, but not known to be by this epoch";
  EXPECT_EQ(a.replica->LevelReached(Index(3)), kReceived);
  ASSERT_EQ(a.Append(1, {std::string(10, 'x')}), AppendVerdict::kAccepted);
  ASSERT_TRUE(a.place.duplicate);
  EXPECT_EQ(a.place.index, Index(3));
  EXPECT_FALSE(a.replica->HasReached(kReceived, a.place)) << "whatever level it asks for";
  a.Commit(Index(6));
  EXPECT_TRUE(Reached(kReplicated, 3));
  EXPECT_TRUE(a.replica->HasReached(kReceived, a.place));
  // Of an entry of this epoch: that one has to be committed, too.
  ASSERT_EQ(a.Append(a.next_sequence - 1, {std::string(10, 'x')}), AppendVerdict::kAccepted);
  ASSERT_TRUE(a.place.duplicate);
  EXPECT_FALSE(a.replica->HasReached(kReceived, a.place));
  a.Commit(a.place.index);
  EXPECT_TRUE(a.replica->HasReached(kReceived, a.place));
}

TEST_F(Levels, AResolvedOutcomeNamesWhatMustBeCommittedFirst) {
  v1::ResolveReply reply;
  v1::ErrorReply refusal;
  Index from;
  auto resolve = [&](uint64_t sequence, bool settle) {
    EXPECT_TRUE(
        a.replica->Resolve("producer", Sequence(sequence), settle, a.now, &reply, &refusal, &from));
    return reply.outcome();
  };
  EXPECT_EQ(resolve(1, false), v1::ResolveReply::OUTCOME_AT_LSN);
  EXPECT_EQ(from, Index(6)) << "of an earlier epoch: this one's start";
  EXPECT_EQ(resolve(6, false), v1::ResolveReply::OUTCOME_AT_LSN);
  EXPECT_EQ(from, Index(10)) << "its own entry";
  EXPECT_EQ(resolve(7, false), v1::ResolveReply::OUTCOME_NOT_YET);
  EXPECT_EQ(from, Index(6));
  EXPECT_EQ(resolve(7, true), v1::ResolveReply::OUTCOME_NEVER);
  EXPECT_EQ(from, Index(11)) << "the control entry that makes it final";
  a.Batch();
  EXPECT_FALSE(a.replica->HasReached(kReplicated, from));
  a.Commit(from);
  EXPECT_TRUE(a.replica->HasReached(kReplicated, from));
}

TEST_F(Levels, DiskIsReplicatedAndOnTheOwnDisk) {
  a.Settle();
  EXPECT_EQ(a.durable(), Index(10));
  EXPECT_FALSE(Reached(kDisk, 8)) << "on disk, but not replicated";
  a.Commit(Index(9));
  EXPECT_TRUE(Reached(kDisk, 9));
  EXPECT_FALSE(Reached(kDisk, 10));
  EXPECT_EQ(a.replica->LevelReached(Index(9)), kDisk);
  Index next = a.AppendNext(10);
  a.Commit(next);
  EXPECT_TRUE(a.replica->HasReached(kReplicated, next));
  EXPECT_FALSE(a.replica->HasReached(kDisk, next)) << "replicated, but not on disk";
}

// I12: what an earlier epoch has on disk might yet be cut, as long as this one's start is not
// there.
TEST(LevelsOfDisk, WhatIsDurableCountsOnlyWithADurableEpochStart) {
  TestNode a;
  a.Lead({1, 1});
  Index old = a.AppendNext(10);
  a.Settle();
  a.Lead({1, 2});
  Index start = a.replica->epoch_start();
  ReplicationMarks marks;
  marks.members = 3;
  marks.backups = {{Index(1), start, old}, {Index(1), start, old}};
  a.replica->SetReplicationMarks(marks);
  a.Commit(start);
  ASSERT_LT(a.durable(), start);
  EXPECT_TRUE(a.replica->HasReached(kReplicated, old));
  EXPECT_FALSE(a.replica->HasReached(kDisk, old));
  EXPECT_FALSE(a.replica->HasReached(kQuorum, old)) << "nor on the disks of the others";
  EXPECT_EQ(a.replica->CopiesOf(old), (Copies{3, 3})) << "copies are counted as they are";
  marks.backups[0].durable = marks.backups[1].durable = start;
  a.replica->SetReplicationMarks(marks);
  EXPECT_TRUE(a.replica->HasReached(kQuorum, old));
  a.Settle();
  EXPECT_TRUE(a.replica->HasReached(kDisk, old));
}

TEST_F(Levels, DiskQuorumIsAMajorityOfTheMembersDisksWhetherOrNotTheOwnIsOneOfThem) {
  a.Commit(Index(10));
  EXPECT_FALSE(Reached(kQuorum, 8));
  marks.backups = {{Index(1), Index(10), Index(8)}, {Index(1), Index(10), Index(9)}};
  Tell();
  EXPECT_TRUE(Reached(kQuorum, 8));
  EXPECT_FALSE(Reached(kDisk, 8));
  EXPECT_FALSE(Reached(kQuorum, 9));
  EXPECT_EQ(a.replica->LevelReached(Index(8)), kQuorum);
  a.Settle();
  EXPECT_TRUE(Reached(kQuorum, 9)) << "its own disk and one more";
  EXPECT_FALSE(Reached(kQuorum, 10)) << "its own alone is no majority";
  EXPECT_EQ(a.replica->CopiesOf(Index(9)), (Copies{3, 2}));
  marks.members = 5;
  Tell();
  EXPECT_FALSE(Reached(kQuorum, 9));
  EXPECT_TRUE(Reached(kQuorum, 8));
}

// Two of two: half is no majority.
TEST_F(Levels, OfTwoMembersBothDisksAreTheMajority) {
  marks.members = 2;
  marks.backups = {{Index(1), Index(10), Index(7)}};
  Tell();
  a.Commit(Index(10));
  a.Settle();
  EXPECT_FALSE(Reached(kQuorum, 8));
  EXPECT_TRUE(Reached(kQuorum, 7));
}

// Its marks are as high as anybody's, but of what lies below its beginning it has nothing.
TEST_F(Levels, ABackupThatBeganAnewIsNoCopyOfWhatLiesBelow) {
  a.Commit(Index(10));
  marks.backups = {{Index(9), Index(10), Index(10)}, {Index(1), Index(10), Index(10)}};
  Tell();
  EXPECT_TRUE(Reached(kQuorum, 9));
  EXPECT_FALSE(Reached(kQuorum, 8));
  EXPECT_EQ(a.replica->CopiesOf(Index(9)), (Copies{3, 2}));
  EXPECT_EQ(a.replica->CopiesOf(Index(8)), (Copies{2, 1}));
}

TEST_F(Levels, DegradedWithPolicyDiskReplicatedNeedsTheOwnDisk) {
  marks.disk_for_replicated = true;
  Tell();
  a.Commit(Index(10));
  EXPECT_FALSE(Reached(kReplicated, 8));
  EXPECT_TRUE(Reached(kReceived, 8));
  EXPECT_EQ(a.replica->LevelReached(Index(8)), kReceived);
  a.Settle();
  EXPECT_TRUE(Reached(kReplicated, 8));
}

TEST_F(Levels, DegradedWithPolicyBlockNothingAboveReceivedIsReached) {
  marks.blocked = true;
  marks.backups = {{Index(1), Index(10), Index(10)}, {Index(1), Index(10), Index(10)}};
  Tell();
  a.Commit(Index(10));
  a.Settle();
  for (v1::Level level : {kReplicated, kDisk, kQuorum}) EXPECT_FALSE(Reached(level, 8)) << level;
  EXPECT_TRUE(Reached(kReceived, 8));
  EXPECT_EQ(a.replica->LevelReached(Index(8)), kReceived);
}

TEST_F(Levels, ANewEpochBeginsWithNothingKnownOfTheOthers) {
  marks.backups = {{Index(1), Index(99), Index(99)}, {Index(1), Index(99), Index(99)}};
  Tell();
  a.Lead({1, 3});
  Index last = a.AppendNext(10);
  a.Commit(last);
  a.Settle();
  EXPECT_FALSE(a.replica->HasReached(kReplicated, last));
  EXPECT_FALSE(a.replica->HasReached(kQuorum, last));
  EXPECT_EQ(a.replica->CopiesOf(last), (Copies{1, 1}));
  Tell();
  EXPECT_TRUE(a.replica->HasReached(kQuorum, last));
}

TEST_F(Levels, WhoStepsDownAcknowledgesNothing) {
  a.Commit(Index(10));
  a.Settle();
  a.replica->StepDown();
  for (v1::Level level : {kReceived, kReplicated, kDisk, kQuorum}) {
    EXPECT_FALSE(Reached(level, 8)) << level;
  }
}

TEST(LevelsInMemory, APolicyForDisksIsNoneWhereThereAreNoDisks) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_memory_only(true);
  TestNode a(2, settings);
  a.Lead({1, 1});
  Index last = a.AppendNext(10);
  ReplicationMarks marks;
  marks.members = 2;
  marks.disk_for_replicated = true;
  marks.backups = {{Index(1), last, Index(0)}};
  a.replica->SetReplicationMarks(marks);
  a.Commit(last);
  EXPECT_TRUE(a.replica->HasReached(kReplicated, last));
  EXPECT_EQ(a.replica->LevelReached(last), kReplicated);
  EXPECT_EQ(a.replica->CopiesOf(last), (Copies{2, 0}));
}

// What lies in a hole of the own disk is never durable here: its duplicate is answered all the
// same, with the level that is true.
TEST(LevelsAboveAHole, ADuplicateFromTheHoleIsAnsweredWithTheLevelThatIsTrue) {
  TestNode a(2, SmallSettings(), Index(4));
  a.Lead({1, 1});
  a.AppendNext(10);  // entry 3: in the hole
  a.AppendNext(10);
  ReplicationMarks marks;
  marks.members = 3;
  marks.backups = {{Index(1), Index(4), Index(4)}};
  a.replica->SetReplicationMarks(marks);
  a.Settle();
  EXPECT_FALSE(a.replica->HasReached(kDisk, Index(3))) << "nothing is committed yet";
  a.Commit(Index(4));
  EXPECT_TRUE(a.replica->HasReached(kQuorum, Index(4)));
  EXPECT_EQ(a.replica->LevelReached(Index(4)), kQuorum);
  EXPECT_TRUE(a.replica->HasReached(kQuorum, Index(3)));
  EXPECT_EQ(a.replica->LevelReached(Index(3)), kReplicated);
  EXPECT_EQ(a.replica->CopiesOf(Index(3)), (Copies{2, 1}));
  marks.disk_for_replicated = true;
  a.replica->SetReplicationMarks(marks);
  EXPECT_TRUE(a.replica->HasReached(kReplicated, Index(3))) << "it would wait for ever";
  EXPECT_EQ(a.replica->LevelReached(Index(3)), kReceived);
  marks.blocked = true;
  a.replica->SetReplicationMarks(marks);
  EXPECT_FALSE(a.replica->HasReached(kReplicated, Index(3)));
}

// A leader that is alone, on one node: as it was before there were several.
TEST(LevelsOfOneCopy, AreThoseOfItsOwnMemoryAndDisk) {
  TestReplica one;
  one.AppendNext(10);
  Index index = one.place.index;
  EXPECT_FALSE(one.replica->HasReached(kReceived, index));
  one.Batch();
  EXPECT_TRUE(one.replica->HasReached(kReplicated, index));
  EXPECT_FALSE(one.replica->HasReached(kDisk, index));
  EXPECT_EQ(one.replica->CopiesOf(index), (Copies{1, 0}));
  one.Settle();
  EXPECT_TRUE(one.replica->HasReached(kQuorum, index)) << "of one disk, one is the majority";
  EXPECT_EQ(one.replica->LevelReached(index), kQuorum);
  EXPECT_EQ(one.replica->CopiesOf(index), (Copies{1, 1}));
  Index from;
  v1::ResolveReply reply;
  ASSERT_TRUE(
      one.replica->Resolve("producer", Sequence(1), false, one.now, &reply, &one.refusal, &from));
  EXPECT_TRUE(one.replica->HasReached(kReplicated, from));
}

// The rules said once more, from the marks alone.
struct Model {
  uint64_t end, committed, durable, start;
  const ReplicationMarks& marks;
  uint64_t DisksOf(uint64_t i) const {
    uint64_t n = durable >= i && durable >= start;
    for (const BackupMark& b : marks.backups) {
      n += b.first.value() <= i && b.durable.value() >= i && b.durable.value() >= start;
    }
    return n;
  }
  bool Reached(int level, uint64_t i) const {
    if (level == 1) return i <= end;
    bool on_disk = durable >= i && durable >= start;
    if (marks.blocked || committed < i || committed < start) return false;
    if (marks.disk_for_replicated && !on_disk) return false;
    return level == 2 || (level == 3 ? on_disk : 2 * DisksOf(i) > marks.members);
  }
};

TEST(LevelsAtRandom, AreThoseOfTheModelAndNeverContradictEachOther) {
  std::mt19937 random(23);
  int reached[5] = {};
  for (int round = 0; round < 60; ++round) {
    TestNode a;
    a.Lead({1, 1});
    for (unsigned n = random() % 4; n > 0; --n) a.AppendNext(10);
    if (random() % 2 == 0) a.Settle();
    a.Lead({1, 2});
    uint64_t start = a.replica->epoch_start().value();
    for (int step = 0; step < 40; ++step) {
      for (unsigned n = random() % 4; n > 0; --n) a.AppendNext(10);
      a.Batch();
      if (random() % 5 == 0) a.Settle();
      uint64_t end = a.end().value();
      ReplicationMarks marks;
      marks.members = 1 + random() % 5;
      for (uint32_t b = random() % marks.members; b > 0; --b) {
        marks.backups.push_back({Index(1 + random() % (random() % 2 ? 1 : end)),
                                 Index(random() % (end + 1)), Index(random() % (end + 1))});
      }
      marks.disk_for_replicated = random() % 4 == 0;
      marks.blocked = random() % 8 == 0;
      a.replica->SetReplicationMarks(marks);
      a.Commit(Index(random() % (end + 1)));
      Model model{end, a.committed().value(), a.durable().value(), start, marks};
      for (uint64_t i = 1; i <= end + 1; ++i) {
        int highest = 1;
        for (int level = 1; level <= 4; ++level) {
          bool is = a.replica->HasReached(static_cast<v1::Level>(level), Index(i));
          ASSERT_EQ(is, model.Reached(level, i)) << "entry " << i << " level " << level;
          reached[level] += is;
          if (is) highest = level;
        }
        ASSERT_EQ(a.replica->LevelReached(Index(i)), highest);
      }
    }
  }
  for (int level = 1; level <= 4; ++level) EXPECT_GT(reached[level], 200) << level;
}

}  // namespace
}  // namespace ringjournal
