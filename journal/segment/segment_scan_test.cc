#include "journal/segment/segment_scan.h"

#include "gtest/gtest.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {
namespace {

constexpr uint64_t kBlock = limits::kBlockBytes;

// Description in block 0, then groups of one block each: at 1, 2, 3, 4.
struct FourGroups {
  TestLog log;
  TestSegment segment{&log};
  FourGroups() {
    segment.committed = {Index(1), Lsn(1)};
    segment.Group({10, 20}, 0);
    segment.Group({30}, 1 * kBlock);
    segment.committed = {Index(3), Lsn(3)};
    segment.Group({40, 50}, 1 * kBlock);
    segment.Group({60}, 2 * kBlock);
  }
  std::string Without(std::initializer_list<uint64_t> blocks) const {
    std::string bytes = segment.bytes;
    for (uint64_t block : blocks) bytes.replace(block * kBlock, kBlock, kBlock, '\0');
    return bytes;
  }
};

TEST(SegmentScan, GivesEveryEntryInOrder) {
  FourGroups f;
  std::vector<Index> seen;
  SegmentScan scan =
      ScanSegment(AsBytes(f.segment.bytes), f.segment.Options(),
                  [&](const RecordView& view) { seen.push_back(view.header.index); });
  EXPECT_EQ(scan.verdict, SegmentVerdict::kOpenEnd);
  ASSERT_EQ(seen.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(seen[i], Index(i + 1));
  EXPECT_EQ(scan.entries, 6u);
  EXPECT_EQ(scan.groups, 4u);
  EXPECT_EQ(scan.position.chain, f.log.position.chain);
  EXPECT_EQ(scan.end_offset, 5 * kBlock);
  EXPECT_EQ(scan.committed, (Watermark{Index(3), Lsn(3)}));
  EXPECT_EQ(scan.durable_offset, 2 * kBlock);
  EXPECT_EQ(scan.durable_before, Index(3)) << "the first group holds entries 1 and 2";
  ASSERT_EQ(scan.group_places.size(), 4u);
  EXPECT_EQ(scan.group_places[2].offset, 3 * kBlock);
  EXPECT_EQ(scan.group_places[2].first_index, Index(4));
  EXPECT_EQ(scan.description.state().producers_size(), 2);
}

TEST(SegmentScan, UnusedBlocksAndZerosBehindAGroupAreAnOpenEnd) {
  for (bool hole : {false, true}) {
    FourGroups f;
    if (hole) f.segment.Zeros(64 * kBlock);
    if (!hole) f.segment.UnusedBlocks(64);
    SegmentScan scan = Scan(f.segment.bytes, f.segment.Options());
    EXPECT_EQ(scan.verdict, SegmentVerdict::kOpenEnd);
    EXPECT_TRUE(scan.rest_is_unused);
    EXPECT_EQ(scan.bytes_lost, 0u);
    EXPECT_EQ(scan.end_offset, 5 * kBlock);
  }
}

TEST(SegmentScan, AClosingGroupEndsTheSegmentWhateverFollows) {
  FourGroups f;
  f.segment.Close();
  uint64_t end = f.segment.bytes.size();
  SegmentScan scan = Scan(f.segment.bytes + std::string(5000, 'x'), f.segment.Options());
  EXPECT_EQ(scan.verdict, SegmentVerdict::kClosed);
  EXPECT_EQ(scan.end_offset, end);
  EXPECT_EQ(scan.position.next_index, Index(7));
  EXPECT_EQ(scan.durable_before, Index(7));
}

// Groups 3 and 4 (blocks 3, 4) were in flight: any subset of their blocks may be on disk.
TEST(SegmentScan, BlocksOfGroupsInFlightMayPersistInAnyOrder) {
  FourGroups f;
  SegmentScan lost_third = Scan(f.Without({3}), f.segment.Options());
  EXPECT_EQ(lost_third.verdict, SegmentVerdict::kTornTail);
  EXPECT_EQ(lost_third.end_offset, 3 * kBlock);
  EXPECT_EQ(lost_third.position.next_index, Index(4));
  EXPECT_EQ(lost_third.bytes_lost, 2 * kBlock);
  EXPECT_EQ(lost_third.committed.index, Index(3)) << "the fourth group's header still says so";
  EXPECT_EQ(Scan(f.Without({4}), f.segment.Options()).verdict, SegmentVerdict::kOpenEnd);
  EXPECT_EQ(Scan(f.Without({3, 4}), f.segment.Options()).verdict, SegmentVerdict::kOpenEnd);
  // The fourth group was written after the first was synced, but not the second.
  EXPECT_EQ(Scan(f.Without({2}), f.segment.Options()).verdict, SegmentVerdict::kTornTail);
  SegmentScan lost_first = Scan(f.Without({1}), f.segment.Options());
  EXPECT_EQ(lost_first.verdict, SegmentVerdict::kDamaged);
  EXPECT_EQ(lost_first.end_offset, 1 * kBlock);
  EXPECT_EQ(lost_first.position.next_index, Index(1));
}

// The entry counts, and ends in a block that looks like one that was never written.
TEST(SegmentScan, ZerosThatAnEntryEndsWithAreNeeded) {
  TestLog log;
  TestSegment segment(&log);
  const size_t from = segment.bytes.size();
  const size_t body = 3 * kBlock - kGroupHeaderBytes - kRecordOverheadBytes;
  const Index first = log.position.next_index;
  const std::string zeros = log.RecordOf(std::string(body, '\0'), 1);
  segment.GroupOf(zeros + log.Record(kBlock), first, 0);
  std::string bytes = segment.bytes.substr(0, from + 3 * kBlock);
  while (bytes.size() < from + 8 * kBlock) bytes += UnusedBlock();
  const SegmentScan torn = Scan(bytes, segment.Options());
  ASSERT_EQ(torn.verdict, SegmentVerdict::kTornTail);
  ASSERT_EQ(torn.end_offset, from + 3 * kBlock);
  EXPECT_EQ(NeededBytes(torn, bytes.size(), std::nullopt), bytes.size());
  EXPECT_EQ(NeededBytes(torn, bytes.size(), torn.position.next_index.next()), bytes.size());
  const uint64_t needed = NeededBytes(torn, bytes.size(), torn.position.next_index);
  const SegmentScan whole = Scan(segment.bytes + UnusedBlock(), segment.Options());
  ASSERT_EQ(whole.verdict, SegmentVerdict::kOpenEnd);
  EXPECT_EQ(NeededBytes(whole, segment.bytes.size() + kBlock, whole.position.next_index.next()),
            segment.bytes.size() + kBlock)
      << "an entry is missing";
  EXPECT_EQ(needed, segment.bytes.size()) << "up to where its header says that the group ends";
  const SegmentScan cut = Scan(bytes.substr(0, needed), segment.Options());
  EXPECT_EQ(cut.sentence, torn.sentence);
  EXPECT_EQ(cut.entries, 1u);
}

TEST(SegmentScan, EveryOrderOfPersistingALargeGroupIsATornTail) {
  TestLog log;
  TestSegment segment(&log);
  segment.Group({10}, 0);
  LogPosition before = log.position;
  segment.Group({3000, 3000, 6000}, kBlock);  // blocks 2..5, in flight together with the next
  segment.Group({10}, 2 * kBlock);
  ASSERT_EQ(segment.bytes.size(), 7 * kBlock);
  for (unsigned lost = 1; lost < 32; ++lost) {
    std::string bytes = segment.bytes;
    for (unsigned b = 0; b < 5; ++b) {
      if (lost >> b & 1) bytes.replace((2 + b) * kBlock, kBlock, UnusedBlock());
    }
    SegmentScan scan = Scan(bytes, segment.Options());
    bool only_last = lost == 16;
    bool all = lost == 31;
    EXPECT_EQ(scan.verdict, only_last || all ? SegmentVerdict::kOpenEnd : SegmentVerdict::kTornTail)
        << lost;
    // Whole records of the torn group count: a record is lost with any of its blocks.
    uint64_t whole = lost & 1 ? 0 : lost & 2 ? 1 : lost & 12 ? 2 : 3;
    EXPECT_EQ(scan.position.next_index, before.next_index + whole) << lost;
  }
}

TEST(SegmentScan, AStaleBlockOfARecycledFileNeverValidates) {
  TestLog old_log;
  TestSegment old(&old_log, {Incarnation(2), 9});
  for (int i = 0; i < 8; ++i) old.Group({10, 20}, old.bytes.size());
  FourGroups f;
  // The new segment lies over the old one, whose groups stand at the very same offsets.
  std::string bytes = old.bytes;
  bytes.replace(0, f.segment.bytes.size(), f.segment.bytes);
  SegmentScan scan = Scan(bytes, f.segment.Options());
  EXPECT_EQ(scan.verdict, SegmentVerdict::kTornTail);
  EXPECT_EQ(scan.position.next_index, Index(7));
  EXPECT_EQ(scan.end_offset, 5 * kBlock);
  EXPECT_EQ(scan.durable_offset, 2 * kBlock) << "stale headers say nothing about this segment";
  // And where a group in flight was lost, the stale group in its place is not taken for it.
  bytes.replace(3 * kBlock, kBlock, old.bytes.substr(3 * kBlock, kBlock));
  EXPECT_EQ(Scan(bytes, f.segment.Options()).position.next_index, Index(4));
}

TEST(SegmentScan, AGroupOfAnotherPlaceIsNotTaken) {
  FourGroups f;
  std::string bytes = f.segment.bytes;
  bytes.replace(2 * kBlock, kBlock, f.segment.bytes.substr(4 * kBlock, kBlock));
  SegmentScan scan = Scan(bytes, f.segment.Options());
  EXPECT_EQ(scan.verdict, SegmentVerdict::kTornTail);
  EXPECT_EQ(scan.end_offset, 2 * kBlock);
}

// Whole records, by their own checksums, of another history or out of order.
TEST(SegmentScan, ARecordThatDoesNotContinueTheLogIsNotTaken) {
  for (int field = 0; field < 4; ++field) {
    TestLog log;
    TestSegment segment(&log);
    segment.Group({10}, 0);
    TestLog other;
    other.position = log.position;
    if (field == 0) other.position.chain ^= 1;
    if (field == 1) other.position.next_lsn = Lsn(3);
    if (field == 2) other.position.next_index = Index(3);
    segment.GroupOf(other.Record(10), Index(2), kBlock);
    SegmentScan scan = Scan(segment.bytes, segment.Options());
    EXPECT_EQ(scan.entries, field == 3 ? 2u : 1u) << field;
    EXPECT_EQ(scan.verdict, field == 3 ? SegmentVerdict::kOpenEnd : SegmentVerdict::kTornTail);
  }
}

TEST(SegmentScan, AGroupThatStartsWithAnotherEntryIsNotTaken) {
  TestLog log;
  TestSegment segment(&log);
  segment.Group({10}, 0);
  segment.GroupOf(log.Record(10), Index(3), kBlock);
  SegmentScan scan = Scan(segment.bytes, segment.Options());
  EXPECT_EQ(scan.entries, 1u);
  EXPECT_EQ(scan.end_offset, 2 * kBlock);
}

TEST(SegmentScan, WhatTheCallerKnowsMakesATornTailDamage) {
  FourGroups f;
  ScanOptions options = f.segment.Options();
  options.known_durable_offset = 4 * kBlock;
  EXPECT_EQ(Scan(f.Without({3}), options).verdict, SegmentVerdict::kDamaged);
  EXPECT_EQ(Scan(f.Without({4}), options).verdict, SegmentVerdict::kOpenEnd);
  options = f.segment.Options();
  options.known_durable_before = Index(5);
  EXPECT_EQ(Scan(f.Without({3}), options).verdict, SegmentVerdict::kDamaged);
  EXPECT_EQ(Scan(f.Without({4}), options).verdict, SegmentVerdict::kOpenEnd) << "5 is the last";
  options.known_durable_before = Index(8);
  SegmentScan missing = Scan(f.segment.bytes, options);
  EXPECT_EQ(missing.verdict, SegmentVerdict::kDamaged) << "entry 7 had been synced";
  EXPECT_TRUE(missing.rest_is_unused);
}

TEST(SegmentScan, StopsBeforeWhatALaterSegmentHolds) {
  FourGroups f;
  for (uint64_t stop = 1; stop <= 7; ++stop) {
    ScanOptions options = f.segment.Options();
    options.stop_before = Index(stop);
    SegmentScan scan = Scan(f.segment.bytes, options);
    EXPECT_EQ(scan.verdict, SegmentVerdict::kSuperseded);
    EXPECT_EQ(scan.position.next_index, Index(stop));
  }
  // Damage behind that entry does not matter.
  ScanOptions options = f.segment.Options();
  options.stop_before = Index(3);
  EXPECT_EQ(Scan(f.Without({2, 3}), options).verdict, SegmentVerdict::kSuperseded);
}

// A recovery cut the tail in the middle of a group; the segment it opened goes on exactly there.
TEST(SegmentScan, ATornTailThatALaterSegmentTookOverIsNoLongerOne) {
  for (char rest : {'\0', 'x', '\x0a'}) {
    FourGroups f;
    std::string bytes = f.segment.bytes;
    const TestPart& second_of_group_3 = f.segment.parts[11];
    ASSERT_EQ(second_of_group_3.position.next_index, Index(5));
    bytes.replace(second_of_group_3.from, std::string::npos, 2 * kBlock, rest);
    ScanOptions options = f.segment.Options();
    EXPECT_EQ(Scan(bytes, options).verdict, SegmentVerdict::kTornTail);
    options.stop_before = options.known_durable_before = Index(5);
    SegmentScan scan = Scan(bytes, options);
    EXPECT_EQ(scan.verdict, SegmentVerdict::kSuperseded);
    EXPECT_EQ(scan.position.next_index, Index(5));
  }
}

TEST(SegmentScan, DamagedPaddingLosesNothingWhereTheNextGroupGoesOn) {
  FourGroups f;
  std::string bytes = f.segment.bytes;
  bytes[2 * kBlock - 1] = 'x';  // the last byte of the first group
  SegmentScan scan = Scan(bytes, f.segment.Options());
  EXPECT_EQ(scan.verdict, SegmentVerdict::kOpenEnd);
  EXPECT_EQ(scan.entries, 6u);
  EXPECT_GT(scan.padding_damage_bytes, 0u);
}

TEST(SegmentScan, ForeignAndNewerAndRenamedSegmentsAreNamedAsSuch) {
  FourGroups f;
  ScanOptions other_journal = f.segment.Options();
  other_journal.name->journal.bytes[0] ^= 1;
  EXPECT_EQ(Scan(f.segment.bytes, other_journal).verdict, SegmentVerdict::kForeign);
  ScanOptions by_journal;
  by_journal.journal = other_journal.name->journal;
  EXPECT_EQ(Scan(f.segment.bytes, by_journal).verdict, SegmentVerdict::kForeign);
  EXPECT_EQ(Scan(f.segment.bytes, {}).verdict, SegmentVerdict::kOpenEnd) << "any journal";
  ScanOptions renamed = f.segment.Options();
  renamed.name->opener.counter = 9;
  EXPECT_EQ(Scan(f.segment.bytes, renamed).verdict, SegmentVerdict::kBadDescription);
  v1::SegmentDescription newer = f.segment.Description(0);
  newer.set_layout_version(2);
  SegmentScan scan = Scan(EncodeDescription(newer), {});
  EXPECT_EQ(scan.verdict, SegmentVerdict::kNewerVersion);
  EXPECT_NE(scan.sentence.find("use a newer version"), std::string::npos);
}

TEST(SegmentScan, AnEntryOfANewerLayoutIsNotTakenForDamage) {
  TestLog log;
  TestSegment segment(&log);
  segment.Group({10}, 0);
  std::string record = log.Record(10);
  auto* header = reinterpret_cast<std::byte*>(record.data()) + kRecordPrefixBytes;
  Store32(header + kHeaderLayout[17].offset, 2);
  Store32(header + 1, Crc32c({header + kHeaderCrcFrom, kHeaderBytes - kHeaderCrcFrom}));
  segment.GroupOf(record, Index(2), kBlock);
  SegmentScan scan = Scan(segment.bytes, segment.Options());
  EXPECT_EQ(scan.verdict, SegmentVerdict::kNewerVersion);
  EXPECT_EQ(scan.position.next_index, Index(2));
}

TEST(SegmentScan, AGroupOfTheLargestRecordIsRead) {
  TestLog log;
  TestSegment segment(&log);
  segment.Group({limits::kFrameBytesMax}, 0);
  segment.Group({1}, 0);
  EXPECT_EQ(Scan(segment.bytes, segment.Options()).entries, 2u);
}

TEST(SegmentScan, SaysInOneSentenceWhatToDo) {
  FourGroups f;
  EXPECT_EQ(
      Scan(f.Without({1}), f.segment.Options()).sentence,
      "damaged at offset 4096 (no valid group header), in bytes that had been synced: entries "
      "from 1 on are unknown; keep the file and check the disk");
  EXPECT_EQ(Scan(f.Without({3}), f.segment.Options()).sentence,
            "torn tail at offset 12288 (no valid group header): cut after entry 3, at most 8192 "
            "bytes lost that nothing shows to have been synced");
}

TEST(SegmentOutline, FindsTheEndWithoutReadingEntries) {
  FourGroups f;
  SegmentOutline outline = OutlineSegment(AsBytes(f.segment.bytes), f.segment.Options());
  EXPECT_EQ(outline.groups, 4u);
  EXPECT_EQ(outline.end_index, Index(7));
  EXPECT_EQ(outline.end_offset, 5 * kBlock);
  EXPECT_FALSE(outline.closed);
  f.segment.Close();
  outline = OutlineSegment(AsBytes(f.segment.bytes), f.segment.Options());
  EXPECT_TRUE(outline.closed);
  EXPECT_EQ(outline.end_index, Index(7));
  EXPECT_EQ(OutlineSegment(AsBytes(f.Without({2})), f.segment.Options()).end_index, Index(3));
}

}  // namespace
}  // namespace ringjournal
