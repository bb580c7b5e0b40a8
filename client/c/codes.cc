// The numbers of the C interface, held to those of the C++ one.
#include "client/c/boundary.h"
#include "client/errors.h"
#include "client/journal_info.h"
#include "client/outcome.h"

namespace ringjournal::client::c {
namespace {

struct Code {
  rj_code code;
  ErrorCode same;  // kUnknown: of this interface only
  const char* name;
};

constexpr Code kCodes[] = {
    {RJ_OK, ErrorCode::kUnknown, "OK"},
    {RJ_PROTOCOL, ErrorCode::kProtocol, "PROTOCOL"},
    {RJ_TOO_LARGE, ErrorCode::kTooLarge, "TOO_LARGE"},
    {RJ_MALFORMED, ErrorCode::kMalformed, "MALFORMED"},
    {RJ_CHECKSUM, ErrorCode::kChecksum, "CHECKSUM"},
    {RJ_EMPTY_APPEND, ErrorCode::kEmptyAppend, "EMPTY_APPEND"},
    {RJ_NAME_NOT_ALLOWED, ErrorCode::kNameNotAllowed, "NAME_NOT_ALLOWED"},
    {RJ_JOURNAL_NOT_FOUND, ErrorCode::kJournalNotFound, "JOURNAL_NOT_FOUND"},
    {RJ_JOURNAL_EXISTS, ErrorCode::kJournalExists, "JOURNAL_EXISTS"},
    {RJ_NOT_OPEN, ErrorCode::kNotOpen, "NOT_OPEN"},
    {RJ_OUT_OF_ORDER, ErrorCode::kOutOfOrder, "OUT_OF_ORDER"},
    {RJ_FENCED, ErrorCode::kFenced, "FENCED"},
    {RJ_NOT_LEADER, ErrorCode::kNotLeader, "NOT_LEADER"},
    {RJ_TRIMMED, ErrorCode::kTrimmed, "TRIMMED"},
    {RJ_BACK_PRESSURE, ErrorCode::kBackPressure, "BACK_PRESSURE"},
    {RJ_DATA_LOSS, ErrorCode::kDataLoss, "DATA_LOSS"},
    {RJ_DISK_FULL, ErrorCode::kDiskFull, "DISK_FULL"},
    {RJ_EXPECTED_LSN, ErrorCode::kExpectedLsn, "EXPECTED_LSN"},
    {RJ_LIMIT, ErrorCode::kLimit, "LIMIT"},
    {RJ_BAD_SETTING, ErrorCode::kBadSetting, "BAD_SETTING"},
    {RJ_LEVEL_NOT_OFFERED, ErrorCode::kLevelNotOffered, "LEVEL_NOT_OFFERED"},
    {RJ_SHUTTING_DOWN, ErrorCode::kShuttingDown, "SHUTTING_DOWN"},
    {RJ_BEHIND_REFUSED, ErrorCode::kBehindRefused, "BEHIND_REFUSED"},
    {RJ_UNKNOWN_PRODUCER, ErrorCode::kUnknownProducer, "UNKNOWN_PRODUCER"},
    {RJ_NOT_SUPPORTED, ErrorCode::kNotSupported, "NOT_SUPPORTED"},
    {RJ_UNAVAILABLE, ErrorCode::kUnavailable, "UNAVAILABLE"},
    {RJ_RECOVERY_REFUSED, ErrorCode::kRecoveryRefused, "RECOVERY_REFUSED"},
    {RJ_TRANSACTION_NOT_FOUND, ErrorCode::kTransactionNotFound, "TRANSACTION_NOT_FOUND"},
    {RJ_NOT_YET, ErrorCode::kNotYet, "NOT_YET"},
    {RJ_WRITER_HELD, ErrorCode::kWriterHeld, "WRITER_HELD"},
    {RJ_CANNOT_CONNECT, ErrorCode::kCannotConnect, "CANNOT_CONNECT"},
    {RJ_OUTCOME_UNKNOWN, ErrorCode::kOutcomeUnknown, "OUTCOME_UNKNOWN"},
    {RJ_DAMAGED, ErrorCode::kDamaged, "DAMAGED"},
    {RJ_BAD_ADDRESS, ErrorCode::kBadAddress, "BAD_ADDRESS"},
    {RJ_WINDOW_FULL, ErrorCode::kWindowFull, "WINDOW_FULL"},
    {RJ_STOPPED, ErrorCode::kStopped, "STOPPED"},
    {RJ_BAD_CURSOR, ErrorCode::kBadCursor, "BAD_CURSOR"},
    {RJ_DEADLINE, ErrorCode::kDeadline, "DEADLINE"},
    {RJ_WRONG_THREAD, ErrorCode::kWrongThread, "WRONG_THREAD"},
    {RJ_STATE_DIVERGED, ErrorCode::kStateDiverged, "STATE_DIVERGED"},
    {RJ_APPLY_FAILED, ErrorCode::kApplyFailed, "APPLY_FAILED"},
    {RJ_BAD_RECORD, ErrorCode::kBadRecord, "BAD_RECORD"},
    {RJ_BAD_MARK, ErrorCode::kBadMark, "BAD_MARK"},
    {RJ_EFFECTS_FULL, ErrorCode::kEffectsFull, "EFFECTS_FULL"},
    {RJ_INVALID_ARGUMENT, ErrorCode::kUnknown, "INVALID_ARGUMENT"},
    {RJ_NO_MEMORY, ErrorCode::kUnknown, "NO_MEMORY"},
    {RJ_INTERNAL, ErrorCode::kUnknown, "INTERNAL"},
    {RJ_BUFFER_TOO_SMALL, ErrorCode::kUnknown, "BUFFER_TOO_SMALL"},
};

constexpr bool AllTheSame() {
  for (const Code& code : kCodes) {
    bool own = code.same == ErrorCode::kUnknown;
    if (!own && code.code != static_cast<rj_code>(code.same)) return false;
  }
  return true;
}
static_assert(AllTheSame());

static_assert(RJ_LEVEL_RECEIVED == static_cast<int>(Level::kReceived));
static_assert(RJ_LEVEL_REPLICATED == static_cast<int>(Level::kReplicated));
static_assert(RJ_LEVEL_DISK == static_cast<int>(Level::kDisk));
static_assert(RJ_LEVEL_DISK_QUORUM == static_cast<int>(Level::kDiskQuorum));

using Outcome = Resolution::Outcome;
static_assert(RJ_RESOLVED_UNKNOWN == static_cast<int>(Outcome::kUnknown));
static_assert(RJ_RESOLVED_AT_LSN == static_cast<int>(Outcome::kAtLsn));
static_assert(RJ_RESOLVED_APPLIED_TRIMMED == static_cast<int>(Outcome::kAppliedTrimmed));
static_assert(RJ_RESOLVED_NEVER == static_cast<int>(Outcome::kNever));
static_assert(RJ_RESOLVED_NOT_YET == static_cast<int>(Outcome::kNotYet));
static_assert(RJ_RESOLVED_MAY_HAVE_BEEN_LOST == static_cast<int>(Outcome::kMayHaveBeenLost));

}  // namespace
}  // namespace ringjournal::client::c

uint32_t rj_version(void) { return RJ_ABI_VERSION; }

const char* rj_code_name(rj_code code) {
  for (const auto& known : ringjournal::client::c::kCodes) {
    if (known.code == code) return known.name;
  }
  return "UNKNOWN";
}

int32_t rj_code_is_transient(rj_code code) {
  return ringjournal::client::IsTransient(static_cast<ringjournal::client::ErrorCode>(code));
}
