// What a completion is about: packed into io_uring's user_data.
#ifndef IO_COMPLETION_KEY_H_
#define IO_COMPLETION_KEY_H_

#include <cstdint>

namespace ringjournal::io {

enum class Op : uint8_t {
  kNone = 0,
  kAccept,
  kCancelAccept,
  kConnect,
  kReceive,
  kSend,
  kCancelReceive,
  kCancelAll,  // of one connection
  kFile,
  kWake,
  kDrain,  // cancels everything, when the loop ends
};

// op:8 | slot:24 | generation:32. `slot` numbers connections, listeners or file operations.
struct CompletionKey {
  Op op = Op::kNone;
  uint32_t slot = 0;
  uint32_t generation = 0;

  uint64_t Pack() const {
    return uint64_t{static_cast<uint8_t>(op)} << 56 | uint64_t{slot & 0xffffff} << 32 | generation;
  }
  static CompletionKey Unpack(uint64_t v) {
    return {static_cast<Op>(v >> 56), static_cast<uint32_t>(v >> 32) & 0xffffff,
            static_cast<uint32_t>(v)};
  }
};

}  // namespace ringjournal::io

#endif  // IO_COMPLETION_KEY_H_
