#include "tools/ringjournal/filter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/entry.pb.h"

namespace ringjournal::cli {
namespace {

bool Matches(const FilterOptions& options, const std::string& payload,
             const std::string& key = "") {
  v1::Transaction message;
  message.set_payload(payload);
  message.set_key(key);
  std::string encoded = message.SerializeAsString();
  client::ReadTransaction t{.encoded = AsBytes(encoded), .payload = AsBytes(payload)};
  auto filter = Filter::Create(options);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() && filter->Matches(t);
}

TEST(Filter, AnExpressionIsThatOfGrepE) {
  EXPECT_TRUE(Matches({.grep = "order"}, "an order"));
  EXPECT_FALSE(Matches({.grep = "order"}, "an Order"));
  EXPECT_TRUE(Matches({.grep = "order", .ignore_case = true}, "an Order"));
  EXPECT_TRUE(Matches({.grep = "^a(n|t) o"}, "an order"));
  EXPECT_FALSE(Matches({.grep = "^order"}, "an order"));
  EXPECT_TRUE(Matches({.grep = "1\\.5$"}, "costs 1.5"));
}

TEST(Filter, PayloadsAreBytesWithZeros) {
  std::string payload("a\0b", 3);
  EXPECT_TRUE(Matches({.grep = "b"}, payload));
  EXPECT_TRUE(Matches({.grep = "b$"}, payload));
  EXPECT_FALSE(Matches({.grep = "^b"}, payload));
  EXPECT_FALSE(Matches({.grep = "x.*"}, ""));
}

TEST(Filter, InvertTurnsGrepAroundAndNotTheKey) {
  EXPECT_FALSE(Matches({.grep = "a", .invert = true}, "a"));
  EXPECT_TRUE(Matches({.grep = "a", .invert = true}, "b"));
  EXPECT_FALSE(Matches({.grep = "a", .invert = true, .key = "k"}, "b", "other"));
}

TEST(Filter, AKeyIsTheWholeKey) {
  EXPECT_TRUE(Matches({.key = "k1"}, "p", "k1"));
  EXPECT_FALSE(Matches({.key = "k"}, "p", "k1"));
  EXPECT_TRUE(Matches({.key = ""}, "p", ""));
}

TEST(Filter, AWrongExpressionSaysWhatIsWrong) {
  auto filter = Filter::Create({.grep = "a("});
  ASSERT_FALSE(filter.ok());
  EXPECT_THAT(std::string(filter.status().message()),
              ::testing::HasSubstr("'a(' is no regular expression: "));
}

}  // namespace
}  // namespace ringjournal::cli
