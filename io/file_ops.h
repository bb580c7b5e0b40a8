// Reads and writes of files through the ring: short ones are finished, buffers stay the caller's.
#ifndef IO_FILE_OPS_H_
#define IO_FILE_OPS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "io/completion_key.h"
#include "io/event.h"
#include "io/op_queue.h"

namespace ringjournal::io {

// A pool of operations; no allocation once it is warm. Belongs to the loop's thread. More than
// limits::kFileOpsInFlightMax at once, or 2 GiB in one, is a programmer's error.
class FileOps {
 public:
  explicit FileOps(OpQueue* queue) : queue_(queue) {}

  struct Target {
    uint64_t token = 0;
    int fd = -1;
    uint64_t offset = 0;
  };
  // With `dsync` the bytes (and the size, if it changes) are on stable storage when it ends.
  void Write(const Target& target, ByteSpan bytes, bool dsync);
  // Ends early, with fewer bytes, only at the end of the file.
  void Read(const Target& target, std::span<std::byte> bytes);

  // True if the operation has ended: then *event is its kFileDone.
  bool OnCompletion(CompletionKey key, const io_uring_cqe& cqe, Event* event);

 private:
  struct Operation {
    Target target;
    std::byte* bytes = nullptr;
    uint64_t length = 0;
    uint64_t done = 0;
    bool is_write = false;
    bool dsync = false;
  };
  void Start(const Operation& operation);
  void Submit(uint32_t slot);

  OpQueue* queue_;
  std::vector<Operation> operations_;
  std::vector<uint32_t> free_;
};

}  // namespace ringjournal::io

#endif  // IO_FILE_OPS_H_
