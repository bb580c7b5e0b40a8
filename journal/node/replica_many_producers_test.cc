// As many producers as a journal may have: what each costs in memory and in a snapshot. What
// operator new hands out is counted.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace {
int64_t live_bytes = 0;

void* Counted(void* p) {
  if (p == nullptr) std::abort();
  live_bytes += static_cast<int64_t>(malloc_usable_size(p));
  return p;
}
void Release(void* p) {
  if (p != nullptr) live_bytes -= static_cast<int64_t>(malloc_usable_size(p));
  std::free(p);
}
}  // namespace

[[gnu::noinline]] void* operator new(size_t bytes) { return Counted(std::malloc(bytes)); }
[[gnu::noinline]] void* operator new(size_t bytes, std::align_val_t alignment) {
  size_t a = static_cast<size_t>(alignment);
  return Counted(std::aligned_alloc(a, (bytes + a - 1) / a * a));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { Release(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { Release(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { Release(p); }
[[gnu::noinline]] void operator delete(void* p, size_t, std::align_val_t) noexcept { Release(p); }

namespace ringjournal {
namespace {

constexpr uint32_t kMany = limits::kProducersMax;
// Promised in docs/guarantees.md, for names of 64 bytes: the table, and all that a replica keeps.
constexpr double kTableBytesMax = 256;
constexpr double kReplicaBytesMax = 512;

std::string NameOf(uint32_t i) {
  const std::string digits = std::to_string(i);
  return std::string(limits::kProducerNameBytesMax - digits.size(), 'p') + digits;
}

// Of one producer, in bytes.
double Each(int64_t bytes) { return static_cast<double>(bytes) / kMany; }

class ManyProducers : public testing::Test {
 protected:
  static v1::JournalSettings Settings() {
    v1::JournalSettings settings = SmallSettings();
    settings.set_ring_bytes(64 * limits::kMiB);
    settings.set_memory_only(true);
    settings.set_producers_max(kMany);
    return settings;
  }
  // All but the one that is there already, each of which has appended.
  void OpenAll() {
    for (uint32_t i = 1; i < kMany; ++i) {
      t.producer = t.Open(NameOf(i));
      ASSERT_EQ(t.Append(1, {"x"}), AppendVerdict::kAccepted) << i;
      if (i % 64 == 0) t.Batch();
    }
    t.Batch();
  }
  TestReplica t{Settings()};
};

TEST_F(ManyProducers, CostABoundedAmountOfMemoryAndOfASnapshot) {
  const int64_t before = live_bytes;
  OpenAll();
  t.replica->OfferSnapshot();  // with the memory that writing one of all takes
  const int64_t replica = live_bytes - before;
  v1::StateSnapshot state;
  t.replica->derived().WriteTo(&state);
  const int64_t with_table = live_bytes;
  {
    const ProducerTable table = ProducerTable::ReadFrom(state);
    const int64_t alone = live_bytes - with_table;
    std::printf(
        "%u producers with names of %u bytes: %.1f bytes each in the table, %.1f in a "
        "replica, %.1f in a snapshot\n",
        kMany, limits::kProducerNameBytesMax, Each(alone), Each(replica),
        Each(static_cast<int64_t>(state.ByteSizeLong())));
    EXPECT_LE(Each(alone), kTableBytesMax);
  }
  EXPECT_LE(Each(replica), kReplicaBytesMax);
  EXPECT_LE(Each(static_cast<int64_t>(state.ByteSizeLong())), limits::kProducerStateBytesMax);
  // What was taken once is used again.
  const int64_t filled = live_bytes;
  for (int i = 0; i < 3; ++i) t.replica->OfferSnapshot();
  EXPECT_EQ(live_bytes, filled);
}

TEST_F(ManyProducers, NoneMoreIsOpenedAndThoseThatAreThereStay) {
  OpenAll();
  ProducerHandle handle;
  EXPECT_FALSE(t.replica->OpenProducer({"one-more"}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_LIMIT);
  t.producer = t.Open(NameOf(7));
  EXPECT_EQ(t.replica->derived().producers().at(t.producer.slot).last_sequence, Sequence(1));
  EXPECT_EQ(t.Append(2, {"y"}), AppendVerdict::kAccepted);
}

}  // namespace
}  // namespace ringjournal
