// Golden stories: a script that breaks a cluster, with what then happens under each command.
#ifndef TESTS_SCENARIOS_STORY_H_
#define TESTS_SCENARIOS_STORY_H_

#include <string>
#include <string_view>
#include <vector>

namespace ringjournal::scenarios {

// What a story becomes when it is played.
struct Telling {
  // The story with its commands and comments as they were, and under each command what happened.
  std::string text;
  // What is wrong whatever the golden text says: a command that is none, something that was waited
  // for in vain, a checker's verdict. Empty: nothing.
  std::string failure;
  std::vector<std::string> trace;  // of the simulation, where asked for
};

// Plays `story` from its first command on. Lines that begin with "$ " are commands, others that are
// indented by two spaces are what happened when it was last written; they are left out and told
// anew. README.md lists the commands.
Telling Play(std::string_view story, bool tracing = false);

// Empty if both are the same, else the first line that differs, with its number.
std::string FirstDifference(std::string_view golden, std::string_view now);

}  // namespace ringjournal::scenarios

#endif  // TESTS_SCENARIOS_STORY_H_
