#include "journal/format/frame.h"

#include <algorithm>

#include "journal/base/check.h"

namespace ringjournal {

FrameDecoder::Result FrameDecoder::Next(ByteSpan* bytes, ByteSpan* frame) {
  if (returned_partial_) {
    returned_partial_ = false;
    partial_.clear();
    // A rare large frame must not keep its memory for the life of an idle session.
    if (partial_.capacity() > 64 * 1024 && bytes->empty()) partial_.shrink_to_fit();
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
  return Result::kFrame;
}

FrameDecoder::Result FrameDecoder::NextBuffered(ByteSpan* bytes, ByteSpan* frame) {
  Gather(bytes, kFrameHeaderBytes);
  if (partial_.size() < kFrameHeaderBytes) return Result::kNeedMore;
  announced_bytes_ = Load32(partial_.data());
  if (announced_bytes_ > limit_bytes_) return Result::kTooLarge;
  Gather(bytes, kFrameHeaderBytes + announced_bytes_);
  if (partial_.size() < kFrameHeaderBytes + announced_bytes_) return Result::kNeedMore;
  *frame = ByteSpan(partial_).subspan(kFrameHeaderBytes);
  returned_partial_ = true;
  return Result::kFrame;
}

void FrameDecoder::Gather(ByteSpan* bytes, size_t up_to) {
  if (partial_.size() >= up_to) return;
  size_t n = std::min(bytes->size(), up_to - partial_.size());
  partial_.insert(partial_.end(), bytes->begin(), bytes->begin() + static_cast<ptrdiff_t>(n));
  *bytes = bytes->subspan(n);
}

void AppendFrame(std::string_view body, std::string* out) {
  char header[kFrameHeaderBytes];
  Store32(header, static_cast<uint32_t>(body.size()));
  out->append(header, sizeof header);
  out->append(body);
}

}  // namespace ringjournal
