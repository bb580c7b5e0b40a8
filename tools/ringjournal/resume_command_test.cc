#include "tools/ringjournal/resume_command.h"

#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

TEST(ResumeCommand, ReplacesPositionsInEveryFormAndKeepsTheRest) {
  EXPECT_EQ(ResumeCommand({"replay", "orders", "--since", "@-5m", "--until=newest", "--pace", "x2"},
                          {{{"--from", "--since"}, "17"}, {{"--until"}, "99"}}),
            "ringjournal replay orders --pace x2 --from 17 --until 99");
}

TEST(ResumeCommand, AddsAFlagOnce) {
  EXPECT_EQ(ResumeCommand({"replay", "orders", "--append", "--output", "a b"},
                          {{{"--append"}, "", true}}),
            "ringjournal replay orders --output 'a b' --append");
}

TEST(ShellQuoted, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(ShellQuoted("a-b_c/d.e:1"), "a-b_c/d.e:1");
  EXPECT_EQ(ShellQuoted("cat > 'x'"), "'cat > '\\''x'\\'''");
  EXPECT_EQ(ShellQuoted(""), "''");
  EXPECT_EQ(ShellQuoted("$HOME"), "'$HOME'");
}

}  // namespace
}  // namespace ringjournal::cli
