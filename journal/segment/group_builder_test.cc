#include "journal/segment/group_builder.h"

#include "gtest/gtest.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {
namespace {

GroupInfo InfoAt(uint64_t offset) {
  GroupInfo info;
  info.segment_offset = offset;
  info.first_index = Index(1);
  info.opener = {Incarnation(3), 1};
  return info;
}

TEST(GroupBuilder, ARunOfRecordsIsTakenAsItIs) {
  TestStaging staging;
  TestLog log;
  GroupBuilder builder(staging.span());
  std::string run = log.Record(10) + log.Record(5000) + log.Record(0, 0);
  builder.Start(InfoAt(4096));
  EXPECT_TRUE(builder.empty());
  builder.Add(AsBytes(run));
  ByteSpan group = builder.Finish();
  EXPECT_EQ(group.size() % limits::kBlockBytes, 0u);
  EXPECT_EQ(group.size(), GroupBytes(run.size()));
  EXPECT_EQ(AsView(group.subspan(kGroupHeaderBytes, run.size())), run);
  EXPECT_TRUE(IsPadding(group.subspan(kGroupHeaderBytes + run.size())));
  GroupHeader header;
  ASSERT_TRUE(DecodeGroupHeader(group, &header));
  EXPECT_EQ(header.length, group.size());
}

// Every remainder modulo the block, the gap of one byte among them.
TEST(GroupBuilder, EverySizeIsPaddedToWholeBlocks) {
  TestStaging staging;
  GroupBuilder builder(staging.span());
  for (size_t body = 0; body < 2 * limits::kBlockBytes; ++body) {
    TestLog log;
    std::string record = log.Record(body);
    builder.Start(InfoAt(0));
    builder.Add(AsBytes(record));
    ByteSpan group = builder.Finish();
    ASSERT_EQ(group.size() % limits::kBlockBytes, 0u) << body;
    ASSERT_TRUE(IsPadding(group.subspan(kGroupHeaderBytes + record.size()))) << body;
  }
}

TEST(GroupBuilder, TakesRecordsUpToTheLimit) {
  TestStaging staging;
  TestLog log;
  GroupBuilder builder(staging.span());
  builder.Start(InfoAt(0));
  std::string first = log.Record(100);
  builder.Add(AsBytes(first));
  size_t room = builder.room_bytes();
  EXPECT_TRUE(builder.Fits(room));
  EXPECT_FALSE(builder.Fits(room + 1));
  builder.Add(AsBytes(log.Record(room - kRecordOverheadBytes)));
  EXPECT_EQ(builder.room_bytes(), 0u);
  EXPECT_EQ(builder.Finish().size(), limits::kGroupBytesMax);
}

TEST(GroupBuilder, TheLargestRecordFitsAlone) {
  TestStaging staging;
  TestLog log;
  GroupBuilder builder(staging.span());
  builder.Start(InfoAt(0));
  std::string largest = log.Record(limits::kFrameBytesMax);
  ASSERT_TRUE(builder.Fits(largest.size()));
  builder.Add(AsBytes(largest));
  EXPECT_FALSE(builder.Fits(kRecordOverheadBytes));
  ByteSpan group = builder.Finish();
  EXPECT_LE(group.size(), kGroupStagingBytes);
  builder.Start(InfoAt(group.size()));
  builder.Add(AsBytes(log.Record(1)));
  EXPECT_FALSE(builder.Fits(largest.size())) << "only alone";
}

TEST(GroupBuilder, AClosingGroupTakesNoEntries) {
  TestStaging staging;
  GroupBuilder builder(staging.span());
  GroupInfo info = InfoAt(8192);
  info.closing = true;
  builder.Start(info);
  EXPECT_FALSE(builder.Fits(1));
  GroupHeader header;
  ASSERT_TRUE(DecodeGroupHeader(builder.Finish(), &header));
  EXPECT_TRUE(header.closing);
}

}  // namespace
}  // namespace ringjournal
