#include "tests/etcd/fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "journal/base/check.h"

namespace ringjournal {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool SendAll(int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t some = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (some <= 0) return false;
    sent += static_cast<size_t>(some);
  }
  return true;
}

bool ReceiveSome(int fd, std::string* bytes) {
  char buffer[65536];
  const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
  if (got <= 0) return false;
  bytes->append(buffer, static_cast<size_t>(got));
  return true;
}

// The length of a whole HTTP message at the front, 0 while it is not whole.
size_t WholeMessage(const std::string& bytes) {
  const size_t head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const size_t body = head + 4;
  const size_t length_at = bytes.find("Content-Length: ");
  if (length_at < head) {
    const size_t length = std::strtoull(bytes.c_str() + length_at + 16, nullptr, 10);
    return bytes.size() >= body + length ? body + length : 0;
  }
  const size_t end = bytes.find("0\r\n\r\n", body);  // chunks
  return end == std::string::npos ? 0 : end + 5;
}

std::string ReceiveMessage(int fd) {
  std::string bytes;
  while (WholeMessage(bytes) == 0) {
    if (!ReceiveSome(fd, &bytes)) return {};
  }
  return bytes;
}

}  // namespace

FaultProxy::FaultProxy(uint16_t upstream_port)
    : upstream_port_(upstream_port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  RJ_CHECK(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  RJ_CHECK(listen(listener_.get(), 64) == 0);
  RJ_CHECK(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  Release();
  shutdown(listener_.get(), SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  CutAll();
  for (std::thread& thread : threads_) thread.join();
}

std::string FaultProxy::endpoint() const {
  return std::string("http://127.0.0.1:").append(std::to_string(port_));
}

void FaultProxy::Set(const std::string& path, Fault fault, int times) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fault_path_ = path;
  fault_ = fault;
  times_ = times;
  released_ = false;
}

void FaultProxy::SetReplacement(const std::string& whole_answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  replacement_ = whole_answer;
}

void FaultProxy::Release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  released_ = true;
  released_changed_.notify_all();
}

void FaultProxy::CutAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (int fd : open_) shutdown(fd, SHUT_RDWR);
}

void FaultProxy::StopForGood() {
  shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  CutAll();
  // A request that had arrived whole is read, and counted, by a thread that may not have run yet.
  std::unique_lock<std::mutex> lock(mutex_);
  RJ_CHECK(closed_.wait_for(lock, std::chrono::seconds(30), [this] { return open_.empty(); }));
}

int FaultProxy::Count(const std::string& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(
      seen_.begin(), seen_.end(), [&](const std::string& seen) { return seen.starts_with(path); }));
}

void FaultProxy::Accept() {
  while (true) {
    const int client = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    Keep(client);
    const std::lock_guard<std::mutex> lock(mutex_);
    threads_.emplace_back([this, client] {
      Serve(client);
      Close(client);
    });
  }
}

void FaultProxy::Serve(int client) {
  const std::string request = ReceiveMessage(client);
  if (request.empty()) return;
  const size_t path_at = request.find(' ') + 1;
  const std::string path = request.substr(path_at, request.find(' ', path_at) - path_at);
  Treat(Take(path), client, request);
}

Fault FaultProxy::Take(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  seen_.push_back(path);
  if (fault_ == Fault::kNone || times_ == 0 || !path.starts_with(fault_path_)) return Fault::kNone;
  --times_;
  return fault_;
}

void FaultProxy::Treat(Fault fault, int client, const std::string& request) {
  switch (fault) {
    case Fault::kNone:
      return Relay(client, request);
    case Fault::kCutBefore:
      return;
    case Fault::kCutAfter:
      Ask(request);
      return;
    case Fault::kCutInside: {
      const std::string answer = Ask(request);
      SendAll(client, answer.substr(0, answer.size() / 2));
      return;
    }
    case Fault::kSwallow:
      Ask(request);
      return AwaitEnd(client);
    case Fault::kSendTwice: {
      const std::string answer = Ask(request);
      Ask(request);
      SendAll(client, answer);
      return AwaitEnd(client);
    }
    case Fault::kAnswerTwice: {
      const std::string answer = Ask(request);
      SendAll(client, answer + answer);
      return AwaitEnd(client);
    }
    case Fault::kHold: {
      std::unique_lock<std::mutex> lock(mutex_);
      released_changed_.wait(lock, [this] { return released_; });
      lock.unlock();
      // Whole, although the client may be gone by now.
      SendAll(client, Ask(request));
      return AwaitEnd(client);
    }
    case Fault::kReplace: {
      std::unique_lock<std::mutex> lock(mutex_);
      const std::string answer = replacement_;
      lock.unlock();
      SendAll(client, answer);
      return AwaitEnd(client);
    }
  }
}

std::string FaultProxy::Ask(const std::string& request) {
  const int upstream = Connect();
  if (upstream < 0) return {};
  std::string answer;
  if (SendAll(upstream, request)) answer = ReceiveMessage(upstream);
  Close(upstream);
  return answer;
}

void FaultProxy::Relay(int client, const std::string& request) {
  const int upstream = Connect();
  if (upstream < 0) return;
  bool going = SendAll(upstream, request);
  while (going) {
    pollfd waiting[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) break;
    for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 0)}) {
      std::string bytes;
      if (waiting[from].revents == 0) continue;
      going = going && ReceiveSome(waiting[from].fd, &bytes) && SendAll(waiting[to].fd, bytes);
    }
  }
  Close(upstream);
}

int FaultProxy::Connect() {
  const int fd = Keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(upstream_port_);
  if (stopping_ || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Close(fd);
    return -1;
  }
  return fd;
}

void FaultProxy::AwaitEnd(int client) {
  std::string ignored;
  while (ReceiveSome(client, &ignored)) {
  }
}

int FaultProxy::Keep(int fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_.push_back(fd);
  if (stopping_) shutdown(fd, SHUT_RDWR);
  return fd;
}

void FaultProxy::Close(int fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase(open_, fd);
  close(fd);
  closed_.notify_all();
}

}  // namespace ringjournal
