#include "tools/ringjournal/exit_codes.h"

#include "client/errors.h"

namespace ringjournal::cli {

using client::ErrorCode;

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  switch (client::CodeOf(status)) {
    case ErrorCode::kUnknown:
      return kExitFailure;
    case ErrorCode::kCannotConnect:
    case ErrorCode::kDeadline:  // which of two equal limits ends a wait is chance
    case ErrorCode::kUnavailable:
    case ErrorCode::kShuttingDown:
    case ErrorCode::kNotLeader:
      return kExitCannotConnect;
    case ErrorCode::kBadAddress:
      return kExitUsage;
    case ErrorCode::kDataLoss:
      return kExitDataLoss;
    case ErrorCode::kOutcomeUnknown:
      return kExitOutcomeUnknown;
    case ErrorCode::kJournalNotFound:
    case ErrorCode::kTransactionNotFound:
      return kExitNotFound;
    case ErrorCode::kTrimmed:
      return kExitTrimmed;
    case ErrorCode::kDamaged:
      return kExitDamaged;
    case ErrorCode::kFenced:
      return kExitFenced;
    case ErrorCode::kStopped:
      return kExitInterrupted;
    default:
      return kExitRefused;
  }
}

std::string ExitCodeTable() {
  return "Exit codes:\n"
         "  0    done\n"
         "  1    a local failure, as of a file; or it is not so: --wait, readiness, diff\n"
         "  2    the command line is wrong\n"
         "  3    no connection, or no answer or progress in the time allowed\n"
         "  4    refused by the server\n"
         "  5    the journal reports that acknowledged transactions may be lost\n"
         "  6    sent, but the outcome is not known\n"
         "  7    no such journal, or no transaction with that id\n"
         "  8    the position asked for has been trimmed\n"
         "  9    damaged bytes were found\n"
         "  10   fenced: a newer writer, or session of the producer, took over\n"
         "  11   a command failed: of replay --exec, of drill; or cannot be run\n"
         "  130  interrupted (Ctrl-C)\n"
         "  141  whoever read the output closed the pipe\n";
}

}  // namespace ringjournal::cli
