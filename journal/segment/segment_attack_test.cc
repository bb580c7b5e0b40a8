// Every byte of a segment is flipped and the file is cut at every length; the exact verdict and the
// exact end are expected, computed from a model of what each byte is.
#include <algorithm>

#include "gtest/gtest.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {
namespace {

using Kind = TestPart::Kind;
constexpr uint64_t kBlock = limits::kBlockBytes;

enum class Tail { kClosed, kUnused, kZeros };

struct Expected {
  SegmentVerdict verdict;
  Index next_index;
  uint64_t end_offset = 0;
};

// A segment with small groups, groups of several blocks, a group that fills its blocks exactly and
// one that a gap of a single byte made longer; durable offsets lag behind as with writes in flight.
struct Attacked {
  TestLog log;
  TestSegment segment;
  bool closed;

  explicit Attacked(Tail tail)
      : segment(&log, {Incarnation(3), 1}, 200), closed(tail == Tail::kClosed) {
    uint64_t d = segment.bytes.size();
    EXPECT_GT(d, kBlock) << "a description of several blocks";
    segment.Group({0, 100, 7}, 0);
    segment.Group({kBlock - 1 - kGroupHeaderBytes - kRecordOverheadBytes}, 0);  // gap of one byte
    segment.Group({kBlock - kGroupHeaderBytes - kRecordOverheadBytes}, d);      // no gap at all
    segment.Group({5000, 40, 3000}, segment.groups[1].offset);
    segment.Group({9}, segment.groups[1].offset);
    segment.Group({}, segment.groups[3].offset);  // an empty group is valid, too
    segment.Group({50, 60}, segment.groups[3].offset);
    if (tail == Tail::kClosed) segment.Close();
    if (tail == Tail::kUnused) segment.UnusedBlocks(2);
    if (tail == Tail::kZeros) segment.Zeros(2 * kBlock);
  }

  // The highest durable offset that group headers behind group `g` state.
  uint64_t DurableBehind(size_t g) const {
    uint64_t durable = 0;
    for (size_t i = g + 1; i < segment.groups.size(); ++i) {
      durable = std::max(durable, segment.groups[i].durable_offset);
    }
    return durable;
  }
  Expected Whole() const {
    uint64_t end = segment.bytes.size() - (closed ? 0 : 2 * kBlock);
    return {closed ? SegmentVerdict::kClosed : SegmentVerdict::kOpenEnd, log.position.next_index,
            end};
  }
  Expected StopAt(const TestPart& part) const {
    bool synced = DurableBehind(part.group) > part.from;
    return {synced ? SegmentVerdict::kDamaged : SegmentVerdict::kTornTail, part.position.next_index,
            part.from};
  }

  Expected AfterFlip(size_t byte) const {
    auto part = std::find_if(segment.parts.begin(), segment.parts.end(),
                             [&](const TestPart& p) { return byte >= p.from && byte < p.to; });
    if (part == segment.parts.end()) {  // room behind the last group
      return {SegmentVerdict::kTornTail, log.position.next_index, Whole().end_offset};
    }
    switch (part->kind) {
      case Kind::kDescription:  // later groups show that it was synced
        return {SegmentVerdict::kDamaged, Index(1), 0};
      case Kind::kDescriptionPadding:
        return Whole();
      case Kind::kPadding: {
        bool closing = segment.groups[part->group].closing;
        bool proven = closing || part->group + 1 < segment.groups.size();
        return proven ? Whole() : StopAt(*part);
      }
      case Kind::kGroupHeader:
      case Kind::kRecord:
        return StopAt(*part);
    }
    return Whole();
  }

