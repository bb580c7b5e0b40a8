#include "journal/node/replica.h"

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

EntryHeader HeaderAt(const TestReplica& t, Index index) {
  return t.replica->ring().Record(*t.replica->ring().Find(index)).header;
}

TEST(Replica, TheFirstEntryOfALeaderIsItsEpochStart) {
  TestReplica t;
  EXPECT_EQ(HeaderAt(t, Index(1)).kind, static_cast<uint32_t>(v1::ENTRY_KIND_EPOCH_START));
  EXPECT_EQ(t.replica->ring().content_incarnation(), Incarnation(1));
}

TEST(Replica, NothingIsCommittedBeforeTheEndOfItsBatch) {
  TestReplica t;
  t.Batch();
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_FALSE(t.replica->HasReached(v1::LEVEL_RECEIVED, t.place.index));
  t.Batch();
  EXPECT_TRUE(t.replica->HasReached(v1::LEVEL_REPLICATED, t.place.index));
  EXPECT_FALSE(t.replica->HasReached(v1::LEVEL_DISK, t.place.index));
  EXPECT_EQ(t.replica->LevelReached(t.place.index), v1::LEVEL_REPLICATED);
}

TEST(Replica, ADiskLevelIsReachedOnceTheEntryIsDurableAndNotWhenItIsWritten) {
  TestReplica t;
  t.Settle();
  ASSERT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kAccepted);
  t.replica->NoteDiskWaiter(t.place.index);
  t.Batch();
  ASSERT_EQ(t.disk.pending_of(StorageOp::Kind::kWrite), 1u);
  EXPECT_FALSE(t.replica->HasReached(v1::LEVEL_DISK, t.place.index));
  EXPECT_EQ(t.CompleteOne(), "");
  EXPECT_TRUE(t.replica->HasReached(v1::LEVEL_DISK, t.place.index));
  EXPECT_EQ(t.replica->LevelReached(t.place.index), v1::LEVEL_DISK_QUORUM);
}

TEST(Replica, ARepeatedAppendIsAnsweredWithItsFirstPlace) {
  TestReplica t;
  ASSERT_EQ(t.Append(1, {"a", "b"}), AppendVerdict::kAccepted);
  AppendPlace first = t.place;
  ASSERT_EQ(t.Append(3, {"c"}), AppendVerdict::kAccepted);
  Index end = t.replica->ring().end().index;
  ASSERT_EQ(t.Append(1, {"a", "b"}), AppendVerdict::kAccepted);
  EXPECT_TRUE(t.place.duplicate);
  EXPECT_EQ(t.place.index, first.index);
  EXPECT_EQ(t.place.first_lsn, first.first_lsn);
  EXPECT_EQ(t.place.chain, first.chain);
  EXPECT_EQ(t.replica->ring().end().index, end) << "nothing was appended";
}

// After a failover a whole window is sent again: of single transactions, found by counting, and of
// others, behind which counting is wrong.
TEST(Replica, EachOfManyRepeatedAppendsGetsItsOwnPlace) {
  TestReplica t;
  const std::vector<std::vector<std::string>> appends = {{"a"}, {"b"},      {"c", "d", "e"}, {"f"},
                                                         {"g"}, {"h", "i"}, {"j"},           {"k"}};
  std::vector<AppendPlace> places;
  uint64_t sequence = 1;
  for (const std::vector<std::string>& append : appends) {
    ASSERT_EQ(t.Append(sequence, append), AppendVerdict::kAccepted);
    places.push_back(t.place);
    sequence += append.size();
  }
  sequence = 1;
  for (size_t i = 0; i < appends.size(); ++i) {
    ASSERT_EQ(t.Append(sequence, appends[i]), AppendVerdict::kAccepted) << sequence;
    EXPECT_TRUE(t.place.duplicate);
    EXPECT_EQ(t.place.index, places[i].index);
    EXPECT_EQ(t.place.first_lsn, places[i].first_lsn);
    EXPECT_EQ(t.place.chain, places[i].chain);
    sequence += appends[i].size();
  }
}

