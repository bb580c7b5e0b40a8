// Cuts input bytes into transaction payloads.
#ifndef TOOLS_RINGJOURNAL_INPUT_H_
#define TOOLS_RINGJOURNAL_INPUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {

enum class InputFormat {
  kLines,      // one payload a line, without its newline; a last line needs none
  kDelimited,  // a varint length, then so many bytes: protobuf's delimited messages
  kRaw,        // the whole input is one payload
};

// Room for the fields around a payload.
inline constexpr size_t kPayloadBytesMax = limits::kTransactionBytesMax - 64;

// Fed with bytes in pieces of any size; hands out payloads. Holds at most one payload and one
// piece.
class InputSplitter {
 public:
  explicit InputSplitter(InputFormat format) : format_(format) {}

  void Feed(std::string_view bytes);
  // No more bytes will come: what is left becomes a payload, or is an error.
  void Finish() { finished_ = true; }

  // True with the next payload, valid until the next call; false if more bytes are needed (or, once
  // finished, if there is no more). Error: a payload over the limit, a malformed length, or an
  // input that ends inside a payload; with the byte position of the payload in the input.
  absl::StatusOr<bool> Next(std::string_view* payload);

 private:
  absl::StatusOr<bool> NextLine(std::string_view* payload);
  absl::StatusOr<bool> NextDelimited(std::string_view* payload);
  absl::StatusOr<bool> NextRaw(std::string_view* payload);
  absl::Status TooLarge(uint64_t bytes) const;
  std::string_view Take(size_t skip, size_t size, size_t behind);

  InputFormat format_;
  std::string buffer_;
  size_t pos_ = 0;         // of the first byte not handed out
  size_t searched_ = 0;    // no newline in [pos_, searched_)
  uint64_t consumed_ = 0;  // input bytes before buffer_[pos_]
  bool finished_ = false;
  bool raw_done_ = false;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_INPUT_H_
