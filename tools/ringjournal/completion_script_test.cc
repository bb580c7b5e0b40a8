#include "tools/ringjournal/completion_script.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Completion : public ::testing::Test {
 protected:
  Completion() {
    app.add_option("-o,--output", "Format")->type_name("text|json");
    CLI::App* journal = app.add_subcommand("journal", "It's about journals\nmore");
    journal->add_subcommand("create", "Make one")->add_option("--ring", "Size")->type_name("SIZE");
    journal->add_subcommand("ls", "List")->add_flag("--all");
  }
  CLI::App app{"test", "ringjournal"};
};

TEST_F(Completion, OfBashKnowsEveryCommandWithItsOptionsAndThoseOfItsParents) {
  const std::string script = CompletionScript(app, Shell::kBash);
  EXPECT_THAT(script, HasSubstr("/journal|/journal/create|/journal/ls)"));
  EXPECT_THAT(script, HasSubstr("\"/journal\") _ringjournal_offer create ls"));
  EXPECT_THAT(script,
              HasSubstr("\"/journal/create\") _ringjournal_offer --help -h --ring --output -o"));
  EXPECT_THAT(
      script,
      HasSubstr(
          "\"/journal/ls --output\"|\"/journal/ls -o\") _ringjournal_offer text json; return"));
  EXPECT_THAT(script, HasSubstr("\"/journal/create --ring\") return"));
  EXPECT_THAT(script, Not(HasSubstr("\"/journal/ls --all\")"))) << "a flag takes no value";
}

TEST_F(Completion, OfZshRegistersItself) {
  const std::string script = CompletionScript(app, Shell::kZsh);
  EXPECT_TRUE(script.starts_with("#compdef ringjournal\n"));
  EXPECT_THAT(script, HasSubstr("\"/journal\") _ringjournal_offer create ls"));
}

TEST_F(Completion, OfFishShowsTheFirstLineOfEachHelpQuoted) {
  const std::string script = CompletionScript(app, Shell::kFish);
  EXPECT_THAT(script, HasSubstr("-a journal -d 'It'\\''s about journals'\n"));
  EXPECT_THAT(script, HasSubstr("-n '__ringjournal_at \"/journal/create\"' -l ring -r -d 'Size'"));
  EXPECT_THAT(script, HasSubstr("-l output -s o -x -a 'text json' -d 'Format'"));
}

}  // namespace
}  // namespace ringjournal::cli
