#include "tools/etcd_process/etcd_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "io/file_descriptor.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int kPortTries = 5;
constexpr size_t kLogTailBytes = 2000;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_in HealthAddress(const EtcdPlan& plan, size_t member) {
  const EtcdMember& self = plan.members[member];
  sockaddr_in address = Loopback(self.health_port != 0 ? self.health_port : self.client_port);
  inet_pton(AF_INET, plan.host.c_str(), &address.sin_addr);
  return address;
}

// Between fork and exec: only what is safe there.
[[noreturn]] void Exec(const char* program, char* const* arguments, char* const* environment,
                       pid_t parent, int log_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);  // a Ctrl-C of the terminal is for the command, which ends this one itself
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execvpe(program, arguments, environment);
  _exit(errno == ENOENT ? 127 : 126);
}

absl::Status NotInstalled(const std::string& program, bool found) {
  return absl::NotFoundError(absl::StrCat(
      "cannot start \"", program,
      "\": ", found ? "it cannot be executed" : "there is no such program",
      ". It is etcd, version 3.4, of Debian's package etcd-server: run ./dev setup, or "
      "apt-get install etcd-server"));
}

// The answer to one HTTP request; empty if there is none within a second.
std::string Get(const sockaddr_in& address, const std::string& path) {
  io::FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval second = {.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return {};
  }
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(got));
  }
  return answer;
}

}  // namespace

std::vector<uint16_t> FreeLoopbackPorts(size_t count) {
  std::vector<io::FileDescriptor> held;  // until all are found, so that they differ
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    io::FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = Loopback(0);
    socklen_t length = sizeof(address);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      break;
    }
    ports.push_back(ntohs(address.sin_port));
    held.push_back(std::move(fd));
  }
  return ports;
}

absl::StatusOr<std::unique_ptr<EtcdCluster>> EtcdCluster::Start(const EtcdClusterOptions& options) {
  std::unique_ptr<EtcdCluster> cluster(new EtcdCluster(options));
  absl::Status started;
  // Somebody else may take a port before etcd does; etcd cannot tell which one it took by itself.
  for (int attempt = 0; attempt < kPortTries; ++attempt) {
    started = cluster->StartOnce(attempt);
    if (!absl::IsAborted(started)) break;
  }
  if (!started.ok()) return started;
  return cluster;
}

EtcdCluster::~EtcdCluster() {
  for (size_t member = 0; member < pids_.size(); ++member) Kill(member);
}

absl::Status EtcdCluster::StartOnce(int attempt) {
  for (size_t member = 0; member < pids_.size(); ++member) Kill(member);
  const bool health_ports = !options_.tls.cert.empty();
  const std::vector<uint16_t> ports = FreeLoopbackPorts(options_.members * (health_ports ? 3 : 2));
  // Data say which ports their member had: each attempt has its own.
  const std::string directory =
      attempt == 0 ? options_.directory : absl::StrCat(options_.directory, "/again", attempt);
  mkdir(directory.c_str(), 0700);
  plan_ = PlanEtcd(directory, options_.members, ports, health_ports);
  plan_.host = options_.host;
  plan_.tls = options_.tls;
  plan_.further_arguments = options_.further_arguments;
  pids_.assign(size(), -1);
  for (size_t member = 0; member < size(); ++member) {
    absl::Status launched = Launch(member);
    if (!launched.ok()) return launched;
  }
  return AwaitAll();
}

absl::Status EtcdCluster::AwaitAll() {
  for (size_t member = 0; member < size(); ++member) {
    absl::Status healthy = AwaitHealthy(member);
    if (!healthy.ok()) return healthy;
  }
  return absl::OkStatus();
}

absl::Status EtcdCluster::Launch(size_t member) {
  io::FileDescriptor log(
      open(LogPath(member).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log.get() < 0) {
    return absl::InternalError(absl::StrCat("cannot write ", LogPath(member), ": ",
                                            std::strerror(errno), "; choose another directory"));
  }
  std::vector<std::string> arguments = EtcdArguments(plan_, member);
  std::vector<char*> argv = {options_.program.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // Variables of the caller named ETCD_... would be settings.
  const char* path = std::getenv("PATH");
  std::string path_variable = absl::StrCat("PATH=", path == nullptr ? "/usr/bin:/bin" : path);
  char* environment[] = {path_variable.data(), nullptr};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError(absl::StrCat("cannot fork: ", std::strerror(errno)));
  if (pid == 0) Exec(options_.program.c_str(), argv.data(), environment, parent, log.get());
  pids_[member] = pid;
  return absl::OkStatus();
}

absl::Status EtcdCluster::AwaitHealthy(size_t member) {
  const int64_t give_up_ns = io::MonotonicNs() + options_.start_timeout_ns;
  while (!Healthy(member)) {
    if (pids_[member] < 0) return absl::InternalError("this member of etcd was not started");
    for (size_t other = 0; other < size(); ++other) {  // alone it may never get healthy
      int wait_status = 0;
      const bool ended =
          pids_[other] > 0 && waitpid(pids_[other], &wait_status, WNOHANG) == pids_[other];
      if (ended) return Ended(other, wait_status);
    }
    if (io::MonotonicNs() >= give_up_ns) {
      return absl::InternalError(absl::StrCat("etcd does not get healthy within ",
                                              options_.start_timeout_ns / kMs, " ms; its log (",
                                              LogPath(member), ") ends with: ", Log(member)));
    }
    io::Pause(5 * kMs);
  }
  return absl::OkStatus();
}

absl::Status EtcdCluster::Ended(size_t member, int wait_status) {
  pids_[member] = -1;
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  if (code == 126 || code == 127) return NotInstalled(options_.program, code == 126);
  const std::string log = Log(member);
  const bool port_taken = log.find("address already in use") != std::string::npos;
  const std::string what = absl::StrCat(
      "etcd ended (exit code ", code, ") before it was healthy. Is \"", options_.program,
      "\" etcd 3.4 of Debian's package etcd-server? Its log (", LogPath(member),
      ") ends with: ", log.substr(log.size() - std::min(log.size(), kLogTailBytes)));
  return port_taken ? absl::AbortedError(what) : absl::InternalError(what);
}

bool EtcdCluster::Healthy(size_t member) const {
  const std::string answer = Get(HealthAddress(plan_, member), "/health");
  return answer.find("\"health\":\"true\"") != std::string::npos;
}

size_t EtcdCluster::FindLeader() const {
  for (size_t member = 0; member < size(); ++member) {
    const std::string metrics = Get(HealthAddress(plan_, member), "/metrics");
    if (metrics.find("\netcd_server_is_leader 1\n") != std::string::npos) return member;
  }
  return size();
}

void EtcdCluster::Kill(size_t member) {
  const pid_t pid = std::exchange(pids_[member], -1);
  if (pid < 0) return;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

void EtcdCluster::Freeze(size_t member) { kill(pids_[member], SIGSTOP); }

void EtcdCluster::Thaw(size_t member) { kill(pids_[member], SIGCONT); }

absl::Status EtcdCluster::Restart(size_t member) {
  Kill(member);
  return Launch(member);
}

std::string EtcdCluster::LogPath(size_t member) const {
  return absl::StrCat(plan_.members[member].data_dir, ".log");
}

std::string EtcdCluster::Log(size_t member) const {
  std::ifstream file(LogPath(member), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace ringjournal
