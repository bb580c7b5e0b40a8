#include "tools/ringjournal/bench_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/units.h"
#include "tools/ringjournal/bench_process.h"

namespace ringjournal::bench {
namespace {

constexpr int64_t kStartNs = 30'000'000'000;
constexpr int64_t kStopNs = 60'000'000'000;
constexpr size_t kLogTailBytes = 2000;
constexpr char kRingParent[] = "/dev/shm";

void Pause() {
  timespec t = {.tv_sec = 0, .tv_nsec = 1'000'000};
  nanosleep(&t, nullptr);
}

absl::StatusOr<std::string> MakeTemporary(const std::string& parent) {
  std::string name = absl::StrCat(parent, "/ringjournal-bench-XXXXXX");
  if (mkdtemp(name.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a directory in ", parent, ": ",
                                            strerror(errno), "; name another with --data-dir"));
  }
  return name;
}

std::string FindProgram(const std::string& given) {
  if (!given.empty()) return given;
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string beside = (self.parent_path() / "ringjournald").string();
  return access(beside.c_str(), X_OK) == 0 ? beside : "ringjournald";
}

// Between fork and exec: only what is safe there.
[[noreturn]] void Exec(char* const* arguments, pid_t parent, int log_fd, int cpu) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  PinToCpu(cpu);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execvp(arguments[0], arguments);
  dprintf(STDERR_FILENO, "cannot execute %s: %s; give --ringjournald PATH\n", arguments[0],
          strerror(errno));
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const ServerProcessOptions& options) {
  std::unique_ptr<ServerProcess> server(new ServerProcess());
  if (absl::Status s = server->MakeDirectories(options.data_dir); !s.ok()) return s;
  if (absl::Status s = server->Launch(options); !s.ok()) return s;
  if (absl::Status s = server->AwaitAddress(); !s.ok()) return s;
  return server;
}

absl::Status ServerProcess::MakeDirectories(const std::string& data_dir) {
  const char* environment = std::getenv("TMPDIR");
  std::string parent = !data_dir.empty()        ? data_dir
                       : environment != nullptr ? environment
                                                : std::filesystem::path("/tmp").string();
  absl::StatusOr<std::string> directory = MakeTemporary(parent);
  if (!directory.ok()) return directory.status();
  directory_ = *directory;
  absl::StatusOr<std::string> rings = MakeTemporary(kRingParent);
  if (!rings.ok()) return rings.status();
  ring_directory_ = *rings;
  return absl::OkStatus();
}

absl::Status ServerProcess::Launch(const ServerProcessOptions& options) {
  std::vector<std::string> words = {FindProgram(options.program),
                                    "--data-dir",
                                    directory_ + "/data",
                                    "--ring-dir",
                                    ring_directory_,
                                    "--listen",
                                    "127.0.0.1:0",
                                    "--address-file",
                                    directory_ + "/address",
                                    "--spin-us",
                                    absl::StrCat(options.spin_us),
                                    "--ring-total",
                                    FormatBytes(options.ring_bytes_total)};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string log = directory_ + "/log";
  int log_fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) {
    return absl::InternalError(absl::StrCat("cannot write ", log, ": ", strerror(errno)));
  }
  pid_t parent = getpid();
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ == 0) Exec(arguments.data(), parent, log_fd, options.cpu);
  close(log_fd);
  if (pid_ > 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot start a process: ", strerror(errno)));
}

absl::Status ServerProcess::AwaitAddress() {
  int64_t deadline = io::MonotonicNs() + kStartNs;
  for (;;) {
    std::ifstream in(directory_ + "/address");
    std::string line;
    if (std::getline(in, line)) {
      absl::StatusOr<io::Address> address = io::Address::Parse(line);
      if (!address.ok()) return address.status();
      address_ = *address;
      return absl::OkStatus();
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return WithLog("ringjournald ended at its start");
    }
    if (io::MonotonicNs() > deadline) return WithLog("ringjournald does not accept connections");
    Pause();
  }
}

absl::Status ServerProcess::WithLog(const std::string& what) const {
  std::ifstream in(directory_ + "/log");
  std::stringstream text;
  text << in.rdbuf();
  std::string log = text.str();
  if (log.size() > kLogTailBytes) log.erase(0, log.size() - kLogTailBytes);
  return absl::InternalError(absl::StrCat(what, "; its log says:\n", log));
}

absl::Status ServerProcess::Stop() {
  kill(pid_, SIGTERM);
  int64_t deadline = io::MonotonicNs() + kStopNs;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (io::MonotonicNs() > deadline) return WithLog("ringjournald does not stop");
    Pause();
  }
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return WithLog(absl::StrCat("ringjournald ended with status ", status));
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  if (!ring_directory_.empty()) std::filesystem::remove_all(ring_directory_, ignored);
}

}  // namespace ringjournal::bench
