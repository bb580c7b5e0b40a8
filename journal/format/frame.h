// Frames on a connection: `length: u32 little-endian | body`, after a preface from the client.
//
// Shared by server and client, which never see each other. Pure: bytes in, frames out.
#ifndef JOURNAL_FORMAT_FRAME_H_
#define JOURNAL_FORMAT_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "journal/base/bytes.h"
#include "journal/format/frame_buffer.h"

namespace ringjournal {

// What a client sends first: seven letters and the protocol's major version.
inline constexpr std::string_view kPreface{"RINGJNL\x01", 8};
inline constexpr size_t kFrameHeaderBytes = 4;

// Cuts a byte stream into frames. Any split of the bytes gives the same frames. A frame that lies
// whole in the bytes fed is returned in place, without a copy; only a frame cut by the end of the
// bytes is gathered in a buffer, which grows with the bytes received and never with the length
// announced. Who receives large frames can let them be received straight into that buffer (Room,
// Filled) and keep it (TakeBuffer): then their bytes are never copied.
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

  // Where the rest of a large frame under way belongs, `bytes_max` bytes of it at most: that much
  // memory is taken for it. Empty: there is none, feed Next. Valid until the next call.
  std::span<std::byte> Room(size_t bytes_max);
  // So many bytes were put into what Room has returned. Call Next then.
  void Filled(size_t bytes) { partial_.Filled(bytes); }
  // The buffer with the frame that Next has just returned, which stays where it is. Empty: the
  // frame lies in the bytes fed.
  FrameBuffer TakeBuffer();
  // A buffer that the decoder may use again. It keeps one.
  void Reuse(FrameBuffer buffer);

  // Body length that the last kTooLarge announced.
  uint32_t announced_bytes() const { return announced_bytes_; }
  // True in the middle of a frame: a time-out is due if it never completes.
  bool mid_frame() const { return !partial_.empty(); }
  size_t buffered_bytes() const { return partial_.capacity() + spare_.capacity(); }

 private:
  Result NextBuffered(ByteSpan* bytes, ByteSpan* frame);
  void Gather(ByteSpan* bytes, size_t up_to);
  void Reserve(size_t bytes);
  void ReleaseLarge();

  uint32_t limit_bytes_;
  uint32_t announced_bytes_ = 0;
  bool returned_partial_ = false;
  FrameBuffer partial_;  // header and body received so far
  FrameBuffer spare_;    // without bytes
};

// Appends one frame to *out. `body` has at most 2^32-1 bytes.
void AppendFrame(std::string_view body, std::string* out);

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_FRAME_H_
