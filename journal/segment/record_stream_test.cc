#include "journal/segment/record_stream.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {
namespace {

using State = RecordRun::State;

struct Fixture {
  TestLog log;
  TestSegment segment{&log, {Incarnation(3), 1}, 200};
  std::string records;  // all of them, without framing

  Fixture() {
    segment.Group({10, 20, 30}, 0).Group({9000, 1}, 0).Group({}, 0);
    segment.Group({limits::kBlockBytes - kGroupHeaderBytes - kRecordOverheadBytes}, 0);
    segment.Group({5}, 0);
    for (const TestPart& part : segment.parts) {
      if (part.kind == TestPart::Kind::kRecord) {
        records += segment.bytes.substr(part.from, part.to - part.from);
      }
    }
    segment.UnusedBlocks(1);
  }
  RecordStream Stream(uint64_t offset, Index next = Index(0)) const {
    return RecordStream({segment.name.opener, offset, next});
  }
  // Reads on in chunks of `chunk_bytes`, or more where the stream needs more.
  std::string ReadAll(RecordStream stream, size_t chunk_bytes, State* end) const {
    std::string out;
    uint64_t want = chunk_bytes;
    while (true) {
      std::string chunk = segment.bytes.substr(stream.offset(), want);
      ByteSpan rest = AsBytes(chunk);
      RecordRun run = stream.Next(&rest);
      while (run.state == State::kRecords) {
        out += AsView(run.records);
        run = stream.Next(&rest);
      }
      *end = run.state;
      if (run.state != State::kNeedMore) return out;
      if (stream.offset() + run.need_bytes > segment.bytes.size()) return out;
      want = std::max<uint64_t>(chunk_bytes, run.need_bytes);
    }
  }
};

TEST(RecordStream, AnyChunkSizeGivesTheSameRecords) {
  Fixture f;
  for (size_t chunk : {1, 7, 77, 100, 142, 4096, 5000, 1 << 20}) {
    State end;
    EXPECT_EQ(f.ReadAll(f.Stream(0), chunk, &end), f.records) << chunk;
    EXPECT_EQ(end, State::kEnd) << chunk;
  }
}

TEST(RecordStream, StartsAtAnyGroupAndAtAnyRecord) {
  Fixture f;
  size_t skipped = 0;
  for (const TestPart& part : f.segment.parts) {
    bool record = part.kind == TestPart::Kind::kRecord;
    if (!record && part.kind != TestPart::Kind::kGroupHeader) continue;
    State end;
    RecordStream stream = f.Stream(part.from, part.position.next_index);
    EXPECT_EQ(f.ReadAll(stream, 4096, &end), f.records.substr(skipped)) << part.from;
    if (record) skipped += part.to - part.from;
  }
}

TEST(RecordStream, NamesWhatARunHolds) {
  Fixture f;
  ByteSpan chunk = AsBytes(f.segment.bytes);
  RecordStream stream = f.Stream(0);
  RecordRun run = stream.Next(&chunk);
  ASSERT_EQ(run.state, State::kRecords);
  EXPECT_EQ(run.first, Index(1));
  EXPECT_EQ(run.end, Index(4));
  EXPECT_EQ(run.first_lsn, Lsn(1));
  EXPECT_EQ(run.end_lsn, Lsn(4));
  EXPECT_EQ(stream.next_index(), Index(4));
}

TEST(RecordStream, TheClosingGroupIsTheEnd) {
  TestLog log;
  TestSegment segment(&log);
  segment.Group({5}, 0).Close();
  ByteSpan chunk = AsBytes(segment.bytes);
  RecordStream stream({segment.name.opener, 0, Index(0)});
  EXPECT_EQ(stream.Next(&chunk).state, State::kRecords);
  EXPECT_EQ(stream.Next(&chunk).state, State::kEnd);
}

TEST(RecordStream, GivesNoRecordBehindDamage) {
  Fixture f;
  for (const TestPart& part : f.segment.parts) {
    if (part.kind != TestPart::Kind::kRecord) continue;
    for (size_t at : {part.from + 20, part.to - 1}) {
      Fixture bad;
      bad.segment.bytes[at] ^= 4;
      State end;
      std::string got = bad.ReadAll(bad.Stream(0), 4096, &end);
      EXPECT_EQ(end, State::kDamaged);
      EXPECT_TRUE(f.records.starts_with(got));
      EXPECT_LT(got.size(), f.records.size());
    }
  }
}

// As the scan judges: the next group proves that no entry stood there.
TEST(RecordStream, PassesOverDamagedPaddingThatProvablyHeldNothing) {
  Fixture f;
  size_t tried = 0;
  for (const TestPart& part : f.segment.parts) {
    if (part.kind != TestPart::Kind::kPadding || part.group + 1 >= f.segment.groups.size())
      continue;
    for (size_t at : {part.from, part.from + 1, (part.from + part.to) / 2, part.to - 1}) {
      for (int mask : {0x01, 0x28, 0xff}) {  // 0x28 turns the tag of padding into an entry's
        Fixture bad;
        bad.segment.bytes[at] = static_cast<char>(bad.segment.bytes[at] ^ mask);
        ASSERT_NE(Scan(bad.segment.bytes, bad.segment.Options()).verdict, SegmentVerdict::kDamaged);
        for (size_t chunk : {7, 4096, 1 << 20}) {
          State end;
          ASSERT_EQ(bad.ReadAll(bad.Stream(0), chunk, &end), f.records) << at << " " << mask;
          ASSERT_EQ(end, State::kEnd) << at << " " << mask << " " << chunk;
          ++tried;
        }
      }
    }
  }
  EXPECT_GT(tried, 30u);
}

TEST(RecordStream, WhatALaterSegmentHoldsIsTheEndWhateverTheBytesAre) {
  Fixture f;
  for (const TestPart& part : f.segment.parts) {
    if (part.kind != TestPart::Kind::kRecord) continue;
    for (bool torn : {false, true}) {
      Fixture cut;
      if (torn) cut.segment.bytes[part.from + 20] ^= 1;
      RecordStream::Start start{cut.segment.name.opener, 0, Index(0), part.position.next_index};
      State end;
      std::string got = cut.ReadAll(RecordStream(start), 4096, &end);
      EXPECT_EQ(end, State::kEnd);
      size_t before = 0;
      for (const TestPart& p : f.segment.parts) {
        if (p.kind == TestPart::Kind::kRecord && p.from < part.from) before += p.to - p.from;
      }
      EXPECT_EQ(got, f.records.substr(0, before));
    }
  }
}

TEST(RecordStream, AnEntryThatDoesNotFollowIsDamage) {
  Fixture f;
  ByteSpan chunk = AsBytes(f.segment.bytes);
  EXPECT_EQ(f.Stream(0, Index(2)).Next(&chunk).state, State::kDamaged);
}

}  // namespace
}  // namespace ringjournal
