// A command of the user's that runs beside this process.
#ifndef TOOLS_RINGJOURNAL_SHELL_COMMAND_H_
#define TOOLS_RINGJOURNAL_SHELL_COMMAND_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringjournal::cli {

// Run by /bin/sh -c, with /dev/null as its stdin; what it says goes to stderr.
class ShellCommand {
 public:
  // Internal with errno's text if there can be no process.
  static absl::StatusOr<std::unique_ptr<ShellCommand>> Start(const std::string& text);
  // Leaves it running if it still does: it is the user's.
  ~ShellCommand() = default;
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  // Does not wait. False: it still runs.
  bool ended();
  // Aborted with how it ended, if it ended otherwise than with 0.
  absl::Status Outcome();

 private:
  ShellCommand(std::string text, pid_t pid) : text_(std::move(text)), pid_(pid) {}

  std::string text_;
  pid_t pid_;
  std::optional<int> status_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_SHELL_COMMAND_H_
