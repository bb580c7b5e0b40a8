// The memory of one node's ring, as it outlives the node's processes.
#ifndef TESTS_SMALL_SCOPE_RING_REGION_H_
#define TESTS_SMALL_SCOPE_RING_REGION_H_

#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "journal/base/check.h"
#include "journal/ring/ring_memory.h"

namespace ringjournal::small_scope {

// A few entries stay far from the ring's end, so its data need not be mapped twice, and only the
// bytes in front have to be saved.
class RingRegion {
 public:
  static constexpr uint32_t kProducersMax = 8;
  static constexpr size_t kDataBytes = limits::kRingBytesMin;
  static constexpr size_t kDataUsedMax = 8 << 10;
  static constexpr size_t kSlotUsedMax = 2 << 10;

  RingRegion() {
    memory_.head_bytes = RingHeadBytes(kProducersMax);
    memory_.data_bytes = kDataBytes;
    void* at = mmap(nullptr, memory_.head_bytes + 2 * kDataBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    RJ_CHECK(at != MAP_FAILED);
    memory_.head = static_cast<std::byte*>(at);
    memory_.data = memory_.head + memory_.head_bytes;
  }
  RingRegion(const RingRegion&) = delete;
  RingRegion& operator=(const RingRegion&) = delete;

  const RingMemory& memory() const { return memory_; }

  void Clear() {
    for (const Part& part : Parts()) std::memset(part.at, 0, part.bytes);
  }
  void Save(std::vector<char>* out) const {
    for (const Part& part : Parts()) out->insert(out->end(), part.at, part.at + part.bytes);
    const RingControl* control = memory_.control();
    for (const RingEnds& ends : control->ends) RJ_CHECK(ends.end <= kDataUsedMax);
  }
  // Returns what is left of `from`.
  const char* Restore(const char* from) {
    for (const Part& part : Parts()) {
      std::memcpy(part.at, from, part.bytes);
      from += part.bytes;
    }
    return from;
  }

 private:
  struct Part {
    char* at;
    size_t bytes;
  };
  std::array<Part, 4> Parts() const {
    auto at = [](std::byte* p) { return reinterpret_cast<char*>(p); };
    size_t slot_bytes = SnapshotSlotBytes(kProducersMax);
    return {{{at(memory_.head), sizeof(RingControl)},
             {at(memory_.snapshot_slot(0, slot_bytes)), kSlotUsedMax},
             {at(memory_.snapshot_slot(1, slot_bytes)), kSlotUsedMax},
             {at(memory_.data), kDataUsedMax}}};
  }
  RingMemory memory_;
};

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_RING_REGION_H_
