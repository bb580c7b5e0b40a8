#include "client/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "journal/base/check.h"

namespace ringjournal::client {

LoopbackServer::LoopbackServer() { Start(); }

void LoopbackServer::Start() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port_));
  socklen_t size = sizeof address;
  RJ_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  RJ_CHECK(listen(listener_, 8) == 0);
  RJ_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  address_ = "127.0.0.1:" + std::to_string(port_);
  RJ_CHECK(pipe(stop_pipe_) == 0);
  thread_ = std::thread([this] { Run(); });
}

void LoopbackServer::Stop() {
  if (!thread_.joinable()) return;
  RJ_CHECK(write(stop_pipe_[1], "x", 1) == 1);
  thread_.join();
  close(listener_);
  close(stop_pipe_[0]);
  close(stop_pipe_[1]);
}

void LoopbackServer::With(const std::function<void(FakeServer&)>& use) {
  std::lock_guard lock(mutex_);
  use(server_);
}

void LoopbackServer::Run() {
  for (;;) {
    pollfd fds[] = {{.fd = listener_, .events = POLLIN}, {.fd = stop_pipe_[0], .events = POLLIN}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) continue;
    Serve(fd);
    close(fd);
  }
}

void LoopbackServer::Serve(int fd) {
  With([](FakeServer& server) { server.StartConnection(); });
  std::byte buffer[4096];
  for (;;) {
    pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_pipe_[0], .events = POLLIN}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return;
    std::lock_guard lock(mutex_);
    server_.Feed({buffer, static_cast<size_t>(n)});
    if (MustCut() || !SendAll(fd)) return;
  }
}

bool LoopbackServer::MustCut() {
  auto is_append = [](const v1::ClientMessage& message) { return message.has_append(); };
  auto appends = static_cast<size_t>(std::ranges::count_if(server_.received, is_append));
  if (cut_every == 0 || appends < appends_at_cut_ + static_cast<size_t>(cut_every)) return false;
  appends_at_cut_ = appends;
  return true;
}

bool LoopbackServer::SendAll(int fd) {
  std::string* out = server_.outbound();
  while (!out->empty()) {
    ssize_t n = send(fd, out->data(), out->size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    out->erase(0, static_cast<size_t>(n));
  }
  return true;
}

}  // namespace ringjournal::client
