// The memory of one frame.
#ifndef JOURNAL_FORMAT_FRAME_BUFFER_H_
#define JOURNAL_FORMAT_FRAME_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "journal/base/bytes.h"

namespace ringjournal {

// Bytes with room behind them that nobody has written to: a vector would fill it with zeros first,
// which costs as much as receiving into it. Move only; a moved buffer's bytes stay where they are.
// One owner.
class FrameBuffer {
 public:
  FrameBuffer() = default;
  FrameBuffer(FrameBuffer&& other) noexcept { *this = std::move(other); }
  FrameBuffer& operator=(FrameBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t capacity() const { return capacity_; }
  ByteSpan bytes() const { return {data_.get(), size_}; }
  // Keeps the memory.
  void clear() { size_ = 0; }

  void Append(ByteSpan bytes) {
    Reserve(size_ + bytes.size());
    if (!bytes.empty()) std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Makes room for `bytes` in all; what is there is kept. At least doubles when it grows, so that
  // many small pieces cost one copy each.
  void Reserve(size_t bytes) {
    if (bytes <= capacity_) return;
    size_t capacity = std::max(bytes, 2 * capacity_);
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = capacity;
  }
  // Room behind the bytes, up to the capacity; Filled says how much of it holds bytes now.
  std::span<std::byte> room() { return {data_.get() + size_, capacity_ - size_}; }
  void Filled(size_t bytes) { size_ += bytes; }

 private:
  std::unique_ptr<std::byte[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_FRAME_BUFFER_H_