TEST(Replica, ARetryInOtherBatchesIsRefusedAndTheBatchesThatWereAppliedAreNot) {
  TestReplica t;
  ASSERT_EQ(t.Append(1, {"a"}), AppendVerdict::kAccepted);
  ASSERT_EQ(t.Append(2, {"b", "c"}), AppendVerdict::kAccepted);
  EXPECT_EQ(t.Append(1, {"a", "b"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_OUT_OF_ORDER);
  EXPECT_EQ(t.refusal.out_of_order().expected_sequence(), 4u);
  EXPECT_EQ(t.Append(2, {"b"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.Append(3, {"c"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.Append(2, {"b", "c"}), AppendVerdict::kAccepted);
  EXPECT_TRUE(t.place.duplicate);
}

TEST(Replica, ARepetitionWhosePlaceHasLeftTheRingIsStillADuplicate) {
  TestReplica t;
  ASSERT_EQ(t.AppendNext(100), AppendVerdict::kAccepted);
  while (t.replica->ring().oldest().index < Index(10)) {
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Settle();
  }
  ASSERT_EQ(t.Append(1, {std::string(100, 'x')}), AppendVerdict::kAccepted);
  EXPECT_TRUE(t.place.duplicate);
  EXPECT_EQ(t.place.first_lsn, Lsn(0));
}

TEST(Replica, ASequenceThatDoesNotFollowIsRefusedWithTheOneExpected) {
  TestReplica t;
  ASSERT_EQ(t.Append(1, {"a", "b"}), AppendVerdict::kAccepted);
  for (uint64_t sequence : {4u, 100u, 0u}) {
    EXPECT_EQ(t.Append(sequence, {"c"}), AppendVerdict::kRefused);
    EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_OUT_OF_ORDER);
    EXPECT_EQ(t.refusal.out_of_order().expected_sequence(), 3u);
  }
  EXPECT_EQ(t.Append(2, {"b", "c"}), AppendVerdict::kRefused) << "overlaps: other batch boundaries";
}

TEST(Replica, AnAppendWithAWrongChecksumChangesNothing) {
  TestReplica t;
  std::string run = TestRun({"a"});
  AppendEnvelope envelope;
  envelope.first_sequence = Sequence(1);
  envelope.count = 1;
  envelope.body = AsBytes(run);
  envelope.body_crc32c = 12345;
  Index end = t.replica->ring().end().index;
  EXPECT_EQ(t.replica->Append(envelope, t.producer, t.now, &t.place, &t.refusal),
            AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_CHECKSUM);
  EXPECT_EQ(t.replica->ring().end().index, end);
  EXPECT_EQ(t.Append(1, {"a"}), AppendVerdict::kAccepted);
}

TEST(Replica, AnExpectedLsnIsHeldToExceptForADuplicate) {
  TestReplica t;
  std::string run = TestRun({"a"});
  AppendEnvelope envelope;
  envelope.first_sequence = Sequence(1);
  envelope.count = 1;
  envelope.body = AsBytes(run);
  envelope.expected_lsn = Lsn(2);
  auto append = [&] {
    return t.replica->Append(envelope, t.producer, t.now, &t.place, &t.refusal);
  };
  EXPECT_EQ(append(), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_EXPECTED_LSN);
  EXPECT_EQ(t.refusal.expected_lsn().actual_lsn(), 1u);
  envelope.expected_lsn = Lsn(1);
  EXPECT_EQ(append(), AppendVerdict::kAccepted);
  EXPECT_EQ(append(), AppendVerdict::kAccepted);
  EXPECT_TRUE(t.place.duplicate);
}

TEST(Replica, ProducersBeyondTheLimitAreRefusedAndKnownOnesOpenAgain) {
  TestReplica t;
  for (int i = 2; i <= 8; ++i) t.Open("producer-" + std::to_string(i));
  ProducerHandle handle;
  EXPECT_FALSE(t.replica->OpenProducer({"one too many"}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_LIMIT);
  EXPECT_TRUE(t.replica->OpenProducer({"producer-3"}, t.now, &handle, &t.refusal));
}

TEST(Replica, LogTimeIsMonotoneAndABadClockReadingMovesItAheadByABoundedAmount) {
  TestReplica t;
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  uint64_t before = HeaderAt(t, t.place.index).log_time_ns;
  t.now.wall_ns -= 100 * kSecondNs;
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_EQ(HeaderAt(t, t.place.index).log_time_ns, before);
  t.now.monotonic_ns += kSecondNs;
  t.now.wall_ns += 1'000'000 * kSecondNs;
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_EQ(HeaderAt(t, t.place.index).log_time_ns,
            before + static_cast<uint64_t>(kSecondNs) + limits::kLogTimeJumpNsMax);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  EXPECT_EQ(HeaderAt(t, t.place.index).log_time_ns,
            before + static_cast<uint64_t>(kSecondNs) + limits::kLogTimeJumpNsMax)
      << "one reading, one jump";
}

TEST(Replica, AFullRingTakesAnAppendAgainOnceTheDiskHasIt) {
  TestReplica t;
  AppendVerdict verdict;
  while ((verdict = t.AppendNext(4000)) == AppendVerdict::kAccepted) t.Batch();
  EXPECT_EQ(verdict, AppendVerdict::kMustWait);
  Index end = t.replica->ring().end().index;
  EXPECT_EQ(t.AppendNext(4000), AppendVerdict::kMustWait);
  EXPECT_EQ(t.replica->ring().end().index, end);
  t.Settle();
  EXPECT_EQ(t.AppendNext(4000), AppendVerdict::kAccepted);
}

TEST(Replica, ARecordOverTheRingsLimitIsRefusedAndNeverWaitsForRoom) {
  TestReplica t;
  EXPECT_EQ(t.AppendNext(17 * 1024), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_TOO_LARGE);
}

// Clients that reconnect again and again to a full journal with a full disk.
TEST(Replica, ReconnectingProducersLeaveRoomForTheNextLeader) {
  TestReplica t;
  t.disk.full = true;
  while (t.AppendNext(1000) == AppendVerdict::kAccepted) t.Batch();
  ProducerHandle handle;
  int opened = 0;
  while (t.replica->OpenProducer({"producer"}, t.now, &handle, &t.refusal))
    ASSERT_LT(++opened, 1000);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_BACK_PRESSURE);
  RingIdentityValues identity{t.replica->options().id, {}, 1, 8};
  RingInspection found = InspectRing(t.memory.memory(), &identity);
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  Ring ring = Ring::Adopt(t.memory.memory(), found);
  DerivedState derived = DerivedState::ReadFrom(found.snapshot);
  RingPlace from = *ring.Find(Index(found.snapshot.next_index()));
  for (RingPlace p = from; p.index < ring.end().index; p = ring.Next(p)) {
    ASSERT_TRUE(derived.Apply(ring.Record(p)).ok());
  }
  ReplicaOptions options = t.replica->options();
  options.epoch.epoch = 2;
  Replica next(options, std::move(ring), std::move(derived), from, found.snapshot,
               SegmentCatalog());
  next.LeaderStart(t.now);
  EXPECT_TRUE(next.leads());
}

TEST(Replica, AMemoryOnlyJournalRefusesDiskLevelsAndMakesRoomWithoutADisk) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_memory_only(true);
  TestReplica t(settings);
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_LEVEL_NOT_OFFERED);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(t.AppendNext(4000), AppendVerdict::kAccepted);
    t.Batch();
  }
  EXPECT_TRUE(t.disk.pending().empty());
  EXPECT_GT(t.replica->ring().oldest().index, Index(50));
  EXPECT_EQ(t.replica->marks().oldest.index, t.replica->ring().oldest().index);
}

TEST(Replica, AFullDiskRefusesDiskLevelsAndIsLeftByItselfWhenSpaceReturns) {
  TestReplica t;
  t.disk.full = true;
  t.Batch();
  ASSERT_EQ(t.CompleteOne(), "");  // the first spare: no space
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_DISK_FULL);
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_REPLICATED), AppendVerdict::kAccepted);
  for (int i = 0; i < 10; ++i) t.Batch();
  EXPECT_EQ(t.disk.spares_prepared, 1u) << "tried again only after the retry time";
  EXPECT_LE(t.replica->deadline_ns(), t.now.monotonic_ns + limits::kStorageRetryMs * 1'000'000);
  t.disk.full = false;
  t.Advance(limits::kStorageRetryMs);
  t.Settle();
  EXPECT_TRUE(t.replica->settled());
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kAccepted);
}

