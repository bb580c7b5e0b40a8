// Where the settings of ringjournald come from: defaults < file < environment < flags.
//
// Nothing secret is ever taken from the command line, where every user of the machine can read it.
#ifndef SERVER_CONFIG_FLAGS_H_
#define SERVER_CONFIG_FLAGS_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config/options.h"

namespace ringjournal {

// What belongs to the process and is not a setting.
struct ProcessFacts {
  std::string version;                                           // for --version
  unsigned uid = 0;                                              // for the default of --ring-dir
  std::vector<std::pair<std::string, std::string>> environment;  // name and value
  // Reads the file of --config. Absent: --config is refused.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
};

// Splits the "NAME=VALUE" strings of a process, ended by a null.
std::vector<std::pair<std::string, std::string>> EnvironmentOf(const char* const* environ);

// Either options to run with, or text to print and an exit code.
struct FlagsResult {
  bool run = false;
  bool check = false;     // --check-config: options are valid; judge the machine and end
  ServerOptions options;  // valid if run or check
  std::vector<std::string>
      origins;                     // of each of Settings(): "default", "FILE:3", a variable, a flag
  std::vector<std::string> notes;  // not wrong, but probably not meant; one sentence each
  int exit_code = 0;               // 0 for --help and --version, kExitUsage for a mistake
  std::string standard_out;        // asked for: help, version, configuration
  std::string standard_error;      // one mistake: what, why, what to do next
};

inline constexpr int kExitUsage = 2;

// The reader of command lines; making one costs more than using it. One thread at a time.
class FlagsParser {
 public:
  FlagsParser();
  ~FlagsParser();
  // As ParseServerFlags; nothing is left of the parse before.
  FlagsResult Parse(std::span<const char* const> arguments, const ProcessFacts& facts);

 private:
  std::unique_ptr<struct CommandLine> line_;
};

// `arguments` are argv without the program's name. Pure but for facts.read_file; throws nothing.
FlagsResult ParseServerFlags(std::span<const char* const> arguments, const ProcessFacts& facts);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_FLAGS_H_
