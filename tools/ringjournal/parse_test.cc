#include "tools/ringjournal/parse.h"

#include "client/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/context.h"
#include "tools/ringjournal/exit_codes.h"

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--server", context_.server);
    RegisterAppend(app_, context_);
    RegisterRead(app_, context_);
    RegisterReplay(app_, context_);
    RegisterJournal(app_, context_);
    RegisterCheckpoint(app_, context_);
    RegisterStatus(app_, context_);
  }
  // Empty if the arguments are accepted, else the parser's sentence.
  std::string Parse(std::vector<std::string> arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }
  CLI::App app_;
  Context context_;
};

TEST(Nearest, FindsTyposAndBeginningsAndNothingFarAway) {
  std::vector<std::string> names = {"append", "tail", "replay", "status"};
  EXPECT_EQ(Nearest("apend", names), "append");
  EXPECT_EQ(Nearest("stat", names), "status");
  EXPECT_EQ(Nearest("xyz", names), "");
}

TEST_F(CommandLine, EveryCommandSetsItsAction) {
  EXPECT_EQ(Parse({"append", "orders", "--server", "h:1"}), "");
  EXPECT_EQ(context_.command, "append");
  EXPECT_TRUE(context_.action);
  EXPECT_EQ(context_.server, "h:1") << "global options also stand behind the command";
}

TEST_F(CommandLine, NegativePositionsAreNotTakenForOptions) {
  EXPECT_EQ(Parse({"tail", "orders", "--from", "-10"}), "");
}

TEST_F(CommandLine, SizesWithoutUnitsAreRefused) {
  EXPECT_THAT(Parse({"journal", "create", "orders", "--ring", "256"}), HasSubstr("unit"));
}

TEST_F(CommandLine, WhatIsFixedAtCreationCannotBeSet) {
  EXPECT_NE(Parse({"journal", "set", "orders", "--ring", "1GiB"}), "");
}

TEST_F(CommandLine, UnknownWordsAreExplained) {
  EXPECT_EQ(ExplainUnknown(app_, {"--server", "h:1", "apend", "x"}),
            "unknown command 'apend'; did you mean 'append'?");
  EXPECT_EQ(ExplainUnknown(app_, {"journal", "lss"}), "unknown command 'lss'; did you mean 'ls'?");
  EXPECT_EQ(ExplainUnknown(app_, {"tail", "x", "--fron", "1"}),
            "unknown option '--fron'; did you mean '--from'?");
  EXPECT_EQ(ExplainUnknown(app_, {"tail", "x", "--from=1"}), "");
}

TEST_F(CommandLine, ResumeWithoutAProducerIsAWrongUse) {
  ASSERT_EQ(Parse({"append", "orders", "--resume", "--server", "127.0.0.1:1"}), "");
  EXPECT_EQ(context_.action(), kExitUsage);
}

TEST(ExitCodes, ErrorsHaveTheirCodes) {
  using client::ErrorCode;
  auto code_of = [](ErrorCode code) { return ExitCodeOf(client::MakeError(code, "")); };
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("disk")), kExitFailure);
  EXPECT_EQ(code_of(ErrorCode::kCannotConnect), kExitCannotConnect);
  EXPECT_EQ(code_of(ErrorCode::kDeadline), kExitCannotConnect);
  EXPECT_EQ(code_of(ErrorCode::kBadSetting), kExitRefused);
  EXPECT_EQ(code_of(ErrorCode::kDataLoss), kExitDataLoss);
  EXPECT_EQ(code_of(ErrorCode::kOutcomeUnknown), kExitOutcomeUnknown);
  EXPECT_EQ(code_of(ErrorCode::kJournalNotFound), kExitNotFound);
  EXPECT_EQ(code_of(ErrorCode::kTrimmed), kExitTrimmed);
}

TEST(ExitCodes, TheHelpTableNamesThemAll) {
  for (int code : {kExitOk, kExitFailure, kExitUsage, kExitCannotConnect, kExitRefused,
                   kExitDataLoss, kExitOutcomeUnknown, kExitNotFound, kExitTrimmed, kExitDamaged,
                   kExitFenced, kExitInterrupted, kExitPipeClosed}) {
    EXPECT_THAT(ExitCodeTable(), HasSubstr("\n  " + std::to_string(code) + " "));
  }
}

}  // namespace
}  // namespace ringjournal::cli
