#include "journal/recovery/disk_recovery.h"

#include <algorithm>
#include <memory>

#include "gtest/gtest.h"
#include "journal/recovery/test_recovery.h"

namespace ringjournal {
namespace {

constexpr uint64_t kBlock = limits::kBlockBytes;

// Entries 1..4 and 5..8 in closed segments, 9..12 in an open one; two groups of two in each.
struct ThreeSegments {
  TestLog log;
  SegmentDisk disk;
  ThreeSegments() {
    for (uint64_t i = 0; i < 3; ++i) {
      TestSegment& s = disk.Open(&log, {Incarnation(1), i});
      s.Group({10, 10}, 0);
      s.Group({10, 10}, s.bytes.size());
      if (i < 2) s.Close();
    }
  }
  TestSegment& at(size_t i) { return *disk.segments[i]; }
};

TEST(DiskRecovery, NoSegmentsAreAnEmptyDisk) {
  SegmentDisk disk;
  DiskRecovery r = disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kEmpty);
  EXPECT_EQ(r.end.next_index, Index(1));
  EXPECT_EQ(disk.starts, 0);
}

TEST(DiskRecovery, SegmentsInAnyOrderGiveTheWholeLog) {
  ThreeSegments t;
  std::swap(t.disk.segments[0], t.disk.segments[2]);
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(1, 13));
  EXPECT_EQ(r.end.next_index, Index(13));
  EXPECT_EQ(r.end.next_lsn, Lsn(13));
  EXPECT_EQ(r.end.chain, t.log.position.chain);
  EXPECT_EQ(r.oldest, (Watermark{Index(1), Lsn(1)}));
  ASSERT_EQ(r.segments.size(), 3u);
  EXPECT_EQ(r.segments[1].first_index, Index(5));
  EXPECT_EQ(r.segments[1].end_index, Index(9));
  EXPECT_EQ(r.segments[2].file, 0u);
  EXPECT_EQ(r.start_state.next_index(), 1u);
}

TEST(DiskRecovery, TheTailOfTheNewestSegmentIsCut) {
  ThreeSegments t;
  t.at(2).bytes.resize(t.at(2).bytes.size() - kBlock + 300);
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kTornTail);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(1, 12));
  EXPECT_EQ(r.end.next_index, Index(12)) << "the first entry of the torn group is whole";
  EXPECT_GT(r.bytes_lost, 0u);
}

// The first segment says nothing of its last group's durability; that there is a second one does.
TEST(DiskRecovery, ALaterSegmentShowsWhatHadBeenSynced) {
  for (bool later : {true, false}) {
    TestLog log;
    SegmentDisk disk;
    TestSegment& first = disk.Open(&log, {Incarnation(1), 0});
    first.Group({10}, 0).Group({10}, 0);
    SegmentDisk::Wipe(&first, 1);
    first.bytes[first.groups[1].offset + 5] = 1;
    TestSegment& second = disk.Open(&log, {Incarnation(1), 1});
    if (!later) second.bytes[20] ^= 1;  // its opening was torn: it was never in force
    DiskRecovery r = disk.Recover();
    EXPECT_EQ(r.verdict, later ? DiskVerdict::kDamaged : DiskVerdict::kTornTail);
    EXPECT_EQ(r.end.next_index, Index(2));
    EXPECT_EQ(r.segments.size(), 1u);
    EXPECT_EQ(r.findings[1].role, later ? SegmentRole::kBeyondEnd : SegmentRole::kTornOpening);
    EXPECT_EQ(r.damage.has_value(), later);
  }
}

TEST(DiskRecovery, AMissingSegmentIsAGap) {
  for (bool closed : {true, false}) {
    ThreeSegments t;
    if (!closed) SegmentDisk::Wipe(&t.at(0), 2);  // the closing group
    t.disk.segments.erase(t.disk.segments.begin() + 1);
    DiskRecovery r = t.disk.Recover();
    EXPECT_EQ(r.verdict, DiskVerdict::kGap);
    EXPECT_EQ(r.end.next_index, Index(5));
    EXPECT_EQ(r.damage->first_unknown, Index(5));
    EXPECT_NE(r.sentence.find("the entries from 5 to 8 are in no file"), std::string::npos)
        << r.sentence;
  }
}

TEST(DiskRecovery, MissingOldestSegmentsAreOnlyNoted) {
  ThreeSegments t;
  t.disk.segments.erase(t.disk.segments.begin());
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(r.oldest, (Watermark{Index(5), Lsn(5)}));
  ASSERT_EQ(r.notes.size(), 1u);
  EXPECT_EQ(r.notes[0], "the entries from 1 to 4 are not on this disk");
}

