// What is cut off a segment that nobody writes any more, and what is not.
#include "server/driver/segment_tails.h"

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/file.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kRoom = 20;  // blocks made ahead

class SegmentTails : public ::testing::Test {
 protected:
  SegmentTails() {
    std::string made = ::testing::TempDir() + "/tails_XXXXXX";
    directory_ = mkdtemp(made.data());
  }
  ~SegmentTails() override {
    const std::vector<std::string> names = *io::ListDirectory(directory_);
    for (const std::string& name : names) (void)io::RemoveFile(PathOf(name));
    (void)io::RemoveDirectory(directory_);
  }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  std::string Put(const TestSegment& segment, const std::string& bytes) {
    const std::string name = segment.name.ToFileName();
    EXPECT_TRUE(io::WriteFileAtomically(PathOf(name), bytes).ok());
    return name;
  }
  std::string Get(const std::string& name) const { return *io::ReadWholeFile(PathOf(name)); }
  std::vector<OlderSegment> Older(uint64_t incarnation) const {
    return OlderSegments(directory_, TestSegment::Journal(), Incarnation(incarnation));
  }
  // As a start of this incarnation does it.
  int64_t Cut(uint64_t incarnation = 4) {
    int64_t given_back = 0;
    for (const OlderSegment& segment : Older(incarnation)) {
      const auto tail = UnusedTail(segment, stop_);
      if (tail.has_value()) given_back += CutTail(*tail);
    }
    return given_back;
  }

  std::atomic<bool> stop_ = false;
  TestLog log_;
  std::string directory_;
};

TEST_F(SegmentTails, RoomBehindTheLastGroupIsGivenBack) {
  TestSegment segment(&log_);
  segment.Group({100, 200}, 0);
  const std::string used = segment.bytes;
  segment.UnusedBlocks(kRoom);
  const std::string name = Put(segment, segment.bytes);
  EXPECT_EQ(Cut(), static_cast<int64_t>(kRoom * limits::kBlockBytes));
  EXPECT_EQ(Get(name), used);
  EXPECT_EQ(Scan(Get(name), segment.Options()).verdict, SegmentVerdict::kOpenEnd);
  EXPECT_EQ(Cut(), 0) << "once";
}

TEST_F(SegmentTails, RoomBehindAClosingGroupIsGivenBack) {
  TestSegment segment(&log_);
  segment.Group({100}, 0).Close();
  const std::string used = segment.bytes;
  segment.UnusedBlocks(kRoom);
  const std::string name = Put(segment, segment.bytes);
  EXPECT_EQ(Cut(), static_cast<int64_t>(kRoom * limits::kBlockBytes));
  EXPECT_EQ(Scan(Get(name), segment.Options()).verdict, SegmentVerdict::kClosed);
}

TEST_F(SegmentTails, DamageKeepsAllOfTheFile) {
  TestSegment segment(&log_);
  segment.Group({100}, 0);
  segment.Group({100}, segment.bytes.size());
  segment.UnusedBlocks(kRoom);
  std::string bytes = segment.bytes;
  bytes[segment.groups[0].offset + kGroupHeaderBytes] ^= 1;
  ASSERT_EQ(Scan(bytes, segment.Options()).verdict, SegmentVerdict::kDamaged);
  const std::string name = Put(segment, bytes);
  EXPECT_EQ(Cut(), 0);
  EXPECT_EQ(Get(name), bytes);
}

