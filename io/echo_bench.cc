// Measures a NetLoop that echoes: round trips, blocking and spinning, and batched throughput, each
// over one loopback connection; then how long a ring of 1 GiB takes to make and to open.
//
//   bazel run //io:echo_bench
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "io/histogram.h"
#include "io/net_loop.h"
#include "io/shared_memory.h"
#include "journal/base/check.h"

namespace ringjournal::io {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSpin = 10 * kSecond;

// A loop in its own thread that answers each piece with `answer_bytes` of it, or all if 0.
class EchoServer {
 public:
  EchoServer(int64_t spin_ns, size_t answer_bytes) : spin_ns_(spin_ns), answer_(answer_bytes) {
    loop_ = *NetLoop::Create({.connections_max = 16});
    address_ = *loop_->Listen(*Address::Parse("127.0.0.1:0"));
    thread_ = std::thread([this] { Run(); });
  }
  ~EchoServer() {
    stop_ = true;
    loop_->Wake();
    thread_.join();
  }
  const Address& address() const { return address_; }
  uint64_t received_bytes() const { return received_; }

 private:
  void Run() {
    while (!stop_) {
      for (const Event& e : loop_->Turn({.timeout_ns = kSecond, .spin_ns = spin_ns_})) {
        if (e.kind == Event::Kind::kSendDrained) loop_->ResumeReceive(e.connection);
        if (e.kind != Event::Kind::kReceived) continue;
        received_.fetch_add(e.bytes.size(), std::memory_order_relaxed);
        size_t answer = answer_ == 0 ? e.bytes.size() : std::min(answer_, e.bytes.size());
        loop_->Send(e.connection, e.bytes.first(answer));
        if (loop_->queued_bytes(e.connection) > limits::kSendBufferPauseBytes) {
          loop_->PauseReceive(e.connection);
        }
      }
    }
  }
  int64_t spin_ns_;
  size_t answer_;
  std::unique_ptr<NetLoop> loop_;
  Address address_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> received_ = 0;
  std::thread thread_;
};

void PingPong(const char* name, int64_t server_spin_ns, int64_t client_spin_ns, int rounds) {
  EchoServer server(server_spin_ns, 0);
  auto loop = *NetLoop::Create({.connections_max = 16});
  ConnectionId id = *loop->Connect(server.address());
  std::byte message[128] = {};
  auto times = std::make_unique<Histogram>();
  loop->Send(id, message);
  int64_t sent_ns = MonotonicNs();
  for (size_t got = 0; rounds > 0;) {
    for (const Event& e : loop->Turn({.timeout_ns = kSecond, .spin_ns = client_spin_ns})) {
      got += e.bytes.size();
      if (got < sizeof message) continue;
      got = 0;
      --rounds;
      int64_t now = MonotonicNs();
      times->Record(now - sent_ns);
      sent_ns = now;
      loop->Send(id, message);
    }
  }
  std::printf("ping-pong 128 B, %-22s p50 %6.1f us  p99 %6.1f us  p99.9 %6.1f us\n", name,
              static_cast<double>(times->PercentileNs(50)) / 1000,
              static_cast<double>(times->PercentileNs(99)) / 1000,
              static_cast<double>(times->PercentileNs(99.9)) / 1000);
}

// A plain socket writes as fast as it can and drops the answers.
void Throughput(const char* name, size_t write_bytes, size_t answer_bytes) {
  EchoServer server(0, answer_bytes);
  FileDescriptor fd = *OpenSocket(server.address(), {});
  RJ_CHECK(connect(fd.get(), server.address().raw(), server.address().raw_bytes()) == 0);
  std::thread drain([&] {
    std::string sink(1 << 20, '\0');
    while (recv(fd.get(), sink.data(), sink.size(), 0) > 0) {
    }
  });
  std::string piece(write_bytes, 'x');
  int64_t start = MonotonicNs(), now = start;
  while ((now = MonotonicNs()) < start + 2 * kSecond) {
    RJ_CHECK(send(fd.get(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0);
  }
  double seconds = static_cast<double>(now - start) / kSecond;
  double bytes = static_cast<double>(server.received_bytes());
  shutdown(fd.get(), SHUT_RDWR);
  drain.join();
  std::printf("throughput, %-28s %6.2f GB/s  %6.2f M messages of 128 B/s\n", name,
              bytes / seconds / 1e9, bytes / 128 / seconds / 1e6);
}

void OpenRing() {
  std::string dir = "/dev/shm/echo_bench_XXXXXX";
  if (mkdtemp(dir.data()) == nullptr) return;
  std::string path = dir + "/ring";
  int64_t t0 = MonotonicNs();
  { RJ_CHECK(SharedRing::Create(path, 1 << 20, size_t{1} << 30).ok()); }
  int64_t t1 = MonotonicNs();
  { RJ_CHECK(SharedRing::Open(path, 1 << 20, size_t{1} << 30).ok()); }
  int64_t t2 = MonotonicNs();
  std::printf("ring of 1 GiB: create and unmap %lld ms, open and unmap %lld ms\n",
              static_cast<long long>((t1 - t0) / 1'000'000),
              static_cast<long long>((t2 - t1) / 1'000'000));
  unlink(path.c_str());
  rmdir(dir.c_str());
}

void RunAll() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  PingPong("both blocking", 0, 0, 20'000);
  PingPong("server spinning", kSpin, 0, 20'000);
  PingPong("both spinning", kSpin, kSpin, 100'000);
  Throughput("64 messages a write, ack", 64 * 128, 16);
  Throughput("512 messages a write, ack", 512 * 128, 16);
  Throughput("64 KiB writes, full echo", 65536, 0);
  OpenRing();
}

}  // namespace
}  // namespace ringjournal::io

int main() { ringjournal::io::RunAll(); }
