#include <random>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"
#include "journal/recovery/disk_recovery.h"

namespace ringjournal {
namespace {

// Follows a TestReplica by its ring's bytes.
class Backup : public ReplicaOnTestDisk {
 public:
  explicit Backup(const v1::JournalSettings& settings = SmallSettings())
      : ReplicaOnTestDisk({.incarnation = Incarnation(2)}, settings) {
    replica->AllowCommit(Index(0));
  }
  // What the leader has above this log, at most so many entries.
  Replica::Taken Follow(const TestReplica& leader, uint64_t entries = UINT64_MAX) {
    const Ring& theirs = leader.replica->ring();
    Index next = replica->derived().position().next_index;
    if (next == theirs.end().index) return {};
    RingPlace from = *theirs.Find(next), to = from;
    for (; entries > 0 && to.index < theirs.end().index; --entries) to = theirs.Next(to);
    return replica->TakeEntries(theirs.Bytes(from.offset, to.offset));
  }
  // At the leader's time.
  void Batch(const Time& time) {
    now = time;
    ReplicaOnTestDisk::Batch();
  }
  void Settle(Time* time) {
    now = *time;
    ReplicaOnTestDisk::Settle();
    *time = now;
  }
  Index end() const { return replica->derived().position().last().index; }
};

uint64_t ChainAt(const Replica& replica, Index index) {
  return replica.ring().Record(*replica.ring().Find(index)).header.chain;
}

void ExpectSameLog(const TestReplica& leader, const Backup& backup) {
  const Ring& a = leader.replica->ring();
  const Ring& b = backup.replica->ring();
  ASSERT_EQ(a.end().index, b.end().index);
  EXPECT_EQ(leader.replica->derived().Hash(), backup.replica->derived().Hash());
  RingPlace from = a.oldest().index > b.oldest().index ? a.oldest() : *a.Find(b.oldest().index);
  RingPlace theirs = *b.Find(from.index);
  EXPECT_EQ(AsView(a.Bytes(from.offset, a.end().offset)),
            AsView(b.Bytes(theirs.offset, b.end().offset)));
}

TEST(Backup, HoldsTheLeadersBytesAndItsDerivedState) {
  TestReplica leader;
  Backup backup;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(leader.AppendNext(300), AppendVerdict::kAccepted);
    if (i % 3 == 0) leader.Open("producer " + std::to_string(i));
    leader.Batch();
    if (i % 4 == 0) {
      ASSERT_EQ(backup.Follow(leader).verdict, Replica::Taken::Verdict::kAll);
    }
  }
  ASSERT_EQ(backup.Follow(leader).verdict, Replica::Taken::Verdict::kAll);
  ExpectSameLog(leader, backup);
}

TEST(Backup, CommitsByTheLeadersWordAndNothingThatItDoesNotHold) {
  TestReplica leader;
  Backup backup;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(leader.AppendNext(10), AppendVerdict::kAccepted);
  backup.Follow(leader, 5);
  backup.Batch(leader.now);
  EXPECT_EQ(backup.replica->marks().committed.index, Index(0));
  backup.replica->AllowCommit(Index(4));
  backup.Batch(leader.now);
  EXPECT_EQ(backup.replica->marks().committed, (Watermark{Index(4), Lsn(2)}))
      << "epoch start and producer open have no LSN";
  backup.replica->AllowCommit(Index(9));
  backup.Batch(leader.now);
  EXPECT_EQ(backup.replica->marks().committed.index, Index(5));
  backup.replica->AllowCommit(Index(3));
  backup.Batch(leader.now);
  EXPECT_EQ(backup.replica->marks().committed.index, Index(5)) << "commit never falls";
}

TEST(Backup, PassesOverWhatItHasAndRefusesWhatDiffersOrDoesNotFollow) {
  TestReplica leader, other;
  Backup backup;
  for (int i = 0; i < 6; ++i) {
    leader.AppendNext(10);
    other.AppendNext(i == 3 ? 11 : 10);
  }
  backup.Follow(leader, 6);
  const Ring& ring = leader.replica->ring();
  ByteSpan all = ring.Bytes(ring.oldest().offset, ring.end().offset);
  EXPECT_EQ(backup.replica->TakeEntries(all).verdict, Replica::Taken::Verdict::kAll);
  ExpectSameLog(leader, backup);
  const Ring& theirs = other.replica->ring();
  Replica::Taken taken =
      backup.replica->TakeEntries(theirs.Bytes(theirs.oldest().offset, theirs.end().offset));
  EXPECT_EQ(taken.verdict, Replica::Taken::Verdict::kWrong);
  EXPECT_NE(taken.wrong.find("entry 6 differs"), std::string::npos) << taken.wrong;
  Backup late;
  RingPlace third = *ring.Find(Index(3));
  taken = late.replica->TakeEntries(ring.Bytes(third.offset, ring.end().offset));
  EXPECT_EQ(taken.verdict, Replica::Taken::Verdict::kWrong);
  EXPECT_EQ(late.end(), Index(0));
}

// Every byte of a run of records: nothing from the damaged record on is taken.
TEST(Backup, TakesNothingFromADamagedRecordOn) {
  TestReplica leader;
  for (int i = 0; i < 3; ++i) leader.AppendNext(20);
  const Ring& ring = leader.replica->ring();
  std::string good(AsView(ring.Bytes(ring.oldest().offset, ring.end().offset)));
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    Backup backup;
    ASSERT_EQ(backup.replica->TakeEntries(AsBytes(bytes)).verdict, Replica::Taken::Verdict::kWrong)
        << at;
    uint64_t whole = 0;
    for (RingPlace p = ring.oldest(); ring.Next(p).offset.value() <= at; p = ring.Next(p)) ++whole;
    ASSERT_EQ(backup.end(), Index(whole)) << at;
  }
}