// Accepted before the disk is known to be full, it would get no answer until space returns.
TEST(Replica, ADiskLevelIsNotAcceptedBeforeTheSegmentThatItGoesToIsThere) {
  TestReplica t;
  t.Batch();
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kMustWait);
  EXPECT_EQ(t.AppendNext(10), AppendVerdict::kAccepted) << "memory levels need no segment";
  t.disk.full = true;
  ASSERT_EQ(t.CompleteOne(), "");
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_DISK_FULL);
  t.disk.full = false;
  t.Advance(limits::kStorageRetryMs);
  t.Settle();
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kAccepted);
  while (t.replica->checkpointer().segment_at_hand()) {
    t.Settle();
    ASSERT_EQ(t.AppendNext(8000), AppendVerdict::kAccepted);
    t.Batch();
  }
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kMustWait);
  t.Settle();
  EXPECT_EQ(t.AppendNext(10, v1::LEVEL_DISK), AppendVerdict::kAccepted);
}

// What is filled while the disk makes the next segment must fit the one that is there.
TEST(Replica, ALargeAppendThatDoesNotFitTheSegmentBeginsTheNextOne) {
  v1::JournalSettings settings = SmallSettings();
  settings.set_ring_bytes(4 * limits::kMiB);
  TestReplica t(settings);
  t.Settle();
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(t.AppendNext(200 * limits::kKiB), AppendVerdict::kAccepted);
    t.Settle();
  }
  for (const CatalogSegment& s : t.replica->checkpointer().catalog().segments()) {
    EXPECT_LE(s.bytes, limits::kSegmentBytesMin);
  }
  EXPECT_EQ(t.AppendNext(300 * limits::kKiB), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_TOO_LARGE);
}

