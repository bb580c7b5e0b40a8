#include "server/start/journal_start.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/start/test_node.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

TEST(StartJournal, ANewJournalStartsEmptyInItsFirstEpoch) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kStartEmpty);
  EXPECT_EQ(n.config().epoch(), 1u);
  EXPECT_EQ(n.replica()->marks().end.index, Index(1));
}

TEST(StartJournal, AKilledProcessLosesNothing) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  for (int i = 0; i < 5; ++i) n.Append(100);
  uint64_t chain = n.replica()->derived().position().chain;
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart);
  EXPECT_EQ(n.config().generation(), 1u);
  EXPECT_EQ(n.config().epoch(), 2u);
  EXPECT_EQ(n.end_lsn(), Lsn(5));
  const Ring& ring = n.replica()->ring();
  Index before_start = n.replica()->marks().end.index.prev();
  EXPECT_EQ(ring.Record(*ring.Find(before_start)).header.chain, chain);
  EXPECT_EQ(n.replica()->derived().producers().at(0).last_sequence, Sequence(5));
}

TEST(StartJournal, AfterTheLossOfMemoryTheDiskIsTheLogAndTheLossStartsExactlyBehindIt) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  for (int i = 0; i < 5; ++i) n.Append(100);
  n.Settle();
  n.Append(100);
  n.Append(100);
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kDiskRecovery);
  EXPECT_EQ(n.config().generation(), 2u);
  ASSERT_EQ(n.config().losses_size(), 1);
  EXPECT_EQ(n.config().losses(0).first_lsn(), 6u);
  EXPECT_EQ(n.config().losses(0).disk(), v1::LOSS_VERDICT_NONE);
  EXPECT_EQ(n.config().losses(0).replicated(), v1::LOSS_VERDICT_POSSIBLE);
  EXPECT_EQ(n.end_lsn(), Lsn(5));
  EXPECT_TRUE(n.replica()->ring().Find(Lsn(1)).has_value()) << "the ring is filled from the disk";
}

TEST(StartJournal, AfterAnOrderlyStopTheLossOfMemoryIsNoLoss) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  for (int i = 0; i < 20; ++i) n.Append(100);
  Lsn end = n.end_lsn();
  n.StopInOrder();
  n.ring.reset();
  // A start that dies behind its change of the config, and one before, change nothing about that.
  n.StartAndDieBeforeCas();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kColdStart) << n.started->sentence;
  EXPECT_EQ(n.config().generation(), 1u);
  EXPECT_EQ(n.config().losses_size(), 0);
  EXPECT_EQ(n.end_lsn(), end);
  n.Append(100);
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart) << n.started->sentence;
  EXPECT_EQ(n.end_lsn(), end.next());
}

TEST(StartJournal, AnOrderlyStopIsForgottenByTheNextLeader) {
  for (bool warm : {true, false}) {
    TestNode n;
    ASSERT_TRUE(n.Start().ok());
    n.Append(100);
    n.StopInOrder();
    if (!warm) n.ring.reset();
    ASSERT_TRUE(n.Start().ok());
    n.Append(100);  // acknowledged, and not on disk
    n.Kill();
    n.ring.reset();
    ASSERT_TRUE(n.Start().ok());
    EXPECT_EQ(n.started->action, StartAction::kDiskRecovery) << n.started->sentence;
    EXPECT_EQ(n.config().losses(0).first_lsn(), 2u);
  }
}

// Bytes of the last group of transactions, and of the closing group.
TEST(StartJournal, RotInTheLastGroupAfterAnOrderlyStopIsDamageAndRotBehindItIsNothing) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  uint64_t group = n.replica()->checkpointer().catalog().total_bytes();
  RingOffset before = n.replica()->ring().end().offset;
  n.Append(100);
  uint64_t records_end = group + kGroupHeaderBytes + (n.replica()->ring().end().offset - before);
  n.StopInOrder();
  const TestNode::Image stopped = n.SaveImage();
  uint64_t closing = group + limits::kBlockBytes;
  for (uint64_t at = group; at < closing + limits::kBlockBytes; ++at) {
    bool in_padding = (at > records_end + 4 && at < closing) || at > closing + kGroupHeaderBytes;
    if (in_padding && at % 251 != 0) continue;
    n.RestoreImage(stopped);
    std::string* segment = n.disk.files.rbegin()->second.get();
    (*segment)[at] = static_cast<char>((*segment)[at] ^ 1);
    ASSERT_TRUE(n.Start().ok());
    bool lost = at < records_end;
    ASSERT_EQ(n.started->action, lost ? StartAction::kDiskRecovery : StartAction::kColdStart)
        << at << ": " << n.started->sentence;
    if (!lost) continue;
    ASSERT_EQ(n.config().losses(0).disk(), v1::LOSS_VERDICT_CERTAIN) << at;
    ASSERT_EQ(n.config().losses(0).known_committed_lsn(), 3u) << at;
    ASSERT_EQ(n.config().losses(0).first_lsn(), 2u) << at;
  }
}

