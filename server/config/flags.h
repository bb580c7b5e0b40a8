// The command line and the environment of ringjournald, as ServerOptions.
//
// Flags win over environment variables, those over the defaults. Nothing secret is ever taken from
// the command line, where every user of the machine can read it.
#ifndef SERVER_CONFIG_FLAGS_H_
#define SERVER_CONFIG_FLAGS_H_

#include <span>
#include <string>

#include "server/config/options.h"

namespace ringjournal {

// What belongs to the process and is not a setting.
struct ProcessFacts {
  std::string version;  // for --version
  unsigned uid = 0;     // for the default of --ring-dir
};

// Either options to run with, or text to print and an exit code.
struct FlagsResult {
  bool run = false;
  ServerOptions options;       // valid if run
  int exit_code = 0;           // 0 for --help and --version, kExitUsage for a mistake
  std::string standard_out;    // asked for: help, version
  std::string standard_error;  // one mistake: what, why, what to do next
};

inline constexpr int kExitUsage = 2;

// `arguments` are argv without the program's name. Reads the variables RINGJOURNAL_DATA_DIR and so
// on from the environment; call it before there are threads. Touches no file.
FlagsResult ParseServerFlags(std::span<const char* const> arguments, const ProcessFacts& facts);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_FLAGS_H_
