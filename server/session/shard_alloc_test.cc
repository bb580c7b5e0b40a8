// The append path allocates nothing once it is warm: operator new is counted.
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "server/session/test_shard.h"

namespace {
bool counting = false;
uint64_t allocations = 0;
}  // namespace

[[gnu::noinline]] void* operator new(size_t bytes) {
  if (counting) ++allocations;
  if (void* p = std::malloc(bytes)) return p;
  std::abort();
}
[[gnu::noinline]] void* operator new(size_t bytes, std::align_val_t alignment) {
  if (counting) ++allocations;
  size_t a = static_cast<size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (bytes + a - 1) / a * a)) return p;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace ringjournal {
namespace {

// Allocations of 1000 appends with so many transactions each, received, acknowledged and
// checkpointed.
uint64_t AllocationsOf(int count, v1::Level level) {
  // Warm means that every buffer has been used once: also that of the ring's state snapshot, which
  // is written every eighth of the ring.
  constexpr int kWarm = 1000, kCounted = 1000;
  TestShard t;
  t.Accept(1);
  t.Receive(1, std::string(kPreface) + HelloFrame() + OpenFrame("p"));
  t.EndBatch();
  std::vector<std::string> frames;
  frames.reserve(kWarm + kCounted);
  for (int i = 0; i < kWarm + kCounted; ++i) {
    frames.push_back(FrameOf(AppendOf(1 + static_cast<uint64_t>(i * count), count, level)));
  }
  t.sent.reserve(1 << 20);
  for (int i = 0; i < kWarm; ++i) {
    t.Receive(1, frames[static_cast<size_t>(i)]);
    t.EndBatch();
  }
  t.sent.clear();
  allocations = 0;
  counting = true;
  for (int i = kWarm; i < kWarm + kCounted; ++i) {
    t.Receive(1, frames[static_cast<size_t>(i)]);
    t.EndBatch();
  }
  counting = false;
  EXPECT_EQ(t.replica().marks().end.lsn, Lsn(static_cast<uint64_t>((kWarm + kCounted) * count)));
  return allocations;
}

TEST(AppendPath, AllocatesNothingForSingleAppends) {
  EXPECT_EQ(AllocationsOf(1, v1::LEVEL_RECEIVED), 0u);
}

TEST(AppendPath, AllocatesNothingForBatches) {
  EXPECT_EQ(AllocationsOf(64, v1::LEVEL_REPLICATED), 0u);
}

TEST(AppendPath, AllocatesNothingForDiskLevels) { EXPECT_EQ(AllocationsOf(8, v1::LEVEL_DISK), 0u); }

TEST(AppendPath, TheCounterCounts) {
  allocations = 0;
  counting = true;
  auto* p = new int(3);
  counting = false;
  EXPECT_EQ(*p, 3);
  EXPECT_EQ(allocations, 1u);
  delete p;
}

}  // namespace
}  // namespace ringjournal
