#include <string>

#include "gtest/gtest.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/base/types.h"

namespace ringjournal {
namespace {

// The oracle: bit by bit from the polynomial.
uint32_t SlowCrc32c(std::string_view s) {
  uint32_t crc = ~0u;
  for (unsigned char c : s) {
    crc ^= c;
    for (int k = 0; k < 8; ++k) crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
  }
  return ~crc;
}

TEST(Checksum, Crc32cMatchesTheStandardVectorAndTheOracle) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32c({}), 0u);
  std::string s;
  for (int i = 0; i < 3000; ++i) {
    s.push_back(static_cast<char>(i * 131 + (i >> 3)));
    if (i % 97 == 0 || i < 300) {  // every tail, on both sides of where folding begins
      EXPECT_EQ(Crc32c(AsBytes(s)), SlowCrc32c(s)) << i;
    }
  }
}

TEST(Checksum, ExtendingEqualsOnePass) {
  std::string s(1000, 'x');
  s[500] = 'y';
  for (size_t cut : {0u, 1u, 7u, 499u, 1000u}) {
    uint32_t first = Crc32c(AsBytes(std::string_view(s).substr(0, cut)));
    EXPECT_EQ(Crc32cExtend(first, AsBytes(std::string_view(s).substr(cut))), Crc32c(AsBytes(s)));
  }
}

TEST(Checksum, TheChainDependsOnWhatCameBefore) {
  EXPECT_NE(ChainHash(1, AsBytes("a")), ChainHash(2, AsBytes("a")));
  EXPECT_EQ(ChainHash(0, AsBytes("a")), 0xe6c632b61e964e1full);  // XXH3-64("a"), seed 0
}

TEST(Varint, RoundTripsAndRefusesWhatIsCutOrTooLong) {
  for (uint64_t v : {0ull, 1ull, 127ull, 128ull, 300ull, 1ull << 28, ~0ull}) {
    std::byte buf[10];
    std::byte* end = WriteVarint(buf, v);
    EXPECT_EQ(static_cast<size_t>(end - buf), VarintSize(v));
    const std::byte* pos = buf;
    uint64_t got = 0;
    ASSERT_TRUE(ReadVarint(&pos, end, &got));
    EXPECT_EQ(got, v);
    EXPECT_EQ(pos, end);
    pos = buf;
    EXPECT_FALSE(ReadVarint(&pos, end - 1, &got));
    EXPECT_EQ(pos, buf);
  }
  std::string eleven(11, '\xff');
  const std::byte* pos = AsBytes(eleven).data();
  uint64_t got = 0;
  EXPECT_FALSE(ReadVarint(&pos, pos + 11, &got));
}

TEST(Varint, TheFourByteFormIsAVarint) {
  for (uint32_t v : {0u, 1u, 127u, 128u, 70000u, (1u << 28) - 1}) {
    std::byte buf[4];
    WriteVarint4(buf, v);
    const std::byte* pos = buf;
    uint64_t parsed = 0;
    ASSERT_TRUE(ReadVarint(&pos, buf + 4, &parsed));
    EXPECT_EQ(parsed, v);
    EXPECT_EQ(pos, buf + 4);
    uint32_t four = 0;
    ASSERT_TRUE(ReadVarint4(buf, &four));
    EXPECT_EQ(four, v);
  }
  std::byte minimal[4] = {std::byte{5}, std::byte{0x80}, std::byte{0x80}, std::byte{0}};
  uint32_t v;
  EXPECT_FALSE(ReadVarint4(minimal, &v));
}

TEST(JournalId, HexRoundTrips) {
  JournalId id;
  for (int i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(i * 17);
  JournalId back;
  ASSERT_TRUE(JournalId::FromHex(id.ToHex(), &back));
  EXPECT_EQ(back, id);
  EXPECT_FALSE(JournalId::FromHex("00", &back));
  EXPECT_FALSE(JournalId::FromHex(std::string(32, 'g'), &back));
}

}  // namespace
}  // namespace ringjournal
