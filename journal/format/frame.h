// Frames on a connection: `length: u32 little-endian | body`, after a preface from the client.
//
// Shared by server and client, which never see each other. Pure: bytes in, frames out.
#ifndef JOURNAL_FORMAT_FRAME_H_
#define JOURNAL_FORMAT_FRAME_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/bytes.h"

namespace ringjournal {

// What a client sends first: seven letters and the protocol's major version.
inline constexpr std::string_view kPreface{"RINGJNL\x01", 8};
inline constexpr size_t kFrameHeaderBytes = 4;

// Cuts a byte stream into frames. Any split of the bytes gives the same frames. A frame that lies
// whole in the bytes fed is returned in place, without a copy; only a frame cut by the end of the
// bytes is gathered in a buffer, which grows with the bytes received and never with the length
// announced.
class FrameDecoder {
 public:
  enum class Result {
    kFrame,     // *frame is one body; valid until the next call on this object or on the bytes
    kNeedMore,  // all bytes are used up
    kTooLarge,  // announced_bytes() is over the limit; the stream cannot be followed any more
  };

  // `limit_bytes`: largest body that is accepted from here on.
  explicit FrameDecoder(uint32_t limit_bytes) : limit_bytes_(limit_bytes) {}
  void set_limit_bytes(uint32_t limit_bytes) { limit_bytes_ = limit_bytes; }

  // Takes bytes from the front of *bytes. Call again until kNeedMore.
  Result Next(ByteSpan* bytes, ByteSpan* frame);

  // Body length that the last kTooLarge announced.
  uint32_t announced_bytes() const { return announced_bytes_; }
  // True in the middle of a frame: a time-out is due if it never completes.
  bool mid_frame() const { return !partial_.empty(); }
  size_t buffered_bytes() const { return partial_.capacity(); }

 private:
  Result NextBuffered(ByteSpan* bytes, ByteSpan* frame);
  void Gather(ByteSpan* bytes, size_t up_to);

  uint32_t limit_bytes_;
  uint32_t announced_bytes_ = 0;
  bool returned_partial_ = false;
  std::vector<std::byte> partial_;  // header and body received so far
};

// Appends one frame to *out. `body` has at most 2^32-1 bytes.
void AppendFrame(std::string_view body, std::string* out);

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_FRAME_H_
