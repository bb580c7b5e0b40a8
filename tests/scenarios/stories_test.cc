// Each golden story is played and compared byte for byte; stories that are wrong must fail.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/scenarios/story.h"

namespace ringjournal::scenarios {
namespace {

std::vector<std::string> Stories() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/scenarios")) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class GoldenStory : public testing::TestWithParam<std::string> {};

TEST_P(GoldenStory, GoesAsItIsWritten) {
  const std::string golden = TextOf(GetParam());
  const Telling telling = Play(golden);
  EXPECT_EQ(telling.failure, "") << telling.text;
  EXPECT_EQ(FirstDifference(golden, telling.text), "")
      << "where that is meant: ./dev scenarios --rewrite, and look at the diff";
}

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Stories, GoldenStory, testing::ValuesIn(Stories()), NameOf);

constexpr char kShort[] =
    "# A comment stays.\n"
    "$ cluster nodes=3\n"
    "$ append a\n"
    "$ kill n1\n"
    "$ wait-for leader\n"
    "$ read\n";

TEST(Story, IsToldTheSameEachTime) {
  const Telling first = Play(kShort);
  EXPECT_EQ(first.failure, "") << first.text;
  EXPECT_NE(first.text.find("# A comment stays.\n"), std::string::npos);
  EXPECT_NE(first.text.find("  a: acknowledged at replicated"), std::string::npos) << first.text;
  EXPECT_EQ(Play(first.text).text, first.text);
}

TEST(Story, ThatSaysSomethingElseThanHappensIsFoundOut) {
  std::string wrong = Play(kShort).text;
  const size_t at = wrong.find("a reader gets: a");
  ASSERT_NE(at, std::string::npos) << wrong;
  wrong.insert(at + 16, " b");
  const std::string difference = FirstDifference(wrong, Play(wrong).text);
  EXPECT_NE(difference.find("golden:   a reader gets: a b"), std::string::npos) << difference;
}

TEST(Story, WithALineTooManyOrTooFewIsFoundOut) {
  const std::string right = Play(kShort).text;
  EXPECT_NE(FirstDifference(right + "  n9 leads\n", Play(right + "  n9 leads\n").text), "");
  const std::string shorter = right.substr(0, right.rfind("  a reader"));
  EXPECT_NE(FirstDifference(shorter, Play(shorter).text), "");
}

TEST(Story, ThatWaitsInVainFails) {
  const Telling telling = Play("$ cluster nodes=2\n$ power-off n1 n2\n$ wait-for leader\n");
  EXPECT_EQ(telling.failure, "not within 20 s");
  EXPECT_NE(telling.text.find("  FAILED: not within 20 s"), std::string::npos) << telling.text;
}

TEST(Story, WithACommandThatIsNoneFails) {
  EXPECT_NE(Play("$ cluster\n$ explode n1\n").failure, "");
  EXPECT_NE(Play("$ kill n1\n").failure, "") << "before there is a cluster";
  EXPECT_NE(Play("$ cluster\n$ kill n7\n").failure, "");
  EXPECT_NE(Play("$ cluster nodes=3 colour=red\n").failure, "");
  EXPECT_NE(Play("$ cluster\n$ append a level=safe\n").failure, "");
}

}  // namespace
}  // namespace ringjournal::scenarios