TEST(StartJournal, SegmentsMissingAtTheFrontAreALossAlsoAfterAnOrderlyStop) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 3) {
    n.Append(8000);
    n.Settle();
  }
  Lsn end = n.end_lsn();
  n.StopInOrder();
  n.ring.reset();
  n.disk.files.erase(n.disk.files.begin());
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kDiskRecovery) << n.started->sentence;
  EXPECT_EQ(n.end_lsn(), end);
  EXPECT_EQ(n.config().losses(0).disk(), v1::LOSS_VERDICT_POSSIBLE);
  EXPECT_THAT(n.config().losses(0).reason(), HasSubstr("are missing"));
}

TEST(StartJournal, ATrimmedFrontIsNotMissing) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 4) {
    n.Append(8000);
    n.Settle();
  }
  v1::ErrorReply refusal;
  ASSERT_TRUE(n.replica()->Trim(n.end_lsn(), n.now, &refusal));
  for (int i = 0; i < 5; ++i) {
    n.Append(10);
    n.Settle();
  }
  n.StopInOrder();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kColdStart) << n.started->sentence;
}

TEST(StartJournal, AboveAHoleOfTheDiskNothingBelowIsCalledDurable) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 3) {
    n.Append(8000);
    n.Settle();
  }
  n.Append(8000);
  n.Kill();
  n.disk.files.clear();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStartDiskDamaged) << n.started->sentence;
  n.Append(10, v1::LEVEL_REPLICATED);
  n.Settle();
  const Replica& replica = *n.replica();
  Index first_on_disk = replica.checkpointer().catalog().segments()[0].first_index;
  ASSERT_LT(replica.ring().oldest().index, first_on_disk) << "the test needs a hole";
  EXPECT_EQ(replica.LevelReached(first_on_disk), v1::LEVEL_DISK_QUORUM);
  EXPECT_EQ(replica.LevelReached(first_on_disk.prev()), v1::LEVEL_REPLICATED);
  EXPECT_TRUE(replica.HasReached(v1::LEVEL_DISK, first_on_disk.prev())) << "it is answered";
}

TEST(StartJournal, AMemoryOnlyJournalStartsAgainFromItsBeginning) {
  TestNode n(/*memory_only=*/true);
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart);
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.config().losses(0).first_lsn(), 1u);
  EXPECT_EQ(n.end_lsn(), Lsn(0));
}

// Wherever a start dies, the next one finds a ring that counts: no second generation, no refusal.
TEST(StartJournal, ADeathRightBehindTheFirstChangeIsNoLoss) {
  TestNode n;
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  EXPECT_EQ(n.config().epoch(), 1u);
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart);
  EXPECT_EQ(n.config().generation(), 1u);
}

TEST(StartJournal, ADeathRightBehindTheChangeOfAWarmStartIsNoLoss) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Kill();
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.config().generation(), 1u);
  EXPECT_EQ(n.config().epoch(), 3u);
  EXPECT_EQ(n.end_lsn(), Lsn(1));
}

TEST(StartJournal, TwoDeathsInARowAreNoLoss) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Kill();
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  for (int i = 0; i < 3; ++i) n.StartAndDieBeforeCas();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart) << n.started->sentence;
  EXPECT_EQ(n.config().generation(), 1u);
  EXPECT_EQ(n.end_lsn(), Lsn(1));
}

TEST(StartJournal, ADeathBehindTheChangeOfADiskRecoveryIsNoSecondLoss) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  n.Kill();
  n.ring.reset();
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kWarmStart) << n.started->sentence;
  EXPECT_EQ(n.config().generation(), 2u);
  EXPECT_EQ(n.end_lsn(), Lsn(1));
}

TEST(StartJournal, DamageInARingThatWasFilledFromTheDiskIsNotCutAsATail) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  n.Kill();
  n.ring.reset();
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  const RingMemory& m = n.ring->memory();
  m.data[m.control()->ends[0].end - 10] ^= std::byte{1};
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kDiskRecovery) << n.started->sentence;
  EXPECT_EQ(n.end_lsn(), Lsn(1));
}

