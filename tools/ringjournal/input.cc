#include "tools/ringjournal/input.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/bytes.h"

namespace ringjournal::cli {

void InputSplitter::Feed(std::string_view bytes) {
  // Moving the rest to the front costs less than growing for ever.
  buffer_.erase(0, pos_);
  searched_ -= std::min(searched_, pos_);
  pos_ = 0;
  buffer_.append(bytes);
}

absl::StatusOr<bool> InputSplitter::Next(std::string_view* payload) {
  switch (format_) {
    case InputFormat::kLines:
      return NextLine(payload);
    case InputFormat::kDelimited:
      return NextDelimited(payload);
    case InputFormat::kRaw:
      return NextRaw(payload);
  }
  return false;
}

// `skip` bytes in front of the payload and `behind` after it belong to the format.
std::string_view InputSplitter::Take(size_t skip, size_t size, size_t behind) {
  std::string_view payload = std::string_view(buffer_).substr(pos_ + skip, size);
  pos_ += skip + size + behind;
  consumed_ += skip + size + behind;
  return payload;
}

absl::Status InputSplitter::TooLarge(uint64_t bytes) const {
  return absl::InvalidArgumentError(
      absl::StrCat("the transaction at byte ", consumed_, " of the input has ", bytes,
                   " bytes or more; the limit is ", kPayloadBytesMax,
                   ": split it, or check that --format fits the input"));
}

absl::StatusOr<bool> InputSplitter::NextLine(std::string_view* payload) {
  size_t newline = buffer_.find('\n', std::max(pos_, searched_));
  size_t size = (newline == std::string::npos ? buffer_.size() : newline) - pos_;
  if (size > kPayloadBytesMax) return TooLarge(size);
  if (newline != std::string::npos) {
    *payload = Take(0, size, 1);
    return true;
  }
  searched_ = buffer_.size();
  if (!finished_ || size == 0) return false;
  *payload = Take(0, size, 0);
  return true;
}

absl::StatusOr<bool> InputSplitter::NextDelimited(std::string_view* payload) {
  ByteSpan rest = AsBytes(buffer_).subspan(pos_);
  if (rest.empty()) return false;
  const std::byte* p = rest.data();
  const std::byte* end = p + rest.size();
  uint64_t size;
  bool length_read = ReadVarint(&p, end, &size);
  if (!length_read && rest.size() >= 10) {
    return absl::InvalidArgumentError(
        absl::StrCat("no length at byte ", consumed_,
                     " of the input: it is not length-delimited; check --format"));
  }
  if (length_read && size > kPayloadBytesMax) return TooLarge(size);
  if (length_read && size <= static_cast<size_t>(end - p)) {
    *payload = Take(static_cast<size_t>(p - rest.data()), size, 0);
    return true;
  }
  if (!finished_) return false;
  return absl::InvalidArgumentError(
      absl::StrCat("the input ends inside the transaction at byte ", consumed_,
                   ": it was cut off; what came before it is appended"));
}

absl::StatusOr<bool> InputSplitter::NextRaw(std::string_view* payload) {
  size_t size = buffer_.size() - pos_;
  if (size > kPayloadBytesMax) return TooLarge(size);
  if (!finished_ || raw_done_) return false;
  raw_done_ = true;
  *payload = Take(0, size, 0);
  return true;
}

}  // namespace ringjournal::cli