  Expected AfterCut(size_t length) const {
    if (length == 0) return {SegmentVerdict::kEmpty, Index(1), 0};
    for (const TestPart& part : segment.parts) {
      if (length >= part.to) continue;
      bool boundary =
          length == part.from && part.from % kBlock == 0 && part.kind == Kind::kGroupHeader;
      switch (part.kind) {
        case Kind::kDescription:
          return {SegmentVerdict::kBadDescription, Index(1), 0};
        case Kind::kDescriptionPadding:  // the padding's loss is nothing
          return {SegmentVerdict::kOpenEnd, Index(1), length};
        case Kind::kPadding:
          if (segment.groups[part.group].closing) {
            return {SegmentVerdict::kClosed, log.position.next_index, length};
          }
          return {SegmentVerdict::kTornTail, part.position.next_index, part.from};
        case Kind::kGroupHeader:
        case Kind::kRecord:
          return {boundary ? SegmentVerdict::kOpenEnd : SegmentVerdict::kTornTail,
                  part.position.next_index, part.from};
      }
    }
    Expected whole = Whole();
    return {whole.verdict, whole.next_index, whole.end_offset};
  }
};

std::string Show(SegmentVerdict verdict, Index next, uint64_t end) {
  return std::string(SegmentVerdictText(verdict)) + ", next entry " + std::to_string(next.value()) +
         ", end at " + std::to_string(end);
}

void ExpectExactly(const Expected& e, const SegmentScan& scan, const std::string& what) {
  ASSERT_EQ(Show(scan.verdict, scan.position.next_index, scan.end_offset),
            Show(e.verdict, e.next_index, e.end_offset))
      << what << ": " << scan.sentence;
}

// Several patterns for each byte; one, that wanders, inside a run of zeros, of which there are
// many.
std::vector<int> Masks(const std::string& bytes, size_t i) {
  bool inside_zeros = i >= 8 && bytes.compare(i - 8, 9, std::string(9, '\0')) == 0;
  if (inside_zeros) return {1 << (i % 8)};
  return {0x01, 0x28, 0x80, 0xff};  // 0x28 turns the tag of padding into an entry's
}

class SegmentAttack : public testing::TestWithParam<Tail> {};

TEST_P(SegmentAttack, EveryFlippedByteGivesTheExactVerdict) {
  Attacked a(GetParam());
  ExpectExactly(a.Whole(), Scan(a.segment.bytes, a.segment.Options()), "untouched");
  std::string bytes = a.segment.bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    Expected expected = a.AfterFlip(i);
    for (int mask : Masks(bytes, i)) {
      bytes[i] = static_cast<char>(bytes[i] ^ mask);
      ExpectExactly(expected, Scan(bytes, a.segment.Options()),
                    "byte " + std::to_string(i) + " xor " + std::to_string(mask));
      if (HasFatalFailure()) return;
      bytes[i] = a.segment.bytes[i];
    }
  }
}

TEST_P(SegmentAttack, EveryCutGivesTheExactVerdict) {
  Attacked a(GetParam());
  for (size_t n = 0; n <= a.segment.bytes.size(); ++n) {
    ExpectExactly(a.AfterCut(n), Scan(a.segment.bytes.substr(0, n), a.segment.Options()),
                  "cut at " + std::to_string(n));
    if (HasFatalFailure()) return;
  }
}

TEST_P(SegmentAttack, EveryLostBlockGivesTheExactVerdict) {
  Attacked a(GetParam());
  for (size_t at = 0; at < a.segment.bytes.size(); at += kBlock) {
    std::string bytes = a.segment.bytes;
    if (IsUnused(AsBytes(bytes).subspan(at, kBlock), at)) continue;
    for (size_t i = at; i < at + kBlock; ++i) bytes[i] = 'x';
    // As if the first byte in it that matters had been flipped.
    Expected expected = a.Whole();
    for (size_t i = at; i < at + kBlock; ++i) {
      Expected e = a.AfterFlip(i);
      if (e.end_offset < expected.end_offset) {
        expected = e;
        break;
      }
    }
    ExpectExactly(expected, Scan(bytes, a.segment.Options()), "block at " + std::to_string(at));
    if (HasFatalFailure()) return;
  }
}

