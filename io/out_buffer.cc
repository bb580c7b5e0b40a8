#include "io/out_buffer.h"

#include <algorithm>
#include <cstring>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

void OutBuffer::Part::Append(ByteSpan bytes) {
  if (bytes.empty()) return;
  if (bytes.size() > capacity - size) {
    size_t larger = std::max({size + bytes.size(), 2 * capacity, size_t{4096}});
    auto moved = std::make_unique_for_overwrite<std::byte[]>(larger);
    if (size > 0) std::memcpy(moved.get(), data.get(), size);
    data = std::move(moved);
    capacity = larger;
  }
  std::memcpy(data.get() + size, bytes.data(), bytes.size());
  size += bytes.size();
}

ByteSpan OutBuffer::Chunk() {
  if (consumed_ == front_.size) {
    front_.size = consumed_ = 0;
    std::swap(front_, back_);
  }
  chunk_ = std::min<size_t>(front_.size - consumed_, limits::kSendChunkBytes);
  return {front_.data.get() + consumed_, chunk_};
}

void OutBuffer::Consume(size_t bytes) {
  RJ_CHECK(bytes <= chunk_);
  consumed_ += bytes;
  chunk_ = 0;
}

void OutBuffer::DropUnsent() {
  front_.size = consumed_ + chunk_;
  back_.size = 0;
}

void OutBuffer::Clear() { front_.size = back_.size = consumed_ = chunk_ = 0; }

}  // namespace ringjournal::io
