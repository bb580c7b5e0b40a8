// For tests: the other end of a connection as a plain socket, and a loop with its events sorted.
#ifndef IO_TEST_PEER_H_
#define IO_TEST_PEER_H_

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/clock.h"
#include "io/net_loop.h"
#include "journal/base/check.h"

namespace ringjournal::io {

// The byte at a position of a stream, different for each stream; no short period.
inline char PatternByte(uint64_t stream, uint64_t position) {
  uint64_t x = (position + 1) * 0x9e3779b97f4a7c15ull + stream * 0xbf58476d1ce4e5b9ull;
  return static_cast<char>(x >> 37);
}
inline std::string Pattern(uint64_t stream, uint64_t from, size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = PatternByte(stream, from + i);
  return bytes;
}

// A non-blocking TCP socket that is connected to a loop.
class TestPeer {
 public:
  explicit TestPeer(const Address& address, int receive_buffer_bytes = 0) {
    fd_.Reset(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    RJ_CHECK(fd_.is_open());
    if (receive_buffer_bytes > 0) {
      setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
    }
    connected_ = connect(fd(), address.raw(), address.raw_bytes()) == 0;
    RJ_CHECK(fcntl(fd(), F_SETFL, O_NONBLOCK) == 0);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }
  // Bytes taken; 0 if the socket is full.
  size_t Write(std::string_view bytes) {
    ssize_t n = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  // Appends what is there to `received`. Notes the end of stream or the error.
  void Read() {
    char buffer[65536];
    for (;;) {
      ssize_t n = recv(fd(), buffer, sizeof buffer, 0);
      if (n > 0) {
        received.append(buffer, static_cast<size_t>(n));
        continue;
      }
      ended = ended || n == 0;
      if (n < 0 && errno != EAGAIN) error = errno;
      return;
    }
  }
  void ShutdownWrite() { shutdown(fd(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  void Reset() {
    linger hard = {1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.Reset();
  }

  std::string received;
  bool ended = false;
  int error = 0;

 private:
  FileDescriptor fd_;
  bool connected_ = false;
};

// A loop that keeps what its events said.
class TestLoop {
 public:
  struct Seen {
    ConnectionId id;
    std::string received;
    std::vector<int32_t> ends;  // results of kReceiveEnded
    int connected = 0, drained = 0;
    int32_t connect_result = 1;
    bool closed = false;
  };

  explicit TestLoop(const NetLoop::Options& options = {}) {
    auto made = NetLoop::Create(options);
    if (!made.ok()) std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
    RJ_CHECK(made.ok());
    loop = *std::move(made);
  }
  Address Listen() {
    auto address = loop->Listen(*Address::Parse("127.0.0.1:0"));
    RJ_CHECK(address.ok());
    return *address;
  }

  void Turn(int64_t timeout_ns = 1'000'000) {
    for (const Event& event : loop->Turn({.timeout_ns = timeout_ns})) {
      Note(event);
      if (on_event) on_event(event);
    }
  }
  // Turns until `done`, at most 20 s. False if that was not enough.
  bool Until(const std::function<bool()>& done) {
    int64_t deadline = MonotonicNs() + 20'000'000'000;
    while (!done()) {
      if (MonotonicNs() > deadline) return false;
      Turn();
    }
    return true;
  }
  Seen& Of(ConnectionId id) { return seen[id.ToU64()]; }
  // The connections in the order in which they were accepted.
  Seen& Accepted(size_t i) { return Of(accepted.at(i)); }
  // A peer whose connection is accepted.
  std::unique_ptr<TestPeer> Join(const Address& address, int receive_buffer_bytes = 0) {
    size_t before = accepted.size();
    auto peer = std::make_unique<TestPeer>(address, receive_buffer_bytes);
    RJ_CHECK(Until([&] { return accepted.size() > before; }));
    return peer;
  }

  std::unique_ptr<NetLoop> loop;
  std::function<void(const Event&)> on_event;
  std::map<uint64_t, Seen> seen;
  std::vector<ConnectionId> accepted;
  std::map<uint64_t, int32_t> files;  // token to result
  int wakes = 0;

 private:
  void Note(const Event& event) {
    using Kind = Event::Kind;
    if (event.kind == Kind::kWake) ++wakes;
    if (event.kind == Kind::kFileDone) files[event.token] = event.result;
    if (event.connection.generation == 0) return;
    Seen& s = Of(event.connection);
    RJ_CHECK(!s.closed);  // nothing follows kClosed
    s.id = event.connection;
    if (event.kind == Kind::kAccepted) accepted.push_back(event.connection);
    if (event.kind == Kind::kReceived) s.received += AsView(event.bytes);
    if (event.kind == Kind::kReceiveEnded) s.ends.push_back(event.result);
    if (event.kind == Kind::kSendDrained) ++s.drained;
    if (event.kind == Kind::kClosed) s.closed = true;
    if (event.kind == Kind::kConnected) {
      ++s.connected;
      s.connect_result = event.result;
    }
  }
};

}  // namespace ringjournal::io

#endif  // IO_TEST_PEER_H_
