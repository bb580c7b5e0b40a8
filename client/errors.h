// What can go wrong for a client, as a typed code inside an absl::Status.
//
//   absl::StatusOr<...> r = ...;
//   if (CodeOf(r.status()) == ErrorCode::kJournalNotFound) ...
#ifndef CLIENT_ERRORS_H_
#define CLIENT_ERRORS_H_

#include <string>

#include "absl/status/status.h"

namespace ringjournal::client {

// Below 1000: what a server refuses, with the numbers of ringjournal.ErrorCode in client.proto.
// From 1000 on: what the client finds out itself.
enum class ErrorCode : int {
  kUnknown = 0,
  kProtocol = 1,
  kTooLarge = 2,
  kMalformed = 3,
  kChecksum = 4,
  kEmptyAppend = 5,
  kNameNotAllowed = 6,
  kJournalNotFound = 7,
  kJournalExists = 8,
  kNotOpen = 9,
  kOutOfOrder = 10,
  kFenced = 11,
  kNotLeader = 12,
  kTrimmed = 13,
  kBackPressure = 14,
  kDataLoss = 15,
  kDiskFull = 16,
  kExpectedLsn = 17,
  kLimit = 18,
  kBadSetting = 19,
  kLevelNotOffered = 20,
  kShuttingDown = 21,
  kBehindRefused = 22,
  kUnknownProducer = 23,
  kNotSupported = 24,
  kUnavailable = 25,
  kRecoveryRefused = 29,
  kTransactionNotFound = 30,
  kNotYet = 31,
  kWriterHeld = 32,

  kCannotConnect = 1000,   // no connection within the time allowed
  kOutcomeUnknown = 1001,  // the request was sent; whether it took effect is not known
  kDamaged = 1002,         // bytes received fail their checksum or chain
  kBadAddress = 1003,      // the server's address cannot be read or resolved
  kWindowFull = 1004,      // take outcomes first, then append again
  kStopped = 1005,         // the caller closed the session
  kBadCursor = 1006,       // a cursor of another journal, or of one that has changed
  kDeadline = 1007,        // the time that the caller allowed is over
  kWrongThread = 1008,     // a call that waits, made from a callback that would have to end it
  kStateDiverged = 1009,   // the writer's digest of its state is another one than the standby's
  kApplyFailed = 1010,     // the application could not apply a transaction, or threw
  kBadRecord = 1011,       // what a writer has said of itself in the journal cannot be
  kBadMark = 1012,         // an act marker or a digest of what is not acknowledged
  kEffectsFull = 1013,     // more effects without an act marker than are kept
};

// A Status with `code` as its payload. `message` says what, why and what to do next.
absl::Status MakeError(ErrorCode code, const std::string& message);

// The code inside; kUnknown for a Status that MakeError did not make.
ErrorCode CodeOf(const absl::Status& status);

// "BACK_PRESSURE", "CANNOT_CONNECT", …; "UNKNOWN" for a number that has no name here.
std::string ErrorCodeName(ErrorCode code);

// True where the same request can succeed later without being changed.
bool IsTransient(ErrorCode code);

}  // namespace ringjournal::client

#endif  // CLIENT_ERRORS_H_
