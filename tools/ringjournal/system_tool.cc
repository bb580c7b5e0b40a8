#include "tools/ringjournal/system_tool.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "io/file_descriptor.h"

namespace ringjournal {
namespace {

constexpr char kSystemFolders[] = ":/usr/sbin:/sbin:/usr/bin:/bin";
constexpr size_t kSaidBytesMax = 2000;

// Away from the numbers that the tool has.
io::FileDescriptor MemoryFile(const char* name) {
  const io::FileDescriptor low(memfd_create(name, MFD_CLOEXEC));
  return io::FileDescriptor(fcntl(low.get(), F_DUPFD_CLOEXEC, kToolOtherFd + 1));
}

// Between fork and exec: only what is safe there.
[[noreturn]] void Exec(const SystemTool& tool, char* const* arguments, int input, int said) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (tool.inside >= 0 && setns(tool.inside, CLONE_NEWNET) != 0) _exit(126);
  if (tool.other >= 0 && dup2(tool.other, kToolOtherFd) < 0) _exit(126);
  dup2(input, STDIN_FILENO);
  dup2(said, STDOUT_FILENO);
  dup2(said, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

std::string ReadBack(int fd) {
  std::string text(kSaidBytesMax, '\0');
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string HowItEnded(int status) {
  return WIFEXITED(status) ? absl::StrCat("ended with code ", WEXITSTATUS(status))
                           : absl::StrCat("was killed by signal ", WTERMSIG(status));
}

}  // namespace

absl::StatusOr<std::string> FindSystemTool(const std::string& name, const std::string& package) {
  const char* path = std::getenv("PATH");
  const std::string all = absl::StrCat(path == nullptr ? "" : path, kSystemFolders);
  for (const std::string& folder : std::vector<std::string>(absl::StrSplit(all, ':'))) {
    const std::string file = absl::StrCat(folder, "/", name);
    if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
  }
  return absl::NotFoundError(absl::StrCat("there is no program ", name,
                                          ". It is in Debian's package ", package,
                                          ": run ./dev setup, or apt-get install ", package));
}

absl::Status RunSystemTool(SystemTool tool) {
  const io::FileDescriptor input = MemoryFile("input"), said = MemoryFile("said");
  const auto size = static_cast<ssize_t>(tool.input.size());
  if (pwrite(input.get(), tool.input.data(), tool.input.size(), 0) != size) {
    return absl::InternalError(absl::StrCat("cannot write to memory: ", std::strerror(errno)));
  }
  std::vector<char*> arguments;
  for (std::string& word : tool.words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::InternalError(absl::StrCat("cannot start a process: ", std::strerror(errno)));
  }
  if (pid == 0) Exec(tool, arguments.data(), input.get(), said.get());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(tool.words[0], " ", HowItEnded(status), " and said: ",
                                          ReadBack(said.get()), "\nIts input was:\n", tool.input));
}

}  // namespace ringjournal
