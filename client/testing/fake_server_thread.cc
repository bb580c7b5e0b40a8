#include "client/testing/fake_server_thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

constexpr size_t kReceiveBytes = 64 * 1024;

int64_t ReadClock(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace

FakeServerThread::FakeServerThread(std::string name) : state_(std::move(name)) { Start(); }

void FakeServerThread::Start() {
  if (thread_.joinable()) return;
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port_));
  socklen_t size = sizeof address;
  RJ_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  RJ_CHECK(listen(listener_, limits::kFakeJournalConnectionsMax) == 0);
  RJ_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  address_ = "127.0.0.1:" + std::to_string(port_);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  RJ_CHECK(wake_ >= 0);
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void FakeServerThread::Stop() {
  if (!thread_.joinable()) return;
  With([this](FakeState&) { stopping_ = true; });
  thread_.join();
  close(listener_);
  close(wake_);
}

void FakeServerThread::With(const std::function<void(FakeState&)>& use) {
  std::lock_guard lock(mutex_);
  use(state_);
  uint64_t one = 1;
  if (thread_.joinable()) RJ_CHECK(write(wake_, &one, sizeof one) == sizeof one);
}

void FakeServerThread::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<pollfd> fds = {{.fd = listener_, .events = POLLIN},
                               {.fd = wake_, .events = POLLIN}};
    for (const auto& c : connections_) {
      fds.push_back(
          {.fd = c->fd, .events = static_cast<short>(c->out.empty() ? POLLIN : POLLIN | POLLOUT)});
    }
    int wait_ms = WaitMs(ReadClock(CLOCK_MONOTONIC));
    lock.unlock();
    poll(fds.data(), fds.size(), wait_ms);
    lock.lock();
    uint64_t woken;
    if (fds[1].revents != 0 && read(wake_, &woken, sizeof woken) < 0) continue;
    int64_t now = ReadClock(CLOCK_MONOTONIC);
    // First of all, so that no session sees a journal that changed under it.
    if (std::exchange(state_.break_connections, false)) {
      for (const auto& c : connections_) c->ended = true;
    }
    for (size_t i = 0; i < connections_.size(); ++i) {
      Serve(connections_[i].get(), fds[i + 2].revents != 0, now);
    }
    // What one connection appended, the readers of the others get in the same turn.
    for (const auto& c : connections_) TakeAnswers(c.get(), now);
    DropEnded();
    if (fds[0].revents != 0) Accept();
  }
  for (const auto& c : connections_) c->ended = true;
  DropEnded();
}

// Until the next answer that is held back is due; -1: no such.
int FakeServerThread::WaitMs(int64_t now_ns) const {
  int64_t due = INT64_MAX;
  for (const auto& c : connections_) {
    if (!c->held.empty()) due = std::min(due, c->held.front().first);
  }
  if (due == INT64_MAX) return -1;
  return static_cast<int>(std::max<int64_t>(due - now_ns, 0) / 1'000'000 + 1);
}

void FakeServerThread::Accept() {
  for (;;) {
    int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (connections_.size() >= limits::kFakeJournalConnectionsMax) {
      close(fd);
      continue;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ++state_.counts.connections;
    connections_.push_back(std::make_unique<Connection>(fd, &state_));
  }
}

void FakeServerThread::Serve(Connection* connection, bool readable, int64_t now_ns) {
  if (!readable || connection->ended) return;
  std::byte buffer[kReceiveBytes];
  ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  bool goes_on =
      got > 0 && connection->session.Feed({buffer, static_cast<size_t>(got)},
                                          static_cast<uint64_t>(ReadClock(CLOCK_REALTIME)));
  // Answers from before the end of a connection still go out: TCP delivers them first.
  TakeAnswers(connection, now_ns);
  connection->ended = connection->ended || !goes_on;
}

void FakeServerThread::TakeAnswers(Connection* connection, int64_t now_ns) {
  if (connection->ended) return;
  connection->session.Pump();
  std::string* answers = connection->session.outbound();
  if (!answers->empty()) {
    connection->held.emplace_back(now_ns + state_.delay_ns, std::move(*answers));
    answers->clear();
  }
  while (!connection->held.empty() && connection->held.front().first <= now_ns) {
    connection->out += connection->held.front().second;
    connection->held.pop_front();
  }
  while (!connection->out.empty()) {
    ssize_t sent =
        send(connection->fd, connection->out.data(), connection->out.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (sent < 0) {
      connection->ended = true;
      return;
    }
    connection->out.erase(0, static_cast<size_t>(sent));
  }
}

void FakeServerThread::DropEnded() {
  std::erase_if(connections_, [](const std::unique_ptr<Connection>& connection) {
    if (connection->ended) close(connection->fd);
    return connection->ended;
  });
}

}  // namespace ringjournal::client
