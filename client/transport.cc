#include "client/transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/servers.h"

namespace ringjournal::client {
namespace {

constexpr size_t kSpansPerWriteMax = 64;

// A connect to a port of the ephemeral range on which nobody listens can meet itself: TCP then
// connects the socket to its own port. Such a connection would echo what we send and keep the
// server from getting its port back.
bool IsConnectedToItself(int fd) {
  sockaddr_storage local = {}, peer = {};
  socklen_t local_size = sizeof local, peer_size = sizeof peer;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_size) != 0) return false;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return false;
  return local_size == peer_size && std::memcmp(&local, &peer, local_size) == 0;
}

}  // namespace

absl::Status Transport::CannotConnect(int error) const {
  std::string hint = error == ECONNREFUSED ? "; is ringjournald running there?" : "";
  return MakeError(ErrorCode::kCannotConnect,
                   absl::StrCat("cannot connect to ", address_, ": ", strerror(error), hint));
}

absl::Status Transport::Resolve(const std::string& address) {
  absl::StatusOr<ServerAddress> parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int rc = getaddrinfo(parsed->host.c_str(), parsed->port.c_str(), &hints, &found);
  if (rc != 0) {
    return MakeError(ErrorCode::kCannotConnect,
                     absl::StrCat("cannot resolve the host of ", address, ": ", gai_strerror(rc),
                                  "; check the name or use an IP address"));
  }
  candidates_.clear();
  for (addrinfo* a = found; a != nullptr; a = a->ai_next) {
    candidates_.push_back(
        {std::string(reinterpret_cast<const char*>(a->ai_addr), a->ai_addrlen), a->ai_family});
  }
  freeaddrinfo(found);
  std::ranges::reverse(candidates_);
  return absl::OkStatus();
}

absl::Status Transport::StartConnect(const std::string& address) {
  Close();
  address_ = address;
  if (absl::Status status = Resolve(address); !status.ok()) return status;
  last_error_ = EADDRNOTAVAIL;
  return TryNext();
}

absl::Status Transport::TryNext() {
  while (!candidates_.empty()) {
    Candidate candidate = std::move(candidates_.back());
    candidates_.pop_back();
    Close();
    fd_ = socket(candidate.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      last_error_ = errno;
      continue;
    }
    int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto* address = reinterpret_cast<const sockaddr*>(candidate.bytes.data());
    int rc = connect(fd_, address, static_cast<socklen_t>(candidate.bytes.size()));
    if (rc == 0 || errno == EINPROGRESS) return absl::OkStatus();
    last_error_ = errno;
  }
  Close();
  return CannotConnect(last_error_);
}

absl::Status Transport::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0 && IsConnectedToItself(fd_)) error = ECONNREFUSED;
  if (error == 0) {
    connected_ = true;
    return absl::OkStatus();
  }
  last_error_ = error;
  return TryNext();
}

void Transport::Adopt(int fd) {
  Close();
  fd_ = fd;
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  connected_ = true;
}

void Transport::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  connected_ = false;
}

absl::StatusOr<size_t> Transport::Write(std::span<const ByteSpan> spans) {
  std::array<iovec, kSpansPerWriteMax> iov;
  size_t n = std::min(spans.size(), iov.size());
  for (size_t i = 0; i < n; ++i) {
    iov[i] = {const_cast<std::byte*>(spans[i].data()), spans[i].size()};
  }
  msghdr message = {};
  message.msg_iov = iov.data();
  message.msg_iovlen = n;
  ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return MakeError(ErrorCode::kCannotConnect,
                   absl::StrCat("connection to ", address_, " lost: ", strerror(errno)));
}

absl::StatusOr<size_t> Transport::Read(std::span<std::byte> first, std::span<std::byte> behind) {
  iovec parts[] = {{first.data(), first.size()}, {behind.data(), behind.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t got = recvmsg(fd_, &message, MSG_DONTWAIT);
  if (got > 0) return static_cast<size_t>(got);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return MakeError(ErrorCode::kCannotConnect,
                   absl::StrCat("connection to ", address_,
                                " lost: ", got == 0 ? "the server closed it" : strerror(errno)));
}

}  // namespace ringjournal::client
