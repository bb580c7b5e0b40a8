#include "tools/ringjournal/shell_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace ringjournal::cli {

absl::StatusOr<std::unique_ptr<ShellCommand>> ShellCommand::Start(const std::string& text) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (int signal_number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&defaults, signal_number);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string shell = "/bin/sh", dash_c = "-c", copy = text;
  char* argv[] = {shell.data(), dash_c.data(), copy.data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, shell.c_str(), &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::InternalError(absl::StrCat("cannot run `", text, "`: ", strerror(error),
                                            "; check the limits of processes and open files"));
  }
  return std::unique_ptr<ShellCommand>(new ShellCommand(text, pid));
}

bool ShellCommand::ended() {
  int status = 0;
  if (!status_.has_value() && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

absl::Status ShellCommand::Outcome() {
  if (!ended() || *status_ == 0) return absl::OkStatus();
  const std::string how = WIFSIGNALED(*status_)
                              ? absl::StrCat("was killed by signal ", WTERMSIG(*status_))
                              : absl::StrCat("failed with exit code ", WEXITSTATUS(*status_));
  return absl::AbortedError(
      absl::StrCat("`", text_, "` ", how, ": try it by hand, then drill again"));
}

}  // namespace ringjournal::cli
