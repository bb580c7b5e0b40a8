#include "io/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal::io {
namespace {

absl::Status SetOption(int fd, int level, int option, uint32_t value, const char* name) {
  int number = static_cast<int>(value);
  if (setsockopt(fd, level, option, &number, sizeof number) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot set the socket option ", name, " to ", value,
                                          ": ", strerror(errno),
                                          ". Check the socket settings of the configuration."));
}

std::string ChooseCongestion(const Address& address, const SocketOptions& options) {
  if (!options.congestion.empty() || !address.is_loopback()) return options.congestion;
  std::string system;
  std::ifstream("/proc/sys/net/ipv4/tcp_congestion_control") >> system;
  return system == "bbr" ? "reno" : "";
}

absl::Status SetCongestion(int fd, const Address& address, const SocketOptions& options) {
  std::string name = ChooseCongestion(address, options);
  if (name.empty()) return absl::OkStatus();
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                 static_cast<socklen_t>(name.size())) == 0 ||
      options.congestion.empty()) {
    return absl::OkStatus();  // our own choice is only a matter of speed
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot use the TCP congestion control '", name, "': ", strerror(errno),
                   ". /proc/sys/net/ipv4/tcp_allowed_congestion_control lists what is allowed."));
}

absl::Status SetKeepalive(int fd, const SocketOptions& options) {
  RJ_RETURN_IF_ERROR(SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"));
  RJ_RETURN_IF_ERROR(
      SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, options.keepalive_idle_s, "TCP_KEEPIDLE"));
  RJ_RETURN_IF_ERROR(
      SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, options.keepalive_interval_s, "TCP_KEEPINTVL"));
  RJ_RETURN_IF_ERROR(
      SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, options.keepalive_count, "TCP_KEEPCNT"));
  // Keepalive sleeps while data is unacknowledged; this does not. Same total time.
  uint32_t total_ms =
      1000 * (options.keepalive_idle_s + options.keepalive_interval_s * options.keepalive_count);
  return SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, total_ms, "TCP_USER_TIMEOUT");
}

absl::Status SetOptions(int fd, const Address& address, const SocketOptions& options) {
  RJ_RETURN_IF_ERROR(SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  RJ_RETURN_IF_ERROR(SetKeepalive(fd, options));
  if (options.send_buffer_bytes > 0) {
    RJ_RETURN_IF_ERROR(
        SetOption(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes, "SO_SNDBUF"));
  }
  if (options.receive_buffer_bytes > 0) {
    RJ_RETURN_IF_ERROR(
        SetOption(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, "SO_RCVBUF"));
  }
  if (options.not_sent_low_bytes > 0) {
    RJ_RETURN_IF_ERROR(SetOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.not_sent_low_bytes,
                                 "TCP_NOTSENT_LOWAT"));
  }
  return SetCongestion(fd, address, options);
}

absl::Status ExplainListenFailure(int error, const Address& address) {
  std::string where = absl::StrCat("cannot listen on ", address.ToString(), ": ");
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(absl::StrCat(
          where, "the port is in use. Stop the process that has it (`ss -ltnp 'sport = :",
          address.port(), "'` names it), or choose another port; port 0 picks a free one."));
    case EACCES:
      return absl::PermissionDeniedError(
          absl::StrCat(where,
                       "ports below 1024 need privileges. Choose a higher port, or give the "
                       "process CAP_NET_BIND_SERVICE."));
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(absl::StrCat(
          where,
          "no network interface of this machine has that address. `ip addr` lists them; "
          "0.0.0.0 means all."));
    default:
      return absl::InternalError(
          absl::StrCat(where, strerror(error), ". Check the address and the machine's network."));
  }
}

}  // namespace

absl::StatusOr<FileDescriptor> OpenSocket(const Address& peer, const SocketOptions& options) {
  FileDescriptor fd(socket(peer.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot open a socket for ", peer.ToString(), ": ", strerror(errno),
                     ". If descriptors ran out, raise `ulimit -n` or LimitNOFILE=."));
  }
  RJ_RETURN_IF_ERROR(SetOptions(fd.get(), peer, options));
  return fd;
}

absl::StatusOr<Listener> OpenListener(const Address& address, const SocketOptions& options) {
  absl::StatusOr<FileDescriptor> fd = OpenSocket(address, options);
  if (!fd.ok()) return fd.status();
  // A restart must not wait for the old connections' TIME_WAIT.
  RJ_RETURN_IF_ERROR(SetOption(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
  if (bind(fd->get(), address.raw(), address.raw_bytes()) != 0 ||
      listen(fd->get(), limits::kListenBacklog) != 0) {
    return ExplainListenFailure(errno, address);
  }
  sockaddr_storage bound = {};
  socklen_t bytes = sizeof bound;
  RJ_CHECK(getsockname(fd->get(), reinterpret_cast<sockaddr*>(&bound), &bytes) == 0);
  absl::StatusOr<Address> actual =
      Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), bytes);
  if (!actual.ok()) return actual.status();
  return Listener{*std::move(fd), *actual};
}

absl::StatusOr<uint64_t> RaiseOpenFileLimit(uint64_t needed) {
  rlimit limit = {};
  RJ_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= needed) return limit.rlim_cur;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the limit of open files is ", limit.rlim_cur, " but ", needed,
      " are needed for the configured number of connections: raise it (`ulimit -Hn`, LimitNOFILE= "
      "of the unit, --ulimit nofile= of the container), or configure fewer connections."));
}

}  // namespace ringjournal::io
