// A buffer that the disk reads and writes past the page cache.
#ifndef JOURNAL_BASE_ALIGNED_BUFFER_H_
#define JOURNAL_BASE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {

// Begins at a block and holds whole blocks. Its pages are the machine's only once they are
// touched. One thread.
class AlignedBuffer {
 public:
  // Makes room for so many bytes; what it held is lost where that takes a larger buffer.
  void EnsureBytes(size_t bytes) {
    bytes = (bytes + limits::kBlockBytes - 1) / limits::kBlockBytes * limits::kBlockBytes;
    if (bytes <= bytes_) return;
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(limits::kBlockBytes, bytes)));
    RJ_CHECK(data_ != nullptr);
    bytes_ = bytes;
  }
  std::byte* data() const { return data_.get(); }
  std::span<std::byte> span() const { return {data_.get(), bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t bytes_ = 0;
};

}  // namespace ringjournal

#endif  // JOURNAL_BASE_ALIGNED_BUFFER_H_
