// What the program says about itself: help, version, hints; and whether it could say it.
#ifndef TOOLS_RINGJOURNAL_USAGE_H_
#define TOOLS_RINGJOURNAL_USAGE_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tools/ringjournal/context.h"

namespace ringjournal::cli {

// The help of every command names the options that all commands have, which CLI11 shows for the
// program only. To be set before commands are added: they inherit it.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_footer(const CLI::App* app) const override;
};

// The commands `help [COMMAND]` and `version`, and the flag --version. `version`: of this program.
void RegisterHelp(CLI::App& app, Context& context, const std::string& version);

// The help of a command, whether or not it is the one that was chosen.
std::string HelpOf(const CLI::App& app);

// After a wrong command line: which command's help to read, and what a command that needs another
// word offers. Ends with a newline.
std::string UsageHint(const CLI::App& root, const std::vector<std::string>& arguments);

// Flushes stdout. Returns `code`; if something did not get out, says so and returns
// kExitFailure in the place of kExitOk, or kExitPipeClosed if nobody reads it any more.
int FinishStdout(int code);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_USAGE_H_