// A truncation opens a segment at the cut: of the old one only what lies below counts.
TEST(DiskRecovery, OfOverlappingSegmentsTheLaterOpenedWinsFromItsBase) {
  TestLog log;
  SegmentDisk disk;
  TestSegment& old = disk.Open(&log, {Incarnation(1), 7});
  old.Group({10, 10}, 0);
  LogPosition cut = log.position;
  old.Group({10, 10, 10}, 0).Close();
  disk.Open(&log, {Incarnation(1), 8}).Group({10}, 0);
  TestLog fork;
  fork.position = cut;
  fork.position.epoch = {1, 2};
  disk.Open(&fork, {Incarnation(2), 0}).Group({20}, 0);
  DiskRecovery r = disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(disk.visited, SegmentDisk::Range(1, 4));
  EXPECT_EQ(r.end.chain, fork.position.chain);
  EXPECT_EQ(r.findings[1].role, SegmentRole::kSuperseded);
  EXPECT_EQ(r.segments[0].end_index, Index(3));
  ASSERT_EQ(r.epochs.size(), 2u);
  EXPECT_EQ(r.epochs[1].epoch(), 2u);
  EXPECT_EQ(r.epochs[1].first_index(), 3u);
}

TEST(DiskRecovery, TheOpenersOrderDecidesNotTheNames) {
  TestLog log;
  SegmentDisk disk;
  disk.Open(&log, {Incarnation(1), 0}).Group({10, 10, 10}, 0).Close();
  LogPosition end = log.position;
  disk.Open(&log, {Incarnation(2), 0}).Group({10}, 0);  // entry 4 …
  TestLog again;
  again.position = end;
  disk.Open(&again, {Incarnation(10), 0}).Group({77}, 0);  // … and again, by a later process
  DiskRecovery r = disk.Recover();
  EXPECT_EQ(disk.visited, SegmentDisk::Range(1, 5));
  EXPECT_EQ(r.end.chain, again.position.chain);
  EXPECT_EQ(r.findings[1].role, SegmentRole::kSuperseded);
}

// After a recovery that cut a damaged log, the damage is covered by the new segment.
TEST(DiskRecovery, DamageAboveTheBaseOfALaterSegmentDoesNotMatter) {
  ThreeSegments t;
  t.at(0).bytes[t.at(0).groups[1].offset] ^= 1;
  ASSERT_EQ(t.disk.Recover().end.next_index, Index(3));
  TestLog log;
  log.position = t.disk.Recover().end;
  log.position.epoch = {1, 0};
  t.disk.Open(&log, {Incarnation(2), 0}).Group({10}, 0);
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(1, 4));
  EXPECT_EQ(r.findings[1].role, SegmentRole::kSuperseded);
  EXPECT_EQ(r.findings[2].role, SegmentRole::kSuperseded);
}

TEST(DiskRecovery, WhatWasNeverOpenedCountsForNothing) {
  ThreeSegments t;
  TestSegment& empty = t.disk.Open(&t.log, {Incarnation(1), 3});
  empty.bytes.assign(kBlock, '\0');
  TestSegment& torn = t.disk.Open(&t.log, {Incarnation(1), 4});
  torn.bytes[20] ^= 1;
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(r.end.next_index, Index(13));
  EXPECT_EQ(r.findings[3].role, SegmentRole::kUnopened);
  EXPECT_EQ(r.findings[4].role, SegmentRole::kTornOpening);
}

TEST(DiskRecovery, ForeignAndNewerFilesStopIt) {
  ThreeSegments t;
  v1::SegmentDescription d = t.at(1).Description(0);
  d.set_layout_version(2);
  t.at(1).bytes = EncodeDescription(d);
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kNewerVersion);
  EXPECT_TRUE(t.disk.visited.empty());
  d.set_layout_version(1);
  d.set_journal_id(std::string(16, 'x'));
  t.at(1).bytes = EncodeDescription(d);
  r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kForeign);
  EXPECT_NE(r.sentence.find(t.at(1).name.ToFileName()), std::string::npos);
}

TEST(DiskRecovery, ReplaysOnlyWhatFillsTheRing) {
  ThreeSegments t;
  DiskRecovery r = t.disk.Recover(1);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(9, 13));
  EXPECT_EQ(t.disk.start_index, Index(9));
  EXPECT_EQ(r.start, 2u);
  EXPECT_EQ(r.segments.size(), 3u);
  EXPECT_EQ(r.oldest.index, Index(1));
  EXPECT_EQ(r.findings[0].role, SegmentRole::kTrusted);
  EXPECT_EQ(r.segments[0].end_index, Index(5));
  t.disk.Recover(2 * kBlock);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(9, 13)) << "two groups of a block each";
  t.disk.Recover(2 * kBlock + 1);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(5, 13));
  t.disk.Recover(uint64_t{1} << 40);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(1, 13));
}

TEST(DiskRecovery, DamageBelowTheReplayIsNotedAndDoesNotEndTheLog) {
  ThreeSegments t;
  t.disk.unreadable = 1;
  DiskRecovery r = t.disk.Recover(1);
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(9, 13));
  EXPECT_EQ(r.segments.size(), 2u) << "its entries are not available";
  ASSERT_EQ(r.notes.size(), 1u);
  // Where the replay must begin behind it, what it held is needed.
  r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kDamaged);
  EXPECT_EQ(r.end.next_index, Index(5));
}

