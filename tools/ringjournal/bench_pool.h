// The appends of a load, encoded before the clock starts, and what every payload must be.
#ifndef TOOLS_RINGJOURNAL_BENCH_POOL_H_
#define TOOLS_RINGJOURNAL_BENCH_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "client/transaction_run.h"
#include "journal/base/bytes.h"

namespace ringjournal::bench {

// A payload says whose it is and which; so the smallest that can be checked holds these 8 bytes.
inline constexpr uint32_t kPayloadBytesMin = 8;

// Writes the payload of transaction `number` of a connection: its mark, then bytes that follow from
// it, different in each payload. `out` has kPayloadBytesMin bytes or more.
void FillPayload(uint32_t connection, uint64_t number, std::span<std::byte> out);
// The mark of a payload.
struct PayloadMark {
  uint32_t connection = 0;
  uint64_t number = 0;
};
PayloadMark ReadPayloadMark(ByteSpan payload);

// One frame: length, ClientMessage.append, request id, first sequence, level, body CRC, then the
// run of transactions. All of one pool have the same size, and these offsets.
inline constexpr size_t kFrameRequestIdAt = 10;
inline constexpr size_t kFrameSequenceAt = 19;
inline constexpr size_t kFrameCrcAt = 30;
inline constexpr size_t kFrameRunAt = 34;

// Frames of all connections, in memory that child processes share. The frames of a connection lie
// one behind the other, so that any number of them is one send. Append `n` of a connection uses
// slot n % slots(). One thread writes.
class AppendPool {
 public:
  struct Options {
    uint32_t connections = 1;
    uint64_t slots = 1;   // frames of each connection
    uint32_t batch = 64;  // transactions of one append
    uint32_t payload_bytes = 128;
    uint8_t level = 1;    // number of ringjournal.v1.Level
    bool encode = false;  // Refresh encodes anew each time, so payloads never repeat
  };
  // Encodes every slot. InvalidArgument if a payload is too small or an append too large,
  // ResourceExhausted without memory.
  static absl::StatusOr<std::unique_ptr<AppendPool>> Create(const Options& options);
  ~AppendPool();
  AppendPool(const AppendPool&) = delete;
  AppendPool& operator=(const AppendPool&) = delete;

  // Bytes that such a frame has.
  static size_t FrameBytes(uint32_t batch, uint32_t payload_bytes);

  // Makes append `n` of a connection ready to be sent: its request id (n + 1) and first sequence,
  // and in an encoding pool everything else.
  void Refresh(uint32_t connection, uint64_t n) {
    if (options_.encode) Encode(connection, n);
    std::byte* at = frame(connection, n);
    Store64(at + kFrameRequestIdAt, n + 1);
    Store64(at + kFrameSequenceAt, n * options_.batch + 1);
  }

  std::byte* frame(uint32_t connection, uint64_t n) {
    return memory_ + (connection * options_.slots + n % options_.slots) * frame_bytes_;
  }
  // Encodes the transactions of append `n` of a connection into *run: what must have arrived.
  void EncodeRun(uint32_t connection, uint64_t n, client::TransactionRun* run) const;
  // The number in the mark of transaction `i` of append `n`.
  uint64_t PayloadNumber(uint64_t n, uint64_t i) const {
    return (options_.encode ? n : n % options_.slots) * options_.batch + i;
  }

  const Options& options() const { return options_; }
  size_t frame_bytes() const { return frame_bytes_; }
  size_t run_bytes() const { return frame_bytes_ - kFrameRunAt; }
  size_t bytes() const { return options_.connections * options_.slots * frame_bytes_; }

 private:
  explicit AppendPool(const Options& options);
  void Encode(uint32_t connection, uint64_t n);

  Options options_;
  size_t frame_bytes_;
  std::byte* memory_ = nullptr;
  client::TransactionRun scratch_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_POOL_H_
