// Ring memory for tests: a memfd mapped twice.
#ifndef JOURNAL_RING_TEST_MEMORY_H_
#define JOURNAL_RING_TEST_MEMORY_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "journal/base/check.h"
#include "journal/ring/ring_memory.h"

namespace ringjournal {

// Owns the mapping; survives the Ring that works on it, as shared memory survives a process.
class TestRingMemory {
 public:
  TestRingMemory(size_t data_bytes, uint32_t producers_max) {
    memory_.head_bytes = RingHeadBytes(producers_max);
    memory_.data_bytes = data_bytes;
    int fd = memfd_create("ring", 0);
    size_t head = memory_.head_bytes;
    RJ_CHECK(fd >= 0 && ftruncate(fd, static_cast<off_t>(head + data_bytes)) == 0);
    auto* base = static_cast<std::byte*>(
        mmap(nullptr, head + 2 * data_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    Map(base, head + data_bytes, fd, 0);
    Map(base + head + data_bytes, data_bytes, fd, static_cast<off_t>(head));
    close(fd);
    memory_.head = base;
    memory_.data = base + head;
  }
  ~TestRingMemory() { munmap(memory_.head, memory_.head_bytes + 2 * memory_.data_bytes); }
  TestRingMemory(const TestRingMemory&) = delete;
  TestRingMemory& operator=(const TestRingMemory&) = delete;

  const RingMemory& memory() const { return memory_; }
  // The file's bytes, and back.
  std::string Image() const {
    return {reinterpret_cast<char*>(memory_.head), memory_.head_bytes + memory_.data_bytes};
  }
  void Restore(const std::string& image) { std::memcpy(memory_.head, image.data(), image.size()); }

 private:
  static void Map(std::byte* at, size_t bytes, int fd, off_t offset) {
    void* p = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset);
    RJ_CHECK(p == at);
  }
  RingMemory memory_;
};

}  // namespace ringjournal

#endif  // JOURNAL_RING_TEST_MEMORY_H_
