#include "server/config/config_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Refusal(const std::string& content) {
  auto parsed = ParseConfigFile(content, "c.toml");
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

TEST(ConfigFile, GivesEachSettingAsTextWithItsLineInTheOrderOfTheFile) {
  auto parsed = ParseConfigFile(
      "# comment\n\nsessions-max = 5\nallow-remote = true\ndata-dir = \"a b\"\n", "c");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_STREQ(Settings()[(*parsed)[0].setting].key, "sessions-max");
  EXPECT_EQ((*parsed)[0].text, "5");
  EXPECT_EQ((*parsed)[0].line, 3u);
  EXPECT_EQ((*parsed)[1].text, "true");
  EXPECT_EQ((*parsed)[2].text, "a b");
  EXPECT_EQ((*parsed)[2].line, 5u);
  EXPECT_TRUE(ParseConfigFile("", "c")->empty());
}

TEST(ConfigFile, AnUnknownKeyGetsASuggestionWhereOneIsNear) {
  EXPECT_EQ(Refusal("\nring_total = '1GiB'"),
            "c.toml:2: there is no setting \"ring_total\"; did you mean ring-total?");
  EXPECT_THAT(Refusal("lisen = 'x'"), HasSubstr("did you mean listen?"));
  EXPECT_THAT(Refusal("colour = 'x'"), HasSubstr("--help` lists them all"));
  EXPECT_THAT(Refusal("[server]\nlisten = 'x'"), HasSubstr("no setting \"server\""));
}

TEST(ConfigFile, AKeyThatLooksLikeASecretIsNamedAndItsValueIsNot) {
  const std::string refusal = Refusal("auth-token = 'hunter2'");
  EXPECT_THAT(refusal, HasSubstr("takes no secrets"));
  EXPECT_THAT(refusal, Not(HasSubstr("hunter2")));
}

TEST(ConfigFile, AValueOfTheWrongTypeIsShownHowToBeWritten) {
  EXPECT_THAT(
      Refusal("ring-total = 8"),
      HasSubstr("ring-total is an integer here; write it in quotes: ring-total = \"8GiB\""));
  EXPECT_THAT(Refusal("sessions-max = '8'"), HasSubstr("sessions-max = 10000"));
  EXPECT_THAT(Refusal("allow-remote = 'yes'"), HasSubstr("allow-remote = true"));
  EXPECT_THAT(Refusal("data-dir = ['a']"), HasSubstr("an array"));
  EXPECT_THAT(Refusal("data-dir.x = 1"), HasSubstr("a table"));
  EXPECT_THAT(Refusal("sessions-max = 1.5"), HasSubstr("a number with a point"));
  EXPECT_THAT(Refusal("node = 2020-01-01"), HasSubstr("a date or time"));
}

TEST(ConfigFile, WhatIsNoTomlIsRefusedWithItsLine) {
  EXPECT_THAT(Refusal("node = 'a'\nnode 'b'"), HasSubstr("c.toml:2: this is not TOML"));
  EXPECT_THAT(Refusal("node = 'a'\nnode = 'b'"), HasSubstr("c.toml:2: "));
  EXPECT_THAT(Refusal(std::string("\xff\xfe\0\x01", 4)), HasSubstr("this is not TOML"));
  EXPECT_THAT(Refusal(std::string(60000, '[')), HasSubstr("this is not TOML"));
}

// toml++ 3.3 has undefined behaviour there; found by fuzzing.
TEST(ConfigFile, LettersOutsideAsciiStandInTextAndCommentsOnly) {
  EXPECT_THAT(Refusal("node = 'a'\nDat\xcf\xa7 = 1"),
              HasSubstr("c.toml:2: this is not TOML: a letter"));
  EXPECT_THAT(Refusal("node = \xc2\xa0 'a'"), HasSubstr("outside of quotes"));
  EXPECT_THAT(Refusal("node = 'a' \xe2\x80\x80"), HasSubstr("outside of quotes"));
  EXPECT_EQ(Refusal("data-dir = 'd\xc3\xa9'  # d\xc3\xa9j\xc3\xa0\n"), "");
  EXPECT_EQ(Refusal("\xef\xbb\xbf"
                    "data-dir = \"\\\"\xc3\xa9\" # \xc3\xa9"),
            "");
  EXPECT_EQ(Refusal("data-dir = \"\"\"\xc3\xa9\"\" \\\"\"\"\"\"\nnode = 'n'"), "");
  EXPECT_THAT(Refusal("node = 0'\xc3\xa9'"), HasSubstr("outside of quotes"));
  EXPECT_THAT(Refusal("data-dir = '''d'''''\xc3\xa9"), HasSubstr("outside of quotes"));
}

TEST(ConfigFile, AFileOverTheLimitIsRefused) {
  const std::string comment(limits::kConfigFileBytesMax, '#');
  EXPECT_EQ(Refusal(comment), "");
  EXPECT_THAT(Refusal(comment + "#"), HasSubstr("larger than 64KiB"));
}

TEST(ReadConfigFile, ReadsFilesOnly) {
  std::string folder = testing::TempDir() + "/config-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/c.toml";
  std::ofstream(path) << "node = 'a'\n";
  EXPECT_EQ(*ReadConfigFile(path), "node = 'a'\n");
  EXPECT_EQ(ReadConfigFile(folder).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadConfigFile(path + "x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadConfigFile("/dev/zero").status().message()),
              HasSubstr("not a regular file"));
  const std::string pipe = folder + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(std::string(ReadConfigFile(pipe).status().message()), HasSubstr("not a regular"));
}

}  // namespace
}  // namespace ringjournal
