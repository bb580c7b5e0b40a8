#include "journal/format/frame.h"

#include <algorithm>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {

FrameDecoder::Result FrameDecoder::Next(ByteSpan* bytes, ByteSpan* frame) {
  if (returned_partial_) {
    returned_partial_ = false;
    partial_.clear();
    if (bytes->empty()) ReleaseLarge();
  }
  if (!partial_.empty()) return NextBuffered(bytes, frame);
  if (bytes->size() < kFrameHeaderBytes) {
    Gather(bytes, kFrameHeaderBytes);
    return Result::kNeedMore;
  }
  announced_bytes_ = Load32(bytes->data());
  if (announced_bytes_ > limit_bytes_) return Result::kTooLarge;
  if (bytes->size() - kFrameHeaderBytes < announced_bytes_) {
    Gather(bytes, kFrameHeaderBytes + announced_bytes_);
    return Result::kNeedMore;
  }
  *frame = bytes->subspan(kFrameHeaderBytes, announced_bytes_);
  *bytes = bytes->subspan(kFrameHeaderBytes + announced_bytes_);
  // A small frame and nothing behind it: no stream of large ones that would use the memory again.
  if (announced_bytes_ < limits::kLargeFrameBytes && bytes->empty()) ReleaseLarge();
  return Result::kFrame;
}

// A rare large frame must not keep its memory for the life of an idle session.
void FrameDecoder::ReleaseLarge() {
  for (FrameBuffer* buffer : {&partial_, &spare_}) {
    if (buffer->capacity() > limits::kFrameBufferKeptBytes) *buffer = FrameBuffer();
  }
}

FrameDecoder::Result FrameDecoder::NextBuffered(ByteSpan* bytes, ByteSpan* frame) {
  Gather(bytes, kFrameHeaderBytes);
  if (partial_.size() < kFrameHeaderBytes) return Result::kNeedMore;
  announced_bytes_ = Load32(partial_.bytes().data());
  if (announced_bytes_ > limit_bytes_) return Result::kTooLarge;
  Gather(bytes, kFrameHeaderBytes + announced_bytes_);
  if (partial_.size() < kFrameHeaderBytes + announced_bytes_) return Result::kNeedMore;
  *frame = partial_.bytes().subspan(kFrameHeaderBytes);
  returned_partial_ = true;
  return Result::kFrame;
}

void FrameDecoder::Gather(ByteSpan* bytes, size_t up_to) {
  if (partial_.size() >= up_to) return;
  size_t n = std::min(bytes->size(), up_to - partial_.size());
  Reserve(partial_.size() + n);
  partial_.Append(bytes->first(n));
  *bytes = bytes->subspan(n);
}

void FrameDecoder::Reserve(size_t bytes) {
  if (bytes > partial_.capacity() && bytes <= spare_.capacity()) {
    spare_.Append(partial_.bytes());
    std::swap(partial_, spare_);
    spare_.clear();
  }
  partial_.Reserve(bytes);
}

std::span<std::byte> FrameDecoder::Room(size_t bytes_max) {
  if (returned_partial_ || partial_.size() < kFrameHeaderBytes) return {};
  uint32_t announced = Load32(partial_.bytes().data());
  size_t whole = kFrameHeaderBytes + announced;
  if (announced < limits::kLargeFrameBytes || announced > limit_bytes_ ||
      partial_.size() >= whole) {
    return {};
  }
  size_t room = std::min(bytes_max, whole - partial_.size());
  Reserve(partial_.size() + room);
  return partial_.room().first(room);
}

FrameBuffer FrameDecoder::TakeBuffer() {
  return std::exchange(returned_partial_, false) ? std::move(partial_) : FrameBuffer();
}

void FrameDecoder::Reuse(FrameBuffer buffer) {
  buffer.clear();
  if (buffer.capacity() > spare_.capacity()) spare_ = std::move(buffer);
}

void AppendFrame(std::string_view body, std::string* out) {
  char header[kFrameHeaderBytes];
  Store32(header, static_cast<uint32_t>(body.size()));
  out->append(header, sizeof header);
  out->append(body);
}

}  // namespace ringjournal