// A file that nobody writes any more is cut to what it is needed for: nothing that a scan says may
// change, whatever state the file is in.
void ExpectTheSameBehindTheCut(const std::string& bytes, const ScanOptions& options,
                               const std::string& what) {
  const SegmentScan whole = Scan(bytes, options);
  const uint64_t needed = NeededBytes(whole, bytes.size(), whole.position.next_index);
  ASSERT_LE(needed, bytes.size());
  const SegmentScan cut = Scan(bytes.substr(0, needed), options);
  ASSERT_EQ(cut.sentence, whole.sentence) << what;
  ASSERT_EQ(Show(cut.verdict, cut.position.next_index, cut.end_offset),
            Show(whole.verdict, whole.position.next_index, whole.end_offset))
      << what;
  ASSERT_EQ(cut.committed.index, whole.committed.index) << what;
  ASSERT_EQ(cut.durable_before, whole.durable_before) << what;
  ASSERT_EQ(cut.bytes_lost, whole.bytes_lost) << what;
}

TEST_P(SegmentAttack, WhatIsNotNeededChangesNoVerdict) {
  Attacked a(GetParam());
  std::string bytes = a.segment.bytes;
  EXPECT_EQ(NeededBytes(Scan(bytes, a.segment.Options()), bytes.size(), std::nullopt),
            a.Whole().end_offset);
  constexpr size_t kStep = 5;  // comes to every place of a block in turn
  for (size_t i = 0; i < bytes.size(); i += kStep) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x28);
    ExpectTheSameBehindTheCut(bytes, a.segment.Options(), "byte " + std::to_string(i));
    if (HasFatalFailure()) return;
    bytes[i] = a.segment.bytes[i];
  }
  for (size_t n = 0; n <= bytes.size(); n += kStep) {
    ExpectTheSameBehindTheCut(bytes.substr(0, n), a.segment.Options(), "cut " + std::to_string(n));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Tails, SegmentAttack,
                         testing::Values(Tail::kClosed, Tail::kUnused, Tail::kZeros),
                         [](const auto& info) {
                           return info.param == Tail::kClosed   ? "Closed"
                                  : info.param == Tail::kUnused ? "Open"
                                                                : "OpenBeforeAHole";
                         });

// Without any group behind it a bad description is a torn opening.
TEST(SegmentAttack, ADescriptionAloneIsATornOpening) {
  TestLog log;
  TestSegment segment(&log);
  size_t described = segment.parts[0].to;
  for (size_t i = 0; i < segment.bytes.size(); ++i) {
    std::string bytes = segment.bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x40);
    SegmentVerdict expected = i == 0          ? SegmentVerdict::kNotASegment
                              : i < described ? SegmentVerdict::kBadDescription
                                              : SegmentVerdict::kOpenEnd;
    ASSERT_EQ(Scan(bytes, segment.Options()).verdict, expected) << i;
  }
}

TEST(SegmentAttack, OnlyUnusedBlocksAndZerosAreEmpty) {
  EXPECT_EQ(Scan("", {}).verdict, SegmentVerdict::kEmpty);
  EXPECT_EQ(Scan(UnusedBlock() + UnusedBlock(), {}).verdict, SegmentVerdict::kEmpty);
  for (size_t i = 0; i < 2 * kBlock; ++i) {
    std::string bytes = UnusedBlock() + UnusedBlock();
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    ASSERT_EQ(Scan(bytes, {}).verdict,
              i < kBlock ? SegmentVerdict::kNotASegment : SegmentVerdict::kBadDescription)
        << i;
  }
  EXPECT_EQ(Scan(std::string(3 * kBlock, '\0'), {}).verdict, SegmentVerdict::kEmpty);
  std::string late(3 * kBlock, '\0');
  late.back() = 1;
  EXPECT_EQ(Scan(late, {}).verdict, SegmentVerdict::kBadDescription);
  ScanOptions synced;
  synced.known_durable_offset = kBlock;
  EXPECT_EQ(Scan("", synced).verdict, SegmentVerdict::kDamaged);
}

}  // namespace
}  // namespace ringjournal
