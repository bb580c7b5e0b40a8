// How `ringjournal` ends. --help prints the table; scripts rely on it.
#ifndef TOOLS_RINGJOURNAL_EXIT_CODES_H_
#define TOOLS_RINGJOURNAL_EXIT_CODES_H_

#include <string>

#include "absl/status/status.h"

namespace ringjournal::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,         // local: a file cannot be read or written, or an internal error
  kExitUsage = 2,           // the command line is wrong
  kExitCannotConnect = 3,   // no server, or no answer or progress in the time allowed
  kExitRefused = 4,         // the server refused the request; the message says why
  kExitDataLoss = 5,        // the journal reports that acknowledged transactions may be lost
  kExitOutcomeUnknown = 6,  // something was sent, and whether it took effect is not known
  kExitNotFound = 7,        // no such journal, or no transaction with that id
  kExitTrimmed = 8,         // the position asked for is no longer kept
  kExitDamaged = 9,         // bytes fail their checksum or chain
  kExitFenced = 10,         // a newer session of the producer took over
  kExitCommandFailed = 11,  // a command failed: of replay --exec, of drill; or cannot be run
  kExitInterrupted = 130,   // Ctrl-C (128 + SIGINT)
  kExitPipeClosed = 141,    // whoever read the output is gone (128 + SIGPIPE)
};

// The code that stands for an error of the client library.
ExitCode ExitCodeOf(const absl::Status& status);

// The table, one line a code, for --help.
std::string ExitCodeTable();

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_EXIT_CODES_H_
