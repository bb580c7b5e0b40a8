// Programs of the system that a command uses: found, run to their end, and quoted where they fail.
#ifndef TOOLS_RINGJOURNAL_SYSTEM_TOOL_H_
#define TOOLS_RINGJOURNAL_SYSTEM_TOOL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringjournal {

// Where a tool finds the descriptor `other` of its call.
inline constexpr int kToolOtherFd = 3;

struct SystemTool {
  std::vector<std::string> words;  // the first is its path
  std::string input;
  int inside = -1;  // open file of a network namespace to run in; -1: this one
  int other = -1;   // open file that it inherits as kToolOtherFd; -1: none
};

// The path of the program: from PATH or a folder of the system's administration, which users often
// do not have in theirs. NotFound with the Debian package to install.
absl::StatusOr<std::string> FindSystemTool(const std::string& name, const std::string& package);

// Waits for its end. Internal unless it ends with 0: with what it said and what its input was.
// It dies with this thread, and a Ctrl-C of the terminal does not reach it.
absl::Status RunSystemTool(SystemTool tool);

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_SYSTEM_TOOL_H_