TEST(Backup, ATruncationBringsBackTheStateAtTheCutAndAnotherLeadersEntriesFollow) {
  TestReplica first, second;
  Backup backup;
  for (int i = 0; i < 5; ++i) {
    first.AppendNext(50);
    second.AppendNext(50);
  }
  Index common = first.replica->derived().position().last().index;
  for (int i = 0; i < 7; ++i) first.AppendNext(60);
  second.Open("another");
  for (int i = 0; i < 3; ++i) second.AppendNext(70);
  backup.Follow(first);
  backup.replica->AllowCommit(common);
  backup.Batch(first.now);
  ASSERT_TRUE(backup.replica->TruncateTo(common, ChainAt(*second.replica, common)).ok());
  EXPECT_EQ(backup.end(), common);
  ASSERT_EQ(backup.Follow(second).verdict, Replica::Taken::Verdict::kAll);
  ExpectSameLog(second, backup);
}

TEST(Backup, ATruncationBelowTheCommitOrToAnotherChainChangesNothing) {
  TestReplica leader;
  Backup backup;
  for (int i = 0; i < 8; ++i) leader.AppendNext(50);
  backup.Follow(leader);
  backup.replica->AllowCommit(Index(5));
  backup.Batch(leader.now);
  Index end = backup.end();
  uint64_t chain4 = ChainAt(*leader.replica, Index(4)), chain6 = ChainAt(*leader.replica, Index(6));
  EXPECT_TRUE(absl::IsFailedPrecondition(backup.replica->TruncateTo(Index(4), chain4)));
  EXPECT_TRUE(absl::IsDataLoss(backup.replica->TruncateTo(Index(6), chain6 + 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(backup.replica->TruncateTo(end.next(), 0)));
  EXPECT_EQ(backup.end(), end);
  EXPECT_TRUE(backup.replica->TruncateTo(Index(6), chain6).ok());
}

// As one that was loaded from a disk whose newest entries were never committed.
TEST(Backup, ARingThatCannotGoBackTakesTheStateOfAnotherAndKeepsItsEntries) {
  TestReplica first, second;
  Backup backup;
  for (int i = 0; i < 4; ++i) {
    first.AppendNext(3000);
    second.AppendNext(3000);
  }
  const Index common = first.replica->derived().position().last().index;
  for (int i = 0; i < 10; ++i) {
    first.AppendNext(3000);
    backup.Follow(first);
    backup.replica->AllowCommit(backup.end());
    backup.Batch(first.now);
  }
  backup.replica->ForgetCommit();
  const uint64_t chain = ChainAt(*first.replica, common);
  ASSERT_TRUE(absl::IsNotFound(backup.replica->TruncateTo(common, chain)));

  RingPlace behind;
  v1::StateSnapshot state;
  second.replica->DerivedAt(common, &behind)->WriteTo(&state);
  EXPECT_EQ(behind.index, common.next());
  v1::StateSnapshot of_another_log = state;
  of_another_log.set_chain(chain + 1);
  EXPECT_FALSE(backup.replica->TakeOlderState(of_another_log));
  v1::StateSnapshot of_its_end;
  backup.replica->derived().WriteTo(&of_its_end);
  EXPECT_FALSE(backup.replica->TakeOlderState(of_its_end));
  EXPECT_FALSE(first.replica->TakeOlderState(state)) << "it leads";
  EXPECT_TRUE(absl::IsNotFound(backup.replica->TruncateTo(common, chain)));

  const Index oldest = backup.replica->ring().oldest().index;
  EXPECT_TRUE(backup.replica->TakeOlderState(state));
  EXPECT_FALSE(backup.replica->TakeOlderState(state)) << "it can go back there already";
  ASSERT_TRUE(backup.replica->TruncateTo(common, chain).ok());
  EXPECT_EQ(backup.end(), common);
  EXPECT_EQ(backup.replica->ring().oldest().index, oldest);
  second.Open("another");
  ASSERT_EQ(backup.Follow(second).verdict, Replica::Taken::Verdict::kAll);
  ExpectSameLog(second, backup);
}

TEST(Backup, AFullRingTakesWhatFitsAndGoesOnOnceThereIsRoom) {
  TestReplica leader;
  Backup backup;
  Replica::Taken taken;
  int i = 0;
  for (; i < 200; ++i) {
    ASSERT_EQ(leader.AppendNext(4000), AppendVerdict::kAccepted);
    leader.Settle();
    taken = backup.Follow(leader);
    if (taken.verdict == Replica::Taken::Verdict::kRingFull) break;
  }
  ASSERT_LT(i, 200) << "nothing is committed, so nothing may be given up";
  Index end = backup.end();
  backup.replica->AllowCommit(end);
  backup.Settle(&leader.now);
  ASSERT_EQ(backup.Follow(leader).verdict, Replica::Taken::Verdict::kAll);
  ExpectSameLog(leader, backup);
}

// What the disk holds after truncations at random places, with writes of cut entries in flight.
TEST(Backup, ItsDiskRecoversToItsLogWhateverWasTruncated) {
  std::mt19937 random(7);
  int truncations = 0;
  for (int round = 0; round < 60; ++round) {
    auto leader = std::make_unique<TestReplica>();
    leader->replica->AllowCommit(Index(0));
    Backup backup;
    Index committed(0);
    for (int step = 0; step < 25; ++step) {
      for (unsigned n = random() % 6; n > 0; --n) leader->AppendNext(random() % 6000);
      leader->Settle();
      backup.Follow(*leader);
      Index end = backup.end();
      if (random() % 3 == 0) {
        committed = Index(committed.value() + random() % (end - committed + 1));
        backup.replica->AllowCommit(committed);
        leader->replica->AllowCommit(committed);
      }
      backup.Batch(leader->now);
      while (!backup.disk.pending().empty() && random() % 3 != 0) {
        ASSERT_EQ(backup.replica->OnStorageDone(backup.disk.CompleteOne(), leader->now), "");
        backup.Batch(leader->now);
      }
      leader->Advance(15);
      if (random() % 4 != 0) continue;
      // A new leader whose log ends between the commit and the end.
      Index low = std::max(committed, Index(2));
      Index cut = end < low ? low : low + random() % (end - low + 1);
      if (end < low || !backup.replica->ring().Find(cut).has_value()) continue;
      ASSERT_TRUE(backup.replica->TruncateTo(cut, ChainAt(*backup.replica, cut)).ok());
      ASSERT_TRUE(leader->replica->TruncateTo(cut, ChainAt(*leader->replica, cut)).ok());
      const ProducerTable& producers = leader->replica->derived().producers();
      leader->next_sequence = producers.at(leader->producer.slot).last_sequence.next().value();
      ++truncations;
    }
    backup.replica->AllowCommit(backup.end());
    backup.Settle(&leader->now);
    std::vector<SegmentFile> files;
    for (const auto& [name, bytes] : backup.disk.files) {
      std::optional<SegmentName> parsed = SegmentName::FromFileName(name);
      if (parsed.has_value()) files.push_back({*parsed, bytes->size()});
    }
    DiskRecoveryOptions options;
    options.journal.bytes.fill(7);
    auto read = [&](size_t i) -> absl::StatusOr<ByteSpan> {
      return AsBytes(*backup.disk.files.at(files[i].name.ToFileName()));
    };
    DiskRecovery found = RecoverDisk(files, read, options, nullptr);
    EXPECT_EQ(found.end.next_index, backup.end().next()) << found.sentence;
    EXPECT_EQ(found.end.chain, backup.replica->derived().position().chain) << round;
  }
  EXPECT_GT(truncations, 100);
}

}  // namespace
}  // namespace ringjournal