TEST(StartJournal, ARingThatCountsForNobodyIsNotServed) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  n.Kill();
  n.ring->memory().control()->content_incarnation =
      SealWord(77);  // as after an old memory image came back
  n.ring->memory().control()->claim_incarnation = SealWord(0);
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.started->action, StartAction::kDiskRecovery);
  EXPECT_EQ(n.config().generation(), 2u);
}

TEST(StartJournal, WhatAWarmStartKnowsOnlyInMemoryIsWrittenToTheDisk) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  n.Append(100);
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  n.Settle();
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.end_lsn(), Lsn(2));
}

// A full ring is normal: everything in it is on disk. The new leader must find room.
TEST(StartJournal, AFullRingThatWasFilledFromTheDiskHasRoomForTheNewLeader) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  for (int i = 0; i < 100; ++i) {
    n.Append(3000 + static_cast<size_t>(i) * 37 % 900);
    n.Settle();
  }
  for (int i = 0; i < 20; ++i) {
    n.Kill();
    n.ring.reset();
    ASSERT_TRUE(n.Start().ok());
    n.Append(100 + static_cast<size_t>(i) * 53);
    n.Settle();
  }
}

// The stale file must go before the one that supersedes it, or it would count again.
TEST(StartJournal, ATrimTakesSupersededSegmentsAlong) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Batch();  // the first segment is asked for
  while (!n.disk.pending().empty() && n.disk.files.empty()) {
    ASSERT_EQ(n.replica()->OnStorageDone(n.disk.CompleteOne(), n.now), "");
  }
  n.Settle();
  std::string stale = n.replica()->checkpointer().catalog().segments()[0].name;
  std::string bytes = *n.disk.files.at(stale);
  n.Kill();
  n.ring.reset();
  n.disk.files.clear();
  // An earlier process had opened a segment at the same base, and nothing of it counts.
  ASSERT_TRUE(n.Start().ok());
  n.Append(100);
  n.Settle();
  n.disk.files[stale] = std::make_shared<std::string>(bytes);
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  for (int i = 0; i < 300; ++i) {
    n.Append(8000);
    n.Settle();
  }
  v1::ErrorReply refusal;
  ASSERT_TRUE(n.replica()->Trim(n.end_lsn(), n.now, &refusal));
  for (int i = 0; i < 20; ++i) {
    n.Append(10);
    n.Settle();
    n.Batch();
    while (!n.disk.pending().empty()) {
      ASSERT_EQ(n.replica()->OnStorageDone(n.disk.CompleteOne(), n.now), "");
      n.Batch();
    }
  }
  EXPECT_EQ(n.disk.files.count(stale), 0u);
  Lsn end = n.end_lsn();
  n.Settle();
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.end_lsn(), end) << n.started->sentence;
}

// They look like the log to a start that reads only the newest of them.
TEST(StartJournal, SegmentsBehindDamageDoNotStopAWarmStartInTheNextGeneration) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 3) {
    n.Append(8000);
    n.Settle();
  }
  std::string* oldest =
      n.disk.files.at(n.replica()->checkpointer().catalog().segments()[0].name).get();
  n.Kill();
  n.ring.reset();
  (*oldest)[10 * limits::kBlockBytes] ^= 1;
  // Small rings read few segments: take the newest ones away from the replay by damage in each.
  for (auto& [name, bytes] : n.disk.files) {
    if (bytes.get() != oldest) (*bytes)[2 * limits::kBlockBytes] ^= 1;
  }
  EXPECT_FALSE(n.Start(/*dies_after_cas=*/true).ok());
  ASSERT_EQ(n.config().generation(), 2u);
  Lsn lost_from(n.config().losses(0).first_lsn());
  for (auto& [name, bytes] : n.disk.files) {
    if (bytes.get() != oldest) (*bytes)[2 * limits::kBlockBytes] ^= 1;  // readable again
  }
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.end_lsn(), lost_from.prev());
  n.Append(100);
  n.Settle();
  n.Kill();
  ASSERT_TRUE(n.Start().ok());
  EXPECT_EQ(n.end_lsn(), lost_from);
}

TEST(StartJournal, SegmentsOfAJournalThatWasNeverLedAreRefused) {
  TestNode a;
  ASSERT_TRUE(a.Start().ok());
  a.Append(100);
  a.Settle();
  TestNode b;
  b.disk.files = a.disk.files;
  absl::Status status = b.Start();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("nothing was changed or deleted"));
  EXPECT_EQ(b.disk.files.size(), a.disk.files.size());
}

}  // namespace
}  // namespace ringjournal