// What follows a hole was never known to be synced. It might be damage, until a segment that was
// opened later shows that the log went on right there.
TEST_F(SegmentTails, ATornTailIsKeptUntilTheNextSegmentBeginsBehindWhatIsWhole) {
  TestSegment segment(&log_);
  segment.Group({10}, 0);
  const size_t from = segment.bytes.size();
  TestLog next = log_;
  segment.Group({10}, 0).Group({10}, 0);
  const std::string used = segment.bytes;
  segment.UnusedBlocks(kRoom);
  std::string bytes = segment.bytes;
  bytes.replace(from, limits::kBlockBytes, UnusedBlock());
  const std::string name = Put(segment, bytes);
  EXPECT_EQ(Cut(), 0);
  EXPECT_EQ(Get(name), bytes);

  TestSegment later(&log_, {Incarnation(4), 1});  // behind what the hole hides: that is damage
  const std::string other = Put(later, later.bytes);
  EXPECT_EQ(Cut(5), 0);
  EXPECT_EQ(Get(name), bytes);
  ASSERT_TRUE(io::RemoveFile(PathOf(other)).ok());

  TestSegment right_behind(&next, {Incarnation(4), 1});
  Put(right_behind, right_behind.bytes);
  EXPECT_EQ(Cut(5), static_cast<int64_t>(kRoom * limits::kBlockBytes));
  EXPECT_EQ(Get(name), bytes.substr(0, used.size()));
  EXPECT_EQ(Scan(Get(name), segment.Options()).verdict, SegmentVerdict::kTornTail);
}

TEST_F(SegmentTails, WhatThisProcessWritesAndWhatIsNoSegmentStaysAsItIs) {
  TestSegment segment(&log_, {Incarnation(4), 1});
  segment.Group({10}, 0).UnusedBlocks(kRoom);
  const std::string name = Put(segment, segment.bytes);
  EXPECT_TRUE(io::WriteFileAtomically(PathOf("spare-4-1"), UnusedBlock()).ok());
  EXPECT_TRUE(io::WriteFileAtomically(PathOf("notes.txt"), UnusedBlock()).ok());
  EXPECT_EQ(Cut(4), 0);
  EXPECT_EQ(Get(name), segment.bytes);
  EXPECT_THAT(*io::ListDirectory(directory_), ElementsAre(name, "notes.txt", "spare-4-1"));
}

TEST_F(SegmentTails, AStopEndsTheReading) {
  TestSegment segment(&log_);
  segment.Group({10}, 0).UnusedBlocks(kRoom);
  Put(segment, segment.bytes);
  stop_ = true;
  EXPECT_EQ(Cut(), 0);
}

TEST_F(SegmentTails, AFileThatIsGoneByThenIsNotMissed) {
  TestSegment segment(&log_);
  segment.Group({10}, 0).UnusedBlocks(kRoom);
  const std::string name = Put(segment, segment.bytes);
  const auto tail = UnusedTail({PathOf(name), std::nullopt}, stop_);
  ASSERT_TRUE(tail.has_value());
  ASSERT_TRUE(io::RemoveFile(PathOf(name)).ok());
  EXPECT_EQ(CutTail(*tail), 0);
  EXPECT_FALSE(UnusedTail({PathOf(name), std::nullopt}, stop_).has_value());
  EXPECT_THAT(OlderSegments(directory_ + "/none", TestSegment::Journal(), Incarnation(4)),
              IsEmpty());
}

TEST_F(SegmentTails, AFileThatWasMadeAndNeverOpenedKeepsABlock) {
  TestSegment segment(&log_);
  std::string bytes;
  while (bytes.size() < kRoom * limits::kBlockBytes) bytes += UnusedBlock();
  const std::string name = Put(segment, bytes);
  EXPECT_EQ(Cut(), static_cast<int64_t>((kRoom - 1) * limits::kBlockBytes));
  EXPECT_EQ(Scan(Get(name), segment.Options()).verdict, SegmentVerdict::kEmpty);
  EXPECT_EQ(Cut(), 0);
}

TEST_F(SegmentTails, ASegmentOfAnotherJournalStaysAsItIs) {
  TestSegment segment(&log_);
  segment.name.journal.bytes.fill(9);
  segment.Group({10}, 0).UnusedBlocks(kRoom);
  const std::string name = Put(segment, segment.bytes);
  EXPECT_EQ(Cut(), 0);
  EXPECT_EQ(Get(name), segment.bytes);
}

}  // namespace
}  // namespace ringjournal
