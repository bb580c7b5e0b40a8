// The bytes that a session wants on the wire, in order, without copying them together.
#ifndef CLIENT_CORE_SEND_QUEUE_H_
#define CLIENT_CORE_SEND_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "journal/base/bytes.h"

namespace ringjournal::client {

// A queue of pieces, each one frame. A piece is either borrowed (the caller keeps the bytes
// unchanged until the piece has been taken, dropped or cleared) or owned. One owner, no threads.
// Its length is bounded by the append window plus a handful of control frames.
class SendQueue {
 public:
  // Both return the piece's ordinal: it has been taken whole once completed() is above it.
  uint64_t PushBorrowed(ByteSpan bytes);
  uint64_t PushOwned(std::string bytes);

  // Fills `out` with the next bytes to send and returns how many spans it set.
  size_t Gather(std::span<ByteSpan> out) const;
  // The transport took so many bytes from the front.
  void Advance(size_t bytes);

  // Drops every piece that is not on the wire yet. A piece cut in the middle stays (a frame must be
  // finished) and is copied, so that its owner may reuse the bytes.
  void DropUnbegun();
  // The connection is gone, and with it everything here.
  void Clear();

  bool empty() const { return pieces_.empty(); }
  uint64_t completed() const { return completed_; }

 private:
  struct Piece {
    ByteSpan borrowed;
    std::string owned;
    bool is_owned = false;
    ByteSpan bytes() const { return is_owned ? AsBytes(owned) : borrowed; }
  };
  std::deque<Piece> pieces_;
  size_t offset_ = 0;  // bytes of the front piece that were taken
  uint64_t completed_ = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_SEND_QUEUE_H_
