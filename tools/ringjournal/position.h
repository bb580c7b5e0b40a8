// The one grammar of positions, for every command that takes one.
//
//   POSITION := oldest | newest | LSN | -COUNT | @TIME | txn:ID | txn-hex:HEX
//   TIME     := -DURATION | DATE | DATE T CLOCK [ZONE] | UNIX-SECONDS[.FRACTION]
#ifndef TOOLS_RINGJOURNAL_POSITION_H_
#define TOOLS_RINGJOURNAL_POSITION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/position.h"

namespace ringjournal::cli {

// `now_unix_ns` is what @-5m counts back from. A time without a zone is UTC, as all times that we
// print. InvalidArgument, with examples and a guess at what was meant, on anything else.
absl::StatusOr<client::Position> ParsePosition(std::string_view text, uint64_t now_unix_ns);
// The same by this machine's clock.
absl::StatusOr<client::Position> ParsePosition(std::string_view text);

// In the grammar's own words, times absolute: "@2026-05-01T12:00:00.000000000Z".
std::string FormatPosition(const client::Position& position);

// For --help, one line a form.
extern const char kPositionHelp[];

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_POSITION_H_
