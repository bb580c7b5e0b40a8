// Writes one AppendReply frame by hand: the acknowledgements of one session and batch.
#ifndef SERVER_SESSION_ACK_ENCODER_H_
#define SERVER_SESSION_ACK_ENCODER_H_

#include <cstdint>
#include <string>

#include "journal/base/types.h"
#include "journal/node/replica.h"
#include "proto/client.pb.h"

namespace ringjournal {

// One acknowledged append.
struct Ack {
  uint64_t request_id = 0;
  AppendPlace place;
  v1::Level level = v1::LEVEL_UNKNOWN;  // wanted, then reached
};

// Appends to `out`: a frame with a ServerMessage that holds an AppendReply. Begin, Add …, End. The
// generated parser reads it (a test holds it to that); writing it costs a copy per acknowledgement.
class AckEncoder {
 public:
  explicit AckEncoder(std::string* out) : out_(out) {}
  void Begin(Epoch epoch, Lsn committed, Lsn durable);
  void Add(const Ack& ack, const Copies& copies);
  void End();

 private:
  std::string* out_;
  size_t start_ = 0;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_ACK_ENCODER_H_