TEST(DiskRecovery, TrimmedSegmentsThatACrashLeftAreNotNeeded) {
  ThreeSegments t;
  t.disk.segments.erase(t.disk.segments.begin() + 1);  // deleted before the first was
  TestSegment::oldest_index = Index(10);
  t.disk.Open(&t.log, {Incarnation(1), 3}).Group({10}, 0);
  TestSegment::oldest_index = Index(1);
  DiskRecovery r = t.disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kClean);
  EXPECT_EQ(t.disk.visited, SegmentDisk::Range(9, 14));
  EXPECT_EQ(r.findings[0].role, SegmentRole::kTrimmed);
}

TEST(DiskRecovery, WhereNothingCanBeReadTheEndIsKnownOnlyIfItIsTheBeginning) {
  for (size_t first : {0u, 1u}) {
    ThreeSegments t;
    t.disk.segments.erase(t.disk.segments.begin(),
                          t.disk.segments.begin() + static_cast<ptrdiff_t>(first));
    t.disk.unreadable = 0;
    DiskRecovery r = t.disk.Recover();
    EXPECT_EQ(r.verdict, DiskVerdict::kUnreadable);
    EXPECT_EQ(t.disk.starts, 0);
    EXPECT_EQ(r.end.next_index, Index(1 + 4 * first));
    EXPECT_EQ(r.end.next_lsn, Lsn(first == 0 ? 1 : 0));
  }
}

TEST(DiskRecovery, ASegmentOfAnotherHistoryDoesNotJoin) {
  TestLog log;
  SegmentDisk disk;
  disk.Open(&log, {Incarnation(1), 0}).Group({10, 10}, 0).Close();
  log.position.chain ^= 1;
  disk.Open(&log, {Incarnation(1), 1}).Group({10}, 0);
  DiskRecovery r = disk.Recover();
  EXPECT_EQ(r.verdict, DiskVerdict::kDamaged);
  EXPECT_EQ(r.end.next_index, Index(3));
  EXPECT_EQ(r.damage->file, 1u);
}

// Every combination of what can happen to each of three segments.
enum class Fate { kWhole, kAbsent, kZeroed, kBadDescription, kFirstGroup, kLastGroup };

void Apply(Fate fate, TestSegment* s) {
  if (fate == Fate::kZeroed) s->bytes.assign(s->bytes.size(), '\0');
  if (fate == Fate::kBadDescription) s->bytes[30] ^= 1;
  if (fate == Fate::kFirstGroup) s->bytes[s->groups[0].offset + 20] ^= 1;
  if (fate == Fate::kLastGroup) s->bytes[s->groups[1].offset + 20] ^= 1;
}

struct Outcome {
  DiskVerdict verdict;
  uint64_t next_index;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Expect(const Fate (&fates)[3]) {
  bool any = false;
  uint64_t next = 1;
  for (uint64_t i = 0; i < 3; ++i) {
    if (fates[i] == Fate::kAbsent || fates[i] == Fate::kZeroed) continue;
    uint64_t base = 1 + 4 * i;
    if (!any && fates[i] == Fate::kBadDescription) return {DiskVerdict::kUnreadable, base};
    if (!any) next = base;
    any = true;
    if (base > next) return {DiskVerdict::kGap, next};
    if (fates[i] == Fate::kBadDescription) return {DiskVerdict::kDamaged, next};
    if (fates[i] == Fate::kFirstGroup) return {DiskVerdict::kDamaged, next};
    // The closing group shows that the group before it had been synced; the open one has none.
    if (fates[i] == Fate::kLastGroup) {
      return {i < 2 ? DiskVerdict::kDamaged : DiskVerdict::kTornTail, next + 2};
    }
    next += 4;
  }
  return {any ? DiskVerdict::kClean : DiskVerdict::kEmpty, next};
}

TEST(DiskRecovery, EveryCombinationOfThreeSegmentsHasItsVerdict) {
  constexpr Fate kFates[] = {Fate::kWhole,          Fate::kAbsent,     Fate::kZeroed,
                             Fate::kBadDescription, Fate::kFirstGroup, Fate::kLastGroup};
  for (Fate a : kFates) {
    for (Fate b : kFates) {
      for (Fate c : kFates) {
        const Fate fates[3] = {a, b, c};
        ThreeSegments t;
        for (size_t i = 3; i-- > 0;) {
          Apply(fates[i], &t.at(i));
          if (fates[i] == Fate::kAbsent) {
            t.disk.segments.erase(t.disk.segments.begin() + static_cast<ptrdiff_t>(i));
          }
        }
        DiskRecovery r = t.disk.Recover();
        Outcome expected = Expect(fates);
        ASSERT_EQ(std::string(DiskVerdictText(r.verdict)), DiskVerdictText(expected.verdict))
            << int(a) << int(b) << int(c) << " " << r.sentence;
        ASSERT_EQ(r.end.next_index, Index(expected.next_index))
            << int(a) << int(b) << int(c) << " " << r.sentence;
      }
    }
  }
}

}  // namespace
}  // namespace ringjournal
