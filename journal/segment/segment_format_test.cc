#include "journal/segment/segment_format.h"

#include "gtest/gtest.h"
#include "journal/base/checksum.h"

namespace ringjournal {
namespace {

v1::SegmentDescription Example() {
  v1::SegmentDescription d;
  d.set_journal_id(std::string(16, 'j'));
  d.set_first_index(5);
  d.set_first_lsn(9);
  d.set_chain_before(77);
  d.set_opener_incarnation(3);
  d.mutable_state()->set_next_index(5);
  d.mutable_state()->set_next_lsn(9);
  d.mutable_state()->set_chain(77);
  return d;
}

DescriptionVerdict Decode(const std::string& file) {
  v1::SegmentDescription d;
  size_t bytes = 0;
  return DecodeDescription(AsBytes(file), &d, &bytes);
}

TEST(Padding, FillsEveryGapExactlyAndTheGeneratedParserReadsIt) {
  for (size_t gap : {2, 3, 127, 128, 129, 130, 131, 132, 4096, 16385, 16386, 16387, 16388}) {
    std::string bytes(gap + 1, 'x');
    WritePadding(reinterpret_cast<std::byte*>(bytes.data()), gap);
    EXPECT_EQ(bytes.back(), 'x') << gap;
    bytes.pop_back();
    EXPECT_TRUE(IsPadding(AsBytes(bytes))) << gap;
    v1::Entries entries;
    ASSERT_TRUE(entries.ParseFromString(bytes)) << gap;
    ASSERT_EQ(entries.padding_size(), 1) << gap;
    EXPECT_EQ(entries.padding(0), std::string(entries.padding(0).size(), '\0')) << gap;
  }
}

TEST(Padding, AnyChangedByteIsNoPadding) {
  for (size_t gap : {2, 130, 300}) {
    std::string good(gap, '\0');
    WritePadding(reinterpret_cast<std::byte*>(good.data()), gap);
    for (size_t i = 0; i < gap; ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
        EXPECT_FALSE(IsPadding(AsBytes(bad))) << gap << " " << i << " " << bit;
      }
      EXPECT_EQ(IsPadding(AsBytes(good.substr(0, i))), i == 0);
    }
  }
}

TEST(Padding, AGapOfOneByteGrowsByABlock) {
  EXPECT_EQ(PaddedBytes(4096), 4096u);
  EXPECT_EQ(PaddedBytes(4095), 8192u);
  EXPECT_EQ(PaddedBytes(4094), 4096u);
  EXPECT_EQ(PaddedBytes(4097), 8192u);
  EXPECT_EQ(GroupBytes(0), 4096u);
}

TEST(Description, RoundTripsInWholeBlocks) {
  std::string file = EncodeDescription(Example());
  EXPECT_EQ(file.size(), limits::kBlockBytes);
  v1::SegmentDescription d;
  size_t bytes = 0;
  ASSERT_EQ(DecodeDescription(AsBytes(file), &d, &bytes), DescriptionVerdict::kOk);
  EXPECT_EQ(PaddedBytes(bytes), file.size());
  EXPECT_EQ(d.layout_version(), 1u);
  EXPECT_EQ(PositionBefore(d).next_lsn, Lsn(9));
  EXPECT_EQ(OpenerOf(d).incarnation, Incarnation(3));
  v1::Entries entries;
  ASSERT_TRUE(entries.ParseFromString(file));
  EXPECT_EQ(entries.descriptions(0).chain_before(), 77u);
  EXPECT_EQ(entries.descriptions(0).crc32c(), Load32(file.data() + kRecordPrefixBytes + 1));
}

TEST(Description, EveryFlipAndCutIsFound) {
  std::string file = EncodeDescription(Example());
  v1::SegmentDescription d;
  size_t bytes = 0;
  ASSERT_EQ(DecodeDescription(AsBytes(file), &d, &bytes), DescriptionVerdict::kOk);
  for (size_t i = 0; i < bytes; ++i) {
    EXPECT_EQ(Decode(file.substr(0, i)), DescriptionVerdict::kCutOff) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = file;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      DescriptionVerdict verdict = Decode(bad);
      if (i == 0) {
        EXPECT_EQ(verdict, DescriptionVerdict::kNotADescription);
      } else if (i < kRecordPrefixBytes) {  // a length that is too long looks cut off
        EXPECT_TRUE(verdict == DescriptionVerdict::kDamaged ||
                    verdict == DescriptionVerdict::kCutOff);
      } else {
        EXPECT_EQ(verdict, DescriptionVerdict::kDamaged) << i;
      }
    }
  }
}

TEST(Description, ANewerLayoutIsNamedAsSuch) {
  v1::SegmentDescription d = Example();
  d.set_layout_version(2);
  EXPECT_EQ(Decode(EncodeDescription(d)), DescriptionVerdict::kNewerVersion);
}

TEST(Description, AStateThatStandsElsewhereIsDamage) {
  v1::SegmentDescription d = Example();
  d.mutable_state()->set_chain(78);
  EXPECT_EQ(Decode(EncodeDescription(d)), DescriptionVerdict::kDamaged);
}

GroupHeader ExampleGroup() {
  GroupHeader h;
  h.length = 8192;
  h.segment_offset = 4096;
  h.first_index = Index(5);
  h.committed = {Index(4), Lsn(8)};
  h.opener = {Incarnation(3), 0};
  return h;
}

TEST(GroupHeader, HasAConstantSizeAndTheGeneratedParserReadsIt) {
  std::string bytes(kGroupHeaderBytes, '\0');
  EncodeGroupHeader(ExampleGroup(), reinterpret_cast<std::byte*>(bytes.data()));
  v1::Entries entries;
  ASSERT_TRUE(entries.ParseFromString(bytes));
  ASSERT_EQ(entries.groups_size(), 1);
  EXPECT_EQ(entries.groups(0).length(), 8192u);
  EXPECT_EQ(entries.groups(0).commit_lsn(), 8u);
  EXPECT_EQ(entries.groups(0).opener_incarnation(), 3u);
  EXPECT_FALSE(entries.groups(0).closing());
  GroupHeader read;
  ASSERT_TRUE(DecodeGroupHeader(AsBytes(bytes), &read));
  EXPECT_EQ(read.first_index, Index(5));
  EXPECT_EQ(read.committed, (Watermark{Index(4), Lsn(8)}));
  EXPECT_TRUE(BelongsAt(read, ExampleGroup().opener, 4096));
}

TEST(GroupHeader, EveryFlipAndCutIsFound) {
  std::string good(kGroupHeaderBytes, '\0');
  EncodeGroupHeader(ExampleGroup(), reinterpret_cast<std::byte*>(good.data()));
  GroupHeader read;
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(DecodeGroupHeader(AsBytes(good.substr(0, i)), &read));
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(DecodeGroupHeader(AsBytes(bad), &read)) << i;
    }
  }
}

TEST(GroupHeader, BelongsOnlyToItsPlaceAndItsOpener) {
  GroupHeader h = ExampleGroup();
  EXPECT_FALSE(BelongsAt(h, h.opener, 8192));
  EXPECT_FALSE(BelongsAt(h, {Incarnation(3), 1}, 4096));
  EXPECT_FALSE(BelongsAt(h, {Incarnation(4), 0}, 4096));
  h.length = 4095;
  EXPECT_FALSE(BelongsAt(h, h.opener, 4096));
  h = ExampleGroup();
  h.durable_offset = 8192;
  EXPECT_FALSE(BelongsAt(h, h.opener, 4096)) << "nothing behind a group is synced before it";
}

}  // namespace
}  // namespace ringjournal
