// Bytes of one connection that the socket has not taken yet.
#ifndef IO_OUT_BUFFER_H_
#define IO_OUT_BUFFER_H_

#include <cstddef>
#include <memory>

#include "journal/base/bytes.h"

namespace ringjournal::io {

// A queue of bytes in two parts: one that the kernel may be reading from, which does not move, and
// one that grows behind it. Belongs to the loop's thread.
class OutBuffer {
 public:
  size_t size() const { return front_.size - consumed_ + back_.size; }
  void Append(ByteSpan bytes) { back_.Append(bytes); }

  // The next bytes to send, limits::kSendChunkBytes at most. They stay in place until Consume, Drop
  // or Clear.
  ByteSpan Chunk();
  // `bytes` of the chunk were sent.
  void Consume(size_t bytes);
  // Forgets everything but what Chunk returned last.
  void DropUnsent();
  // Forgets everything. No operation may be reading.
  void Clear();
  size_t capacity() const { return front_.capacity + back_.capacity; }

 private:
  struct Part {
    std::unique_ptr<std::byte[]> data;
    size_t size = 0;
    size_t capacity = 0;
    void Append(ByteSpan bytes);
  };
  Part front_, back_;
  size_t consumed_ = 0;  // of front_
  size_t chunk_ = 0;     // bytes that Chunk returned
};

}  // namespace ringjournal::io

#endif  // IO_OUT_BUFFER_H_
