// --exec of `takeover`: this process becomes the command.
#ifndef TOOLS_RINGJOURNAL_EXEC_COMMAND_H_
#define TOOLS_RINGJOURNAL_EXEC_COMMAND_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace ringjournal::cli {

struct ExecCommand {
  // One word: for /bin/sh -c, as with `replay --exec`. Several: a program, found as a shell finds
  // it, and its arguments.
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> variables;  // set in its environment
};

// Whether the program can be found and run, before anything is done for it. NotFound.
absl::Status CheckCommand(const std::vector<std::string>& words);

// Returns only if it cannot be run: Internal with errno's text. Signals are as if nobody had
// touched them.
absl::Status BecomeCommand(const ExecCommand& command);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_EXEC_COMMAND_H_
