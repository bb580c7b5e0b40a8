// What an event loop reports, and how its user asks it to wait.
#ifndef IO_EVENT_H_
#define IO_EVENT_H_

#include <cstdint>

#include "journal/base/bytes.h"

namespace ringjournal::io {

// Names one connection of one loop. The generation guards against reuse of the slot: calls with the
// id of a connection that is gone do nothing.
struct ConnectionId {
  uint32_t slot = 0;
  uint32_t generation = 0;  // 0: no connection

  friend bool operator==(const ConnectionId&, const ConnectionId&) = default;
  uint64_t ToU64() const { return uint64_t{slot} << 32 | generation; }
  static ConnectionId FromU64(uint64_t value) {
    return {static_cast<uint32_t>(value >> 32), static_cast<uint32_t>(value)};
  }
};

struct Event {
  enum class Kind : uint8_t {
    // A peer connected to a listener; token: which, by the order of the calls of Listen from 0. Its
    // bytes will follow as kReceived.
    kAccepted,
    // A Connect ended. result: 0, or -errno; then the loop closes the connection and kClosed
    // follows.
    kConnected,
    // `bytes` arrived, in order. They are valid until the next Turn.
    kReceived,
    // No more bytes will come. result 0: the peer has shut down its side, Send still works. result
    // -errno: the connection is broken, for both directions. A connection reports each at most
    // once,
    // and nothing but kClosed after the second; it stays until Close.
    kReceiveEnded,
    // The bytes queued for sending fell below Options::send_low_mark_bytes, having been above.
    kSendDrained,
    // The file operation `token` ended. result: bytes, or -errno. Its buffer is the caller's again.
    kFileDone,
    // Wake was called, once or several times.
    kWake,
    // The last event of a connection: nothing in the kernel refers to it any more.
    kClosed,
  };

  Kind kind = Kind::kWake;
  ConnectionId connection;
  ByteSpan bytes;
  uint64_t token = 0;
  int32_t result = 0;
};

// How long a turn may wait when there is nothing to do.
struct WaitOptions {
  // At most so many nanoseconds; 0: not at all; negative: for ever.
  int64_t timeout_ns = 0;
  // Of these, spin so many in user space first: saves 20 to 30 us of waking up at the price of a
  // busy core.
  int64_t spin_ns = 0;
  // On a busy loop: wait for so many completions, but only so many microseconds; then for one.
  // Saves CPU and is ignored where the kernel cannot (before 6.12).
  uint32_t wait_nr = 1;
  uint32_t min_wait_us = 0;
};

}  // namespace ringjournal::io

#endif  // IO_EVENT_H_
