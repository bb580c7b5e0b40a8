#include "tools/ringjournal/server_process.h"

#include <fcntl.h>
#include <sched.h>
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

namespace ringjournal {

using bench::PinToCpu;

namespace {

constexpr int64_t kStartNs = 30'000'000'000;
constexpr int64_t kStopNs = 60'000'000'000;
constexpr size_t kLogTailBytes = 2000;
constexpr char kRingParent[] = "/dev/shm";

void Pause() {
  timespec t = {.tv_sec = 0, .tv_nsec = 1'000'000};
  nanosleep(&t, nullptr);
}

std::string FindProgram(const std::string& given) {
  if (!given.empty()) return given;
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string beside = (self.parent_path() / "ringjournald").string();
  return access(beside.c_str(), X_OK) == 0 ? beside : "ringjournald";
}

// Between fork and exec: only what is safe there.
[[noreturn]] void Exec(char* const* arguments, pid_t parent, int log_fd,
                       const ServerProcessOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);  // a Ctrl-C of the terminal is for the command, which ends this one itself
  PinToCpu(options.cpu);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  if (options.inside >= 0 && setns(options.inside, CLONE_NEWNET) != 0) {
    dprintf(STDERR_FILENO, "cannot enter a network namespace: %s; run it as root\n",
            strerror(errno));
    _exit(126);
  }
  execvp(arguments[0], arguments);
  dprintf(STDERR_FILENO, "cannot execute %s: %s; give --ringjournald PATH\n", arguments[0],
          strerror(errno));
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Launch(
    const ServerProcessOptions& options) {
  std::unique_ptr<ServerProcess> server(new ServerProcess(options));
  if (absl::Status s = server->MakeDirectories(); !s.ok()) return s;
  if (absl::Status s = server->Spawn(); !s.ok()) return s;
  return server;
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const ServerProcessOptions& options) {
  auto server = Launch(options);
  if (!server.ok()) return server.status();
  if (absl::Status s = (*server)->AwaitServing(); !s.ok()) return s;
  return server;
}

absl::Status ServerProcess::MakeDirectories() {
  absl::StatusOr<TemporaryDirectory> directory = TemporaryDirectory::Make(options_.data_dir);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  absl::StatusOr<TemporaryDirectory> rings = TemporaryDirectory::Make(kRingParent);
  if (!rings.ok()) return rings.status();
  ring_directory_ = *std::move(rings);
  return absl::OkStatus();
}

std::vector<std::string> ServerProcess::Words() const {
  std::vector<std::string> words = {FindProgram(options_.program),
                                    "--data-dir",
                                    directory_.path() + "/data",
                                    "--ring-dir",
                                    ring_directory_.path(),
                                    "--listen",
                                    options_.listen,
                                    "--address-file",
                                    directory_.path() + "/address",
                                    "--spin-us",
                                    absl::StrCat(options_.spin_us)};
  if (options_.ring_bytes_total > 0) {
    words.push_back("--ring-total");
    words.push_back(FormatBytes(options_.ring_bytes_total));
  }
  words.insert(words.end(), options_.further_arguments.begin(), options_.further_arguments.end());
  return words;
}

absl::Status ServerProcess::Spawn() {
  std::vector<std::string> words = Words();
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = log_path();
  int log_fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) {
    return absl::InternalError(absl::StrCat("cannot write ", log, ": ", strerror(errno)));
  }
  std::error_code ignored;
  std::filesystem::remove(directory_.path() + "/address", ignored);
  pid_t parent = getpid();
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ == 0) Exec(arguments.data(), parent, log_fd, options_);
  close(log_fd);
  if (pid_ > 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot start a process: ", strerror(errno)));
}

absl::Status ServerProcess::Empty() {
  std::error_code error;
  std::filesystem::remove_all(directory_.path() + "/data", error);
  if (error) return absl::InternalError("cannot remove its data: " + error.message());
  for (const auto& file : std::filesystem::directory_iterator(ring_directory_.path(), error)) {
    std::filesystem::remove_all(file.path(), error);
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError("cannot remove its rings: " + error.message());
}

absl::Status ServerProcess::StartAgain() {
  if (absl::Status s = Spawn(); !s.ok()) return s;
  return AwaitServing();
}

absl::Status ServerProcess::AwaitServing() {
  int64_t deadline = io::MonotonicNs() + kStartNs;
  for (;;) {
    std::ifstream in(directory_.path() + "/address");
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
  std::ifstream in(log_path());
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

void ServerProcess::SendKill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGCONT);
  kill(pid_, SIGKILL);
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  SendKill();
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string ServerProcess::HowItEnded() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return "";
  pid_ = -1;
  return WIFSIGNALED(status) ? absl::StrCat("was killed by signal ", WTERMSIG(status))
                             : absl::StrCat("ended with code ", WEXITSTATUS(status));
}

ServerProcess::~ServerProcess() { Kill(); }

}  // namespace ringjournal
