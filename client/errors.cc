#include "client/errors.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"

namespace ringjournal::client {
namespace {

constexpr char kPayloadUrl[] = "ringjournal.ErrorCode";

struct Entry {
  ErrorCode code;
  std::string_view name;
  absl::StatusCode status;
};

constexpr std::array kEntries = {
    Entry{ErrorCode::kProtocol, "PROTOCOL", absl::StatusCode::kInternal},
    Entry{ErrorCode::kTooLarge, "TOO_LARGE", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kMalformed, "MALFORMED", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kChecksum, "CHECKSUM", absl::StatusCode::kDataLoss},
    Entry{ErrorCode::kEmptyAppend, "EMPTY_APPEND", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kNameNotAllowed, "NAME_NOT_ALLOWED", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kJournalNotFound, "JOURNAL_NOT_FOUND", absl::StatusCode::kNotFound},
    Entry{ErrorCode::kJournalExists, "JOURNAL_EXISTS", absl::StatusCode::kAlreadyExists},
    Entry{ErrorCode::kNotOpen, "NOT_OPEN", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kOutOfOrder, "OUT_OF_ORDER", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kFenced, "FENCED", absl::StatusCode::kAborted},
    Entry{ErrorCode::kNotLeader, "NOT_LEADER", absl::StatusCode::kUnavailable},
    Entry{ErrorCode::kTrimmed, "TRIMMED", absl::StatusCode::kOutOfRange},
    Entry{ErrorCode::kBackPressure, "BACK_PRESSURE", absl::StatusCode::kResourceExhausted},
    Entry{ErrorCode::kDataLoss, "DATA_LOSS", absl::StatusCode::kDataLoss},
    Entry{ErrorCode::kDiskFull, "DISK_FULL", absl::StatusCode::kResourceExhausted},
    Entry{ErrorCode::kExpectedLsn, "EXPECTED_LSN", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kLimit, "LIMIT", absl::StatusCode::kResourceExhausted},
    Entry{ErrorCode::kBadSetting, "BAD_SETTING", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kLevelNotOffered, "LEVEL_NOT_OFFERED", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kShuttingDown, "SHUTTING_DOWN", absl::StatusCode::kUnavailable},
    Entry{ErrorCode::kBehindRefused, "BEHIND_REFUSED", absl::StatusCode::kAborted},
    Entry{ErrorCode::kUnknownProducer, "UNKNOWN_PRODUCER", absl::StatusCode::kNotFound},
    Entry{ErrorCode::kNotSupported, "NOT_SUPPORTED", absl::StatusCode::kUnimplemented},
    Entry{ErrorCode::kUnavailable, "UNAVAILABLE", absl::StatusCode::kUnavailable},
    Entry{ErrorCode::kRecoveryRefused, "RECOVERY_REFUSED", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kTransactionNotFound, "TRANSACTION_NOT_FOUND", absl::StatusCode::kNotFound},
    Entry{ErrorCode::kWriterHeld, "WRITER_HELD", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kNotYet, "NOT_YET", absl::StatusCode::kUnavailable},
    Entry{ErrorCode::kCannotConnect, "CANNOT_CONNECT", absl::StatusCode::kUnavailable},
    Entry{ErrorCode::kOutcomeUnknown, "OUTCOME_UNKNOWN", absl::StatusCode::kUnknown},
    Entry{ErrorCode::kDamaged, "DAMAGED", absl::StatusCode::kDataLoss},
    Entry{ErrorCode::kBadAddress, "BAD_ADDRESS", absl::StatusCode::kInvalidArgument},
    Entry{ErrorCode::kWindowFull, "WINDOW_FULL", absl::StatusCode::kResourceExhausted},
    Entry{ErrorCode::kBadCursor, "BAD_CURSOR", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kStopped, "STOPPED", absl::StatusCode::kCancelled},
    Entry{ErrorCode::kDeadline, "DEADLINE", absl::StatusCode::kDeadlineExceeded},
    Entry{ErrorCode::kWrongThread, "WRONG_THREAD", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kStateDiverged, "STATE_DIVERGED", absl::StatusCode::kDataLoss},
    Entry{ErrorCode::kApplyFailed, "APPLY_FAILED", absl::StatusCode::kInternal},
    Entry{ErrorCode::kBadRecord, "BAD_RECORD", absl::StatusCode::kDataLoss},
    Entry{ErrorCode::kBadMark, "BAD_MARK", absl::StatusCode::kFailedPrecondition},
    Entry{ErrorCode::kEffectsFull, "EFFECTS_FULL", absl::StatusCode::kResourceExhausted},
};

const Entry* FindEntry(ErrorCode code) {
  for (const Entry& entry : kEntries) {
    if (entry.code == code) return &entry;
  }
  return nullptr;
}

}  // namespace

absl::Status MakeError(ErrorCode code, const std::string& message) {
  const Entry* entry = FindEntry(code);
  absl::Status status(entry != nullptr ? entry->status : absl::StatusCode::kUnknown, message);
  status.SetPayload(kPayloadUrl, absl::Cord(std::to_string(static_cast<int>(code))));
  return status;
}

ErrorCode CodeOf(const absl::Status& status) {
  auto payload = status.GetPayload(kPayloadUrl);
  int number = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &number)) return ErrorCode::kUnknown;
  return static_cast<ErrorCode>(number);
}

std::string ErrorCodeName(ErrorCode code) {
  const Entry* entry = FindEntry(code);
  return std::string(entry != nullptr ? entry->name : "UNKNOWN");
}

bool IsTransient(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotLeader:
    case ErrorCode::kBackPressure:
    case ErrorCode::kDiskFull:
    case ErrorCode::kShuttingDown:
    case ErrorCode::kUnavailable:
    case ErrorCode::kNotYet:
      return true;
    default:
      return false;
  }
}

}  // namespace ringjournal::client
