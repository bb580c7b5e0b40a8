#include "client/trimmed.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "client/errors.h"

namespace ringjournal::client {
namespace {

constexpr char kPayloadUrl[] = "ringjournal.OldestLsn";

}  // namespace

absl::Status TrimmedError(const std::string& message, Lsn oldest) {
  absl::Status status = MakeError(ErrorCode::kTrimmed, message);
  status.SetPayload(kPayloadUrl, absl::Cord(std::to_string(oldest.value())));
  return status;
}

Lsn OldestLsnOf(const absl::Status& status) {
  auto payload = status.GetPayload(kPayloadUrl);
  uint64_t lsn = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &lsn)) return Lsn(0);
  return Lsn(lsn);
}

}  // namespace ringjournal::client
