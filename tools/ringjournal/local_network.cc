#include "tools/ringjournal/local_network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/system_tool.h"

namespace ringjournal {
namespace {

constexpr char kOwnFile[] = "/proc/thread-self/ns/net";

absl::Status Impossible(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("nodes cannot be cut off on this machine: ", std::string(what)));
}

absl::Status NotPermitted(std::string_view what, int error) {
  return Impossible(absl::StrCat(
      "cannot make ", std::string(what), ": ", std::strerror(error),
      ". Run this as root (in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN), or let users make "
      "namespaces: sysctl user.max_user_namespaces=10000 user.max_net_namespaces=10000, and where "
      "they exist "
      "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0"));
}

absl::Status Run(const SystemTool& tool) {
  absl::Status done = RunSystemTool(tool);
  if (done.ok()) return done;
  return Impossible(
      absl::StrCat("the kernel needs the modules veth, bridge and nf_tables, which root can load "
                   "(modprobe), and "
                   "must let this user change networks of its own (try it as root). ",
                   std::string(done.message())));
}

// 0, or errno.
int WriteFile(const char* path, const std::string& text) {
  const io::FileDescriptor file(open(path, O_WRONLY | O_CLOEXEC));
  return write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

// As root of a user namespace, who outside of it is the user that this process has.
absl::Status EnterAsUser() {
  const std::string user = absl::StrCat("0 ", getuid(), " 1\n");
  const std::string group = absl::StrCat("0 ", getgid(), " 1\n");
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return NotPermitted("a user namespace", errno);
  for (const auto& [path, text] :
       {std::pair("/proc/self/setgroups", std::string("deny")),
        std::pair("/proc/self/uid_map", user), std::pair("/proc/self/gid_map", group)}) {
    const int error = WriteFile(path, text);
    if (error != 0) return NotPermitted(absl::StrCat("a user namespace (", path, ")"), error);
  }
  return absl::OkStatus();
}

absl::Status Enter() {
  if (unshare(CLONE_NEWNET) == 0) return absl::OkStatus();
  return EnterAsUser();
}

// Not with a number that a tool has.
io::FileDescriptor OwnNamespace() {
  const io::FileDescriptor low(open(kOwnFile, O_RDONLY | O_CLOEXEC));
  return io::FileDescriptor(fcntl(low.get(), F_DUPFD_CLOEXEC, kToolOtherFd + 1));
}

// Of the process that tries: never returns.
[[noreturn]] void TryAndSay(int pipe) {
  auto network = LocalNetwork::Make(1);
  absl::Status status = network.status();
  if (status.ok()) status = (*network)->CutOff(0, Cut::kBoth);
  if (status.ok()) _exit(0);
  const std::string message(status.message());
  _exit(write(pipe, message.data(), message.size()) >= 0 ? 1 : 2);
}

std::string ReadToEnd(int pipe) {
  std::string text;
  char buffer[512];
  for (ssize_t got = 0; (got = read(pipe, buffer, sizeof buffer)) != 0;) {
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalNetwork>> LocalNetwork::Make(size_t nodes) {
  if (nodes > kNetworkNodesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a network of ", nodes, " nodes: at most ",
                                                   kNetworkNodesMax, " have an address"));
  }
  std::unique_ptr<LocalNetwork> network(new LocalNetwork());
  if (absl::Status s = network->Begin(nodes); !s.ok()) return s;
  return network;
}

absl::Status LocalNetwork::Begin(size_t nodes) {
  auto ip = FindSystemTool("ip", "iproute2");
  if (!ip.ok()) return Impossible(std::string(ip.status().message()));
  auto nft = FindSystemTool("nft", "nftables");
  if (!nft.ok()) return Impossible(std::string(nft.status().message()));
  ip_ = *ip;
  nft_ = *nft;
  if (absl::Status s = Enter(); !s.ok()) return s;
  home_ = OwnNamespace();
  absl::Status bridge = Run({.words = {ip_, "-batch", "-"}, .input = BridgeLinks()});
  if (!bridge.ok()) return bridge;
  while (nodes_.size() < nodes) {
    if (absl::Status s = AddNode(); !s.ok()) return s;
  }
  return Run({.words = {nft_, "-f", "-"}, .input = CutTable()});
}

absl::Status LocalNetwork::AddNode() {
  const size_t node = nodes_.size();
  if (unshare(CLONE_NEWNET) != 0) return NotPermitted("a network namespace for a node", errno);
  nodes_.push_back(OwnNamespace());
  if (!nodes_.back().is_open() || setns(home_.get(), CLONE_NEWNET) != 0) {
    return NotPermitted("a network namespace for a node and leave it", errno);
  }
  absl::Status cable = Run({.words = {ip_, "-batch", "-"},
                            .input = CableLinks(node, absl::StrCat("/proc/self/fd/", kToolOtherFd)),
                            .other = namespace_of(node)});
  if (!cable.ok()) return cable;
  return Run(
      {.words = {ip_, "-batch", "-"}, .input = NodeLinks(node), .inside = namespace_of(node)});
}

absl::Status LocalNetwork::Try() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  const io::FileDescriptor reader(ends[0]);
  io::FileDescriptor writer(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::InternalError(absl::StrCat("cannot start a process: ", std::strerror(errno)));
  }
  if (pid == 0) TryAndSay(writer.get());
  writer.Reset();
  const std::string message = ReadToEnd(reader.get());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return absl::OkStatus();
  if (!message.empty()) return absl::FailedPreconditionError(message);
  return Impossible("the process that tried it was killed");
}

absl::Status LocalNetwork::CutOff(size_t node, Cut cut) {
  return Run({.words = {nft_, "-f", "-"}, .input = CutRules(node, cut)});
}

absl::Status LocalNetwork::Heal() {
  return Run({.words = {nft_, "-f", "-"}, .input = HealRules()});
}

}  // namespace ringjournal