TEST(Replica, ALeaderOfAFullRingLeadsOnceTheDiskHasMadeRoomAndTakesNothingBefore) {
  TestReplica t;
  t.disk.full = true;
  for (int i = 0; i < 2000; ++i) {  // new leaders until not even an epoch start fits
    t.AppendNext(4000);
    t.replica->LeaderStart(t.now);
    t.Batch();
    while (!t.disk.pending().empty()) ASSERT_EQ(t.CompleteOne(), "");
    if (!t.replica->leads()) break;
  }
  ASSERT_FALSE(t.replica->leads());
  Index end = t.replica->ring().end().index;
  EXPECT_EQ(t.AppendNext(1), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_BACK_PRESSURE);
  EXPECT_NE(t.refusal.message().find("its epoch has not begun yet"), std::string::npos);
  ProducerHandle handle;
  EXPECT_FALSE(t.replica->OpenProducer({"other"}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.replica->ring().end().index, end);
  t.disk.full = false;
  t.Advance(limits::kStorageRetryMs);
  t.Settle();
  ASSERT_TRUE(t.replica->leads());
  EXPECT_EQ(HeaderAt(t, end).kind, v1::ENTRY_KIND_EPOCH_START);
}

TEST(Replica, AFailedWriteStopsTheProcess) {
  TestReplica t;
  t.Settle();
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.replica->RequestCheckpoint();
  t.Batch();
  t.disk.write_result = -EIO;
  EXPECT_NE(t.CompleteOne(), "");
}

TEST(Replica, AShortWriteStopsTheProcess) {
  TestReplica t;
  t.Settle();
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  t.replica->RequestCheckpoint();
  t.Batch();
  t.disk.write_result = 512;
  EXPECT_NE(t.CompleteOne(), "");
}

}  // namespace
}  // namespace ringjournal
