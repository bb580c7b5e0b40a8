// What the commands of `ringjournal` share.
#ifndef TOOLS_RINGJOURNAL_CONTEXT_H_
#define TOOLS_RINGJOURNAL_CONTEXT_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/options.h"
#include "tools/ringjournal/exit_codes.h"

namespace ringjournal::cli {

// Filled while the command line is parsed. A command sets `action`; main runs it.
struct Context {
  std::string server;                  // --server or RINGJOURNAL_SERVER
  bool as_json = false;                // -o json
  bool verbose = false;                // --verbose
  bool needs_server = true;            // an offline command clears it in its callback
  std::string command;                 // for messages: "append", "journal create", …
  std::vector<std::string> arguments;  // as typed, without the program's name
  std::function<int()> action;         // returns the exit code

  bool json() const { return as_json; }
  // Options for the client library; `retry_for_ns` as there. Lost connections are told on stderr.
  client::ClientOptions ClientOptions(int64_t retry_for_ns) const;
  // One line on stderr: "ringjournal append: text".
  void Say(std::string_view text) const;
  // The same for an error, with its name; returns the exit code.
  int Fail(const absl::Status& status) const;
  // A wrong use that the parser could not see.
  int FailUsage(std::string_view text) const;
};

// A Ctrl-C that can be waited for. SIGINT, SIGTERM and SIGHUP make `fd` readable instead of ending
// the process; there is one in a process. Also ignores SIGPIPE.
class Interrupt {
 public:
  Interrupt();
  int fd() const;
  // True if there was one since the last Clear.
  bool happened() const;
  void Clear();
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_CONTEXT_H_
