#include "tools/ringjournal/sink_exec.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/base/limits.h"

extern char** environ;

namespace ringjournal::cli {
namespace {

absl::Status CannotRun(const std::string& what, int error) {
  return absl::InternalError(absl::StrCat("cannot run the command of --exec: ", what, ": ",
                                          strerror(error),
                                          "; check the limits of processes and "
                                          "open files"));
}

// A child with `read_end` as its stdin, and signals as if we had not touched them.
int Spawn(const std::string& command, int read_end, std::vector<std::string>* variables,
          pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, read_end, STDIN_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  for (std::string& variable : *variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string shell = "/bin/sh", dash_c = "-c", text = command;
  char* argv[] = {shell.data(), dash_c.data(), text.data(), nullptr};
  int error = posix_spawn(pid, shell.c_str(), &actions, &attributes, argv, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// A command need not read all of its input: its exit code says whether it is content.
void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

absl::Status ExecSink::Take(const client::ReadTransaction& t) {
  if (count_ == 0) {
    first_ = t.lsn;
    first_log_time_ns_ = t.log_time_ns;
  }
  FormatTransaction(t, options_.format, &input_);
  last_ = t.lsn;
  bool full = ++count_ >= options_.batch || input_.size() >= limits::kTransactionBytesMax;
  return full ? Flush() : absl::OkStatus();
}

absl::Status ExecSink::Flush() {
  if (count_ == 0) return absl::OkStatus();
  absl::Status status = RunCommand();
  input_.clear();
  count_ = 0;
  if (status.ok()) done_ = last_;
  return status;
}

absl::Status ExecSink::RunCommand() {
  std::vector<std::string> variables = {
      absl::StrCat("RINGJOURNAL_JOURNAL=", options_.journal),
      absl::StrCat("RINGJOURNAL_LSN=", first_.value()),
      absl::StrCat("RINGJOURNAL_LAST_LSN=", last_.value()),
      absl::StrCat("RINGJOURNAL_COUNT=", count_),
      absl::StrCat("RINGJOURNAL_LOG_TIME=", FormatTime(first_log_time_ns_))};
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return CannotRun("pipe", errno);
  pid_t pid = -1;
  int error = Spawn(options_.command, fds[0], &variables, &pid);
  close(fds[0]);
  if (error == 0) WriteAll(fds[1], input_);
  close(fds[1]);
  if (error != 0) return CannotRun("/bin/sh", error);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  // Ctrl-C at the terminal reaches the command too.
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM)) {
    return client::MakeError(client::ErrorCode::kStopped,
                             absl::StrCat("the command was interrupted at ", Which()));
  }
  return absl::AbortedError(absl::StrCat("the command ", Failure(status), " at ", Which(), ": ",
                                         options_.command,
                                         "; nothing behind it was run; mend it, then go on there"));
}

std::string ExecSink::Which() const {
  return count_ == 1 ? absl::StrCat("LSN ", first_.value())
                     : absl::StrCat("LSNs ", first_.value(), " to ", last_.value());
}

std::string ExecSink::Failure(int status) const {
  return WIFSIGNALED(status) ? absl::StrCat("was killed by signal ", WTERMSIG(status))
                             : absl::StrCat("failed with exit code ", WEXITSTATUS(status));
}

}  // namespace ringjournal::cli
