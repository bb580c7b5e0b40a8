// Frames of a client for scripts.
#ifndef TESTS_FUZZ_SESSION_FRAMES_H_
#define TESTS_FUZZ_SESSION_FRAMES_H_

#include <cstdint>
#include <string>

#include "journal/base/checksum.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::fuzz {

// The journal of the honest session.
inline constexpr char kLedger[] = "ledger";

inline std::string Framed(const std::string& body) {
  std::string frame;
  AppendFrame(body, &frame);
  return frame;
}

inline v1::ClientMessage HelloMessage(uint32_t protocol) {
  v1::ClientMessage m;
  m.mutable_hello()->set_protocol_min(protocol);
  m.mutable_hello()->set_protocol_max(protocol);
  return m;
}

// The checksum of the transactions' run, as a client computes it.
inline uint32_t BodyCrc(const v1::Append& append) {
  v1::Append only;
  *only.mutable_transactions() = append.transactions();
  return Crc32c(AsBytes(only.SerializeAsString()));
}

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_SESSION_FRAMES_H_
