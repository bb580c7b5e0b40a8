// Reads acknowledgements as the load generator needs them: no messages are built.
#ifndef TOOLS_RINGJOURNAL_BENCH_ACKS_H_
#define TOOLS_RINGJOURNAL_BENCH_ACKS_H_

#include <cstdint>
#include <string>

#include "journal/base/bytes.h"

namespace ringjournal::bench {

// One AppendResult.
struct AckedAppend {
  uint64_t request_id = 0;
  uint64_t first_lsn = 0;
  uint32_t count = 0;
  uint32_t level = 0;
  bool duplicate = false;
};

// Walks one ServerMessage:
//   AckFrame acks(frame);
//   while (acks.Next(&ack)) ...
//   if (!acks.error().empty()) ...
// A frame that carries no acknowledgements and is no error (a heartbeat) has none. A view of the
// frame's bytes.
class AckFrame {
 public:
  explicit AckFrame(ByteSpan frame);
  // False behind the last one, and when something is wrong.
  bool Next(AckedAppend* ack);
  // Empty, or the server's refusal or what does not parse.
  const std::string& error() const { return error_; }

 private:
  const std::byte* pos_ = nullptr;
  const std::byte* end_ = nullptr;
  std::string error_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_ACKS_H_
