#include "tests/chaos/wire_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "io/clock.h"
#include "journal/base/check.h"
#include "proto/peer.pb.h"

namespace ringjournal::chaos {
namespace {

constexpr size_t kQueueMax =
    512 << 10;  // bytes that one direction holds; the rest waits in the kernel
constexpr size_t kReadMax = 64 << 10;
constexpr size_t kPrefaceBytes = 8;
constexpr size_t kHelloMax = 4096;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int NewSocket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  RJ_CHECK(fd >= 0);
  return fd;
}

void MakeFast(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// The other end sees a reset instead of an end.
void Break(io::FileDescriptor* fd) {
  if (!fd->is_open()) return;
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd->Reset();
}

}  // namespace

WireProxy::WireProxy(std::vector<WireLink> links) : links_(std::move(links)) {
  listeners_.resize(links_.size());
  for (size_t i = 0; i < links_.size(); ++i) {
    Listen(i);
    names_.insert(links_[i].to);
    if (links_[i].from != "?") names_.insert(links_[i].from);
  }
}

void WireProxy::Listen(size_t link) {
  listeners_[link].Reset(NewSocket());
  const int fd = listeners_[link].get();
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  const sockaddr_in address = Loopback(links_[link].port);
  RJ_CHECK(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  RJ_CHECK(listen(fd, 128) == 0);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

std::vector<std::pair<std::string, std::string>> WireProxy::PairsOf(const std::string& from,
                                                                    const std::string& to) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& a : names_) {
    for (const std::string& b : names_) {
      if (a != b && (from == "*" || from == a) && (to == "*" || to == b)) pairs.push_back({a, b});
    }
  }
  return pairs;
}

std::string WireProxy::Carry(const std::string& command, int64_t now_ns) {
  std::istringstream words(command);
  std::string what, from, to;
  uint64_t number = 0;
  words >> what >> from >> to >> number;
  if (what == "heal") {
    rules_.clear();
    return "";
  }
  if (what == "down" || what == "up") {
    for (size_t i = 0; i < links_.size(); ++i) {
      if (links_[i].to != from) continue;
      if (what == "down") listeners_[i].Reset();
      if (what == "up" && !listeners_[i].is_open()) Listen(i);
    }
    return "";
  }
  const auto pairs = PairsOf(from, to);
  if (pairs.empty()) return "nobody is meant by " + command;
  for (const auto& pair : pairs) {
    if (what == "cut") {
      rules_[pair].cut = true;
    } else if (what == "delay") {
      rules_[pair].delay_ns = static_cast<int64_t>(number) * 1'000'000;
    } else if (what == "rate") {
      rules_[pair].bytes_per_s = number;
    } else {
      return "there is no command " + what;
    }
  }
  return "";
}

const WireRule& WireProxy::RuleOf(const std::string& from, const std::string& to) const {
  static const WireRule kNone;
  auto found = rules_.find({from, to});
  return found == rules_.end() ? kNone : found->second;
}

bool WireProxy::Turn(int also_fd, int wait_ms) {
  std::vector<pollfd> polled = {{also_fd, POLLIN, 0}};
  for (const io::FileDescriptor& fd : listeners_) polled.push_back({fd.get(), POLLIN, 0});
  for (const auto& c : connections_) {
    const bool named = !c->from.empty();
    const std::string& to = links_[c->link].to;
    auto events = [&](const Half& in, const Half& out, bool in_cut, bool out_cut) {
      short events = 0;
      if (!in.read_end && !in_cut && in.queued_bytes < kQueueMax) events |= POLLIN;
      if (!out.queue.empty() && !out_cut && out.queue.front().due_ns == 0 &&
          out.next_send_ns == 0) {
        events |= POLLOUT;
      }
      return events;
    };
    const bool cut_to = named && RuleOf(c->from, to).cut;
    const bool cut_back = named && RuleOf(to, c->from).cut;
    // An error is always reported, so who may not be heard is not asked.
    short dialer = events(c->to_listener, c->to_dialer, cut_to, cut_back);
    short listener = events(c->to_dialer, c->to_listener, cut_back, cut_to);
    polled.push_back({dialer != 0 ? c->dialer.get() : -1, dialer, 0});
    polled.push_back({listener != 0 ? c->listener.get() : -1, listener, 0});
  }
  // Delayed and limited bytes go by time: a millisecond is fine enough.
  bool timed = std::any_of(rules_.begin(), rules_.end(), [](const auto& r) {
    return r.second.delay_ns != 0 || r.second.bytes_per_s != 0;
  });
  timed |= std::any_of(connections_.begin(), connections_.end(), [](const auto& c) {
    return (!c->to_dialer.queue.empty() && c->to_dialer.queue.front().due_ns != 0) ||
           (!c->to_listener.queue.empty() && c->to_listener.queue.front().due_ns != 0);
  });
  poll(polled.data(), polled.size(), timed ? 1 : wait_ms);
  const int64_t now_ns = io::MonotonicNs();
  for (size_t i = 0; i < connections_.size(); ++i) {
    const size_t at = 1 + links_.size() + 2 * i;
    connections_[i]->dialer_ready = (polled[at].revents & ~POLLOUT) != 0;
    connections_[i]->listener_ready = (polled[at + 1].revents & ~POLLOUT) != 0;
  }
  for (size_t i = 0; i < links_.size(); ++i) {
    if (polled[1 + i].revents != 0) Accept(i);
  }
  for (auto& c : connections_) Serve(c.get(), now_ns);
  std::erase_if(connections_, [](const auto& c) { return c->broken; });
  return polled[0].revents != 0;
}

void WireProxy::Accept(size_t link) {
  if (!listeners_[link].is_open()) return;
  for (;;) {
    const int fd = accept4(listeners_[link].get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    MakeFast(fd);
    auto c = std::make_unique<Connection>();
    c->link = link;
    c->dialer.Reset(fd);
    if (links_[link].from != "?") c->from = links_[link].from;
    connections_.push_back(std::move(c));
  }
}

void WireProxy::Serve(Connection* c, int64_t now_ns) {
  const std::string& to = links_[c->link].to;
  const WireRule& there = RuleOf(c->from, to);
  const WireRule& back = RuleOf(to, c->from);
  if (!there.cut && c->dialer_ready) Read(c->dialer.get(), &c->to_listener, there, now_ns);
  if (c->from.empty()) {
    LearnName(c);
    if (c->from.empty() && c->to_listener.read_end) c->broken = true;
    return;
  }
  if (!c->listener.is_open()) {
    if (there.cut || back.cut) return;
    if (c->to_listener.read_end && c->to_listener.queue.empty()) {
      c->broken = true;
      return;
    }
    Connect(c);
    if (c->broken) return;
  }
  if (!back.cut && c->listener_ready) Read(c->listener.get(), &c->to_dialer, back, now_ns);
  bool good = (there.cut || Write(c->listener.get(), &c->to_listener, there, now_ns)) &&
              (back.cut || Write(c->dialer.get(), &c->to_dialer, back, now_ns));
  if (!good) {
    Break(&c->dialer);
    Break(&c->listener);
    c->broken = true;
  }
  if (c->to_dialer.told_end && c->to_listener.told_end) c->broken = true;
}

// Preface, length, PeerMessage with the hello: see proto/peer.proto.
void WireProxy::LearnName(Connection* c) {
  std::string bytes;
  for (const Chunk& chunk : c->to_listener.queue) bytes += chunk.bytes;
  if (bytes.size() < kPrefaceBytes + 4) return;
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kPrefaceBytes, 4);
  if (length <= kHelloMax && bytes.size() < kPrefaceBytes + 4 + length) return;
  v1::PeerMessage message;
  if (length <= kHelloMax && message.ParseFromArray(bytes.data() + kPrefaceBytes + 4, length)) {
    c->from = message.hello().from().node();
  }
  if (c->from.empty()) c->broken = true;  // no node says such a thing
}

void WireProxy::Connect(Connection* c) {
  c->listener.Reset(NewSocket());
  const sockaddr_in address = Loopback(links_[c->link].behind);
  // To loopback: it is connected or refused at once.
  if (connect(c->listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    Break(&c->dialer);
    c->broken = true;
    return;
  }
  MakeFast(c->listener.get());
}

void WireProxy::Read(int fd, Half* half, const WireRule& rule, int64_t now_ns) {
  char buffer[kReadMax];
  while (!half->read_end && half->queued_bytes < kQueueMax) {
    const ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      half->read_end = true;
      return;
    }
    const int64_t due_ns = rule.delay_ns == 0 ? 0 : now_ns + rule.delay_ns;
    half->queue.push_back({std::string(buffer, static_cast<size_t>(got)), 0, due_ns});
    half->queued_bytes += static_cast<size_t>(got);
  }
}

bool WireProxy::Write(int fd, Half* half, const WireRule& rule, int64_t now_ns) {
  while (!half->queue.empty()) {
    Chunk& chunk = half->queue.front();
    if (chunk.due_ns > now_ns || (rule.bytes_per_s != 0 && half->next_send_ns > now_ns))
      return true;
    chunk.due_ns = 0;
    size_t size = chunk.bytes.size() - chunk.sent;
    // What may go in 10 ms, so that the rate is even.
    if (rule.bytes_per_s != 0) size = std::min<size_t>(size, rule.bytes_per_s / 100 + 1);
    const ssize_t sent =
        send(fd, chunk.bytes.data() + chunk.sent, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    half->next_send_ns =
        rule.bytes_per_s == 0
            ? 0
            : std::max(half->next_send_ns, now_ns - 10'000'000) +
                  static_cast<int64_t>(1e9 * static_cast<double>(sent) / rule.bytes_per_s);
    chunk.sent += static_cast<size_t>(sent);
    half->queued_bytes -= static_cast<size_t>(sent);
    if (chunk.sent == chunk.bytes.size()) half->queue.pop_front();
  }
  if (half->read_end && !half->told_end) {
    shutdown(fd, SHUT_WR);
    half->told_end = true;
  }
  return true;
}

}  // namespace ringjournal::chaos
