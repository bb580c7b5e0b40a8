// Parts of the command line that CLI11 does not know: positions, sizes, suggestions.
#ifndef TOOLS_RINGJOURNAL_PARSE_H_
#define TOOLS_RINGJOURNAL_PARSE_H_

#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/position.h"

namespace ringjournal::cli {

// "oldest", "newest", an LSN from 1 on, or -N for the last N transactions.
absl::StatusOr<client::Position> ParsePosition(const std::string& text);

// Adds an option for bytes with a unit ("256MiB") or a duration with one ("10ms"); the parser
// refuses anything else with a sentence.
CLI::Option* AddBytesOption(CLI::App* app, const std::string& name, uint64_t* bytes,
                            const std::string& help);
CLI::Option* AddDurationOption(CLI::App* app, const std::string& name, int64_t* duration_ns,
                               const std::string& help);
CLI::Option* AddPositionOption(CLI::App* app, const std::string& name, client::Position* position,
                               const std::string& help);

// The candidate that was probably meant by `word`; empty if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// "unknown command 'apend'; did you mean 'append'?" for the first argument that the parser does not
// know; empty if there is none.
std::string ExplainUnknown(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_PARSE_H_
