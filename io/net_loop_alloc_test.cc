// No allocation once the pools are warm: counted, not believed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "io/test_peer.h"

namespace {
std::atomic<bool> counting = false;
std::atomic<uint64_t> allocations = 0;
}  // namespace

// Not inlined: the compiler would see malloc paired with delete, and warn.
[[gnu::noinline]] void* operator new(size_t bytes) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1);
  if (void* p = malloc(bytes)) return p;
  abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { free(p); }

namespace ringjournal::io {
namespace {

// 4 peers, echoed with overflow of the socket into out buffers; a file write for each event.
class Workload {
 public:
  Workload() {
    std::string path = ::testing::TempDir() + "/alloc_XXXXXX";
    file_.Reset(mkostemp(path.data(), O_CLOEXEC));
    unlink(path.c_str());
    loop_ = *NetLoop::Create({.connections_max = 8,
                              .sockets = {.send_buffer_bytes = 16384},
                              .send_low_mark_bytes = 50'000});
    Address address = *loop_->Listen(*Address::Parse("127.0.0.1:0"));
    for (int i = 0; i < 4; ++i) peers_.push_back(std::make_unique<TestPeer>(address, 16384));
  }
  // Returns the bytes echoed.
  size_t Run(int turns) {
    size_t echoed = 0;
    for (int i = 0; i < turns; ++i) {
      for (auto& peer : peers_) send(peer->fd(), buffer_, sizeof buffer_, MSG_NOSIGNAL);
      for (const Event& event : loop_->Turn({.timeout_ns = 100'000})) echoed += Handle(event);
      for (auto& peer : peers_) {
        while (i % 3 == 0 && recv(peer->fd(), buffer_, sizeof buffer_, 0) > 0) {
        }
      }
    }
    return echoed;
  }
  uint64_t queued_sends() const { return loop_->stats().queued_sends; }

 private:
  size_t Handle(const Event& event) {
    if (event.kind == Event::Kind::kSendDrained) loop_->ResumeReceive(event.connection);
    if (event.kind != Event::Kind::kReceived) return 0;
    loop_->Send(event.connection, event.bytes);
    loop_->WriteFile(1, file_.get(), 0, AsBytes("constant"), false);
    loop_->Wake();
    if (loop_->queued_bytes(event.connection) > 200'000) loop_->PauseReceive(event.connection);
    return event.bytes.size();
  }
  FileDescriptor file_;
  std::unique_ptr<NetLoop> loop_;
  std::vector<std::unique_ptr<TestPeer>> peers_;
  char buffer_[30000] = {};
};

TEST(NetLoopAllocationTest, WarmLoopAllocatesNothing) {
  Workload workload;
  ASSERT_GT(workload.Run(3000), 1u << 20);
  ASSERT_GT(workload.queued_sends(), 100u) << "the queues were not exercised";
  counting = true;
  size_t echoed = workload.Run(3000);
  counting = false;
  EXPECT_GT(echoed, 1u << 20);
  EXPECT_EQ(allocations, 0u);
}

}  // namespace
}  // namespace ringjournal::io
