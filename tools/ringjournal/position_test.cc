#include "tools/ringjournal/position.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

using client::Position;
using ::testing::HasSubstr;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kNow = 1'800'000'000 * kSecond;

uint64_t TimeOf(std::string_view text) {
  auto position = ParsePosition(text, kNow);
  EXPECT_TRUE(position.ok()) << text << ": " << position.status();
  if (!position.ok() || position->kind != Position::Kind::kTime) return UINT64_MAX;
  return position->time_ns;
}

TEST(Position, WordsLsnsAndCounts) {
  EXPECT_EQ(ParsePosition("oldest")->kind, Position::Kind::kOldest);
  EXPECT_EQ(ParsePosition("newest")->kind, Position::Kind::kNewest);
  EXPECT_EQ(ParsePosition("17")->lsn, Lsn(17));
  EXPECT_EQ(ParsePosition("-5")->count, 5u);
  EXPECT_EQ(ParsePosition("-5")->kind, Position::Kind::kLast);
  EXPECT_EQ(ParsePosition("18446744073709551615")->lsn, Lsn(UINT64_MAX));
}

TEST(Position, ADurationCountsBackFromNow) {
  EXPECT_EQ(TimeOf("@-5m"), kNow - 300 * kSecond);
  EXPECT_EQ(TimeOf("@-90s"), kNow - 90 * kSecond);
  EXPECT_EQ(TimeOf("@-1ns"), kNow - 1);
  EXPECT_EQ(TimeOf("@-1000000h"), 0u) << "before 1970 is from the beginning";
}

TEST(Position, DatesWithZoneWithoutAndWithFractions) {
  uint64_t noon = 1777636800 * kSecond;
  EXPECT_EQ(TimeOf("@2026-05-01T12:00:00Z"), noon);
  EXPECT_EQ(TimeOf("@2026-05-01T12:00:00"), noon);
  EXPECT_EQ(TimeOf("@2026-05-01T12:00"), noon);
  EXPECT_EQ(TimeOf("@2026-05-01T14:00:00+02:00"), noon);
  EXPECT_EQ(TimeOf("@2026-05-01T12:00:00.000000001Z"), noon + 1);
  EXPECT_EQ(TimeOf("@2026-05-01"), noon - 12 * 3600 * kSecond);
  EXPECT_EQ(TimeOf("@1777636800"), noon);
  EXPECT_EQ(TimeOf("@1777636800.5"), noon + kSecond / 2);
  EXPECT_EQ(TimeOf("@0"), 0u);
}

TEST(Position, IdsAreTextOrHexadecimal) {
  EXPECT_EQ(ParsePosition("txn:order-7")->id, "order-7");
  EXPECT_EQ(ParsePosition("txn:a:b c")->id, "a:b c");
  EXPECT_EQ(ParsePosition("txn-hex:00fF")->id, std::string("\0\xff", 2));
  EXPECT_EQ(ParsePosition("txn:order-7")->kind, Position::Kind::kTransactionId);
}

TEST(Position, EverythingElseIsRefusedWithExamples) {
  for (const char* bad : {"",
                          "0",
                          "-0",
                          "-",
                          "--5",
                          "+5",
                          "5x",
                          " 5",
                          "5 ",
                          "18446744073709551616",
                          "OLDEST",
                          "@",
                          "@-",
                          "@-5",
                          "@+5m",
                          "@noon",
                          "@2026-13-01",
                          "@2026-05-01T25:00:00Z",
                          "@1969-12-31",
                          "@2026-05-01T12:00:00 Z",
                          "@9999-01-01",
                          "@infinite-future",
                          "@17776368000000",
                          "@9999999999",
                          "@1.",
                          "@1.0000000001",
                          "txn:",
                          "txn-hex:",
                          "txn-hex:0",
                          "txn-hex:zz"}) {
    auto parsed = ParsePosition(bad, kNow);
    ASSERT_FALSE(parsed.ok()) << bad;
    std::string message(parsed.status().message());
    EXPECT_THAT(message, HasSubstr("is no position")) << bad;
    EXPECT_THAT(message, HasSubstr("@2026-05-01T12:00:00Z")) << bad;
  }
  EXPECT_FALSE(ParsePosition("txn:" + std::string(limits::kPositionIdBytesMax + 1, 'x')).ok());
}

TEST(Position, AGuessAtWhatWasMeantIsOffered) {
  auto message = [](std::string_view text) {
    return std::string(ParsePosition(text, kNow).status().message());
  };
  EXPECT_THAT(message("-5m"), HasSubstr("did you mean @-5m?"));
  EXPECT_THAT(message("5m"), HasSubstr("did you mean @-5m?"));
  EXPECT_THAT(message("2026-05-01"), HasSubstr("did you mean @2026-05-01?"));
  EXPECT_THAT(message("latest"), HasSubstr("did you mean newest?"));
  EXPECT_THAT(message("earliest"), HasSubstr("did you mean oldest?"));
  EXPECT_THAT(message("@1777636800000"), HasSubstr("Unix time in seconds"));
  EXPECT_THAT(message("@-5"), HasSubstr("unit"));
}

TEST(Position, IsWrittenInItsOwnGrammar) {
  for (const char* text : {"oldest", "newest", "42", "-7", "@2026-05-01T12:00:00.000000000Z",
                           "txn:order-7", "txn-hex:00ff"}) {
    EXPECT_EQ(FormatPosition(*ParsePosition(text, kNow)), text);
  }
}

}  // namespace
}  // namespace ringjournal::cli
