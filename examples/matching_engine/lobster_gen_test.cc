// The program as its users start it.
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <utility>

#include "examples/matching_engine/lobster.h"
#include "examples/matching_engine/order_flow.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using ::testing::HasSubstr;

struct Result {
  int exit_code = -1;
  std::string output;  // both streams, unless redirected
};

Result Generate(const std::string& flags, const std::string& redirection = "2>&1") {
  const std::string command = "examples/matching_engine/lobster_gen " + flags + " " + redirection;
  Result result;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) {
    result.output.append(buffer, n);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

TEST(LobsterGen, WritesTheLinesOfItsSeed) {
  OrderFlow flow(9);
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += FormatLobsterLine(flow.Next()) + "\n";
  const Result result = Generate("--messages 500 --seed 9");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, expected);
  EXPECT_EQ(Generate("--seed 9 --messages 500").output, expected);
}

TEST(LobsterGen, NoMessagesIsAnEmptyFile) {
  const Result result = Generate("--messages 0");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "");
}

TEST(LobsterGen, BadFlagsAreRefusedWithTheUsage) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "--messages is missing: how many lines?"},
      {"--seed 3", "--messages is missing: how many lines?"},
      {"--messages", "--messages needs a number behind it"},
      {"--messages ten", "--messages needs a whole number from 0 to 2^64-1, not \"ten\""},
      {"--messages -1", "--messages needs a whole number from 0 to 2^64-1, not \"-1\""},
      {"--messages 1 --seed ''", "--seed needs a whole number from 0 to 2^64-1, not \"\""},
      {"--messages 18446744073709551616", "not \"18446744073709551616\""},
      {"--count 5", "there is no flag \"--count\""},
  };
  for (const auto& [flags, error] : cases) {
    const Result result = Generate(flags);
    EXPECT_EQ(result.exit_code, 2) << flags;
    EXPECT_THAT(result.output, HasSubstr(error));
    EXPECT_THAT(result.output, HasSubstr("usage: lobster_gen --messages N [--seed S]"));
  }
}

TEST(LobsterGen, HelpIsNoError) {
  const Result result = Generate("--help");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("usage: lobster_gen"));
}

TEST(LobsterGen, AFullDiskIsAnError) {
  const Result result = Generate("--messages 1000", "2>&1 >/dev/full");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("the output is cut off: cannot write to stdout"));
}

}  // namespace
}  // namespace ringjournal::matching
