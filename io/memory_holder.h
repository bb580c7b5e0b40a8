// Why a killed server's connections close at once: somebody else takes its memory down.
#ifndef IO_MEMORY_HOLDER_H_
#define IO_MEMORY_HOLDER_H_

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <utility>

#include "absl/status/statusor.h"

namespace ringjournal::io {

// A process "rj-memory" that shares this one's memory and nothing else: no descriptor but one that
// tells of this process's end, no signal handler, no lock.
//
// The kernel ends a process by taking down its memory first and closing its descriptors afterwards.
// With hundreds of mapped rings the first takes over 100 ms, during which peers and clients wait
// for the end of a stream that nobody serves any more. While somebody else uses the memory, nothing
// is taken down: the descriptors are closed at once, and the holder, which has seen that, ends half
// a second later and pays for the memory, at the lowest priority. docs/decisions/0014-*.md says
// more.
//
// Any thread. Best effort: without it all is right, and slower.
class MemoryHolder {
 public:
  // Called before much is open: until the new process has run for the first time it has copies of
  // this one's descriptors. Unimplemented where it is not wanted (sanitizers, valgrind, processors
  // that it was not written for), Unavailable with the kernel's reason.
  static absl::StatusOr<MemoryHolder> Start();
  // Ends it, and waits for that: microseconds, as the memory is in use.
  ~MemoryHolder();
  MemoryHolder(MemoryHolder&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  MemoryHolder& operator=(MemoryHolder&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }

  // A mapping that keeps something open: it goes first, before all other memory. An io_uring lives
  // until nobody maps its queues, and with it the sockets that it receives from and listens on. At
  // most kFirstMax, as long as the process lives; more are ignored.
  static void UnmapFirst(std::span<std::byte> mapping);
  static constexpr size_t kFirstMax = 8;

  pid_t pid() const { return pid_; }

 private:
  explicit MemoryHolder(pid_t pid) : pid_(pid) {}

  pid_t pid_;
};

}  // namespace ringjournal::io

#endif  // IO_MEMORY_HOLDER_H_
