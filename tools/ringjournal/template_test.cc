#include "tools/ringjournal/template.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/entry.pb.h"

namespace ringjournal::cli {
namespace {

std::string Print(const std::string& text) {
  v1::Transaction message;
  message.set_payload("pay");
  message.set_key("key1");
  message.set_id("id");
  message.set_type("a.Type");
  for (const char* name : {"a", "b"}) {
    message.add_headers()->set_name(name);
    message.mutable_headers()->rbegin()->set_value("1");
  }
  std::string encoded = message.SerializeAsString();
  client::ReadTransaction t{.lsn = Lsn(7),
                            .index = Index(3),
                            .epoch = {2, 5},
                            .log_time_ns = 1'000'000'001,
                            .encoded = AsBytes(encoded),
                            .payload = AsBytes(message.payload())};
  auto parsed = Template::Parse(text);
  if (!parsed.ok()) return std::string(parsed.status().message());
  std::string out;
  parsed->Append(t, &out);
  return out;
}

TEST(Template, EveryLetterHasItsValue) {
  EXPECT_EQ(Print("%s|%S|%k|%K|%o|%x"), "pay|3|key1|4|7|3");
  EXPECT_EQ(Print("%T %t"), "1970-01-01T00:00:01.000000001Z 1000000001");
  EXPECT_EQ(Print("%i %y %h %g %e"), "id a.Type a=1,b=1 2 5");
}

TEST(Template, EscapesAndPercentSigns) {
  EXPECT_EQ(Print("a\\tb\\n\\\\%%\\x41"), "a\tb\n\\%A");
  EXPECT_EQ(Print("\\0"), std::string(1, '\0'));
}

TEST(Template, WhatMeansNothingNamesItsPlace) {
  EXPECT_THAT(Print("ab%q"), ::testing::HasSubstr("character 3: a % without"));
  EXPECT_THAT(Print("ab%"), ::testing::HasSubstr("character 3"));
  EXPECT_THAT(Print("\\q"), ::testing::HasSubstr("character 1: no such escape"));
  EXPECT_THAT(Print("x\\x4"), ::testing::HasSubstr("character 2: two hexadecimal"));
  EXPECT_THAT(Print("x\\"), ::testing::HasSubstr("character 2: a backslash at the end"));
}

}  // namespace
}  // namespace ringjournal::cli
