#include "journal/base/units.h"

#include <limits>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Units, EveryUnitMeansWhatItSays) {
  EXPECT_EQ(*ParseBytes("7B"), 7u);
  EXPECT_EQ(*ParseBytes("64KiB"), 65536u);
  EXPECT_EQ(*ParseBytes("256MiB"), 268435456u);
  EXPECT_EQ(*ParseBytes("8GiB"), 8589934592u);
  EXPECT_EQ(*ParseBytes("2TiB"), 2199023255552u);
  EXPECT_EQ(*ParseDurationNs("7ns"), 7);
  EXPECT_EQ(*ParseDurationNs("7us"), 7000);
  EXPECT_EQ(*ParseDurationNs("10ms"), 10'000'000);
  EXPECT_EQ(*ParseDurationNs("10s"), 10'000'000'000);
  EXPECT_EQ(*ParseDurationNs("2m"), 120'000'000'000);
  EXPECT_EQ(*ParseDurationNs("1h"), 3'600'000'000'000);
}

TEST(Units, ABareNumberIsRefusedWithTheUnitsNamed) {
  for (const char* text : {"256", "0", "1000000"}) {
    EXPECT_THAT(std::string(ParseBytes(text).status().message()),
                HasSubstr("no unit; write a whole number directly followed by one of "
                          "B, KiB, MiB, GiB, TiB, for example 256MiB"));
    EXPECT_THAT(std::string(ParseDurationNs(text).status().message()),
                HasSubstr("no unit; write a whole number directly followed by one of "
                          "ns, us, ms, s, m, h, for example 10ms"));
  }
}

TEST(Units, WhatIsNotAnIntegerAndAKnownUnitIsRefused) {
  for (const char* text : {"", "MiB", "-1MiB", "+1MiB", " 1MiB", "1 MiB", "1.5GiB", "256MB", "256M",
                           "256mib", "1MiBx", "0x10B", "1MiB "}) {
    EXPECT_EQ(ParseBytes(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  for (const char* text : {"", "ms", "-1s", "1 s", "1.5s", "1S", "1sec", "1MiB", "1min"}) {
    EXPECT_EQ(ParseDurationNs(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Units, AUnitThatSomebodyMeantIsSuggested) {
  const std::pair<const char*, const char*> texts[] = {
      {"1GB", "GiB"}, {"64kB", "KiB"}, {"64K", "KiB"}, {"1mib", "MiB"}, {"2t", "TiB"}, {"7b", "B"}};
  for (const auto& [text, unit] : texts) {
    EXPECT_THAT(std::string(ParseBytes(text).status().message()),
                HasSubstr(std::string("(did you mean ") + unit + "?)"))
        << text;
  }
  EXPECT_THAT(std::string(ParseDurationNs("1S").status().message()), HasSubstr("did you mean s?"));
  EXPECT_THAT(std::string(ParseBytes("1x").status().message()), Not(HasSubstr("did you mean")));
}

TEST(Units, WhatDoesNotFitIsRefusedAndTheLargestThatFitsIsNot) {
  EXPECT_EQ(*ParseBytes("18446744073709551615B"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(*ParseBytes("16777215TiB"), 16777215ull << 40);
  for (const char* text : {"18446744073709551616B", "16777216TiB", "99999999999999999999999GiB"}) {
    EXPECT_THAT(std::string(ParseBytes(text).status().message()), HasSubstr("too large")) << text;
  }
  EXPECT_EQ(*ParseDurationNs("9223372036854775807ns"), std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(ParseDurationNs("9223372036854775808ns").ok());
  EXPECT_FALSE(ParseDurationNs("2562048h").ok());
}

TEST(Units, WhatIsPrintedReadsBackTheSame) {
  EXPECT_EQ(FormatBytes(0), "0B");
  EXPECT_EQ(FormatBytes(1000), "1000B");
  EXPECT_EQ(FormatBytes(268435456), "256MiB");
  EXPECT_EQ(FormatDurationNs(0), "0s");
  EXPECT_EQ(FormatDurationNs(10'000'000), "10ms");
  EXPECT_EQ(FormatDurationNs(90'000'000'000), "90s");
  for (uint64_t v : {1ull, 1023ull, 1024ull, 1025ull, 3ull << 40, ~0ull >> 1}) {
    EXPECT_EQ(*ParseBytes(FormatBytes(v)), v);
    EXPECT_EQ(*ParseDurationNs(FormatDurationNs(static_cast<int64_t>(v))), static_cast<int64_t>(v));
  }
}

}  // namespace
}  // namespace ringjournal
