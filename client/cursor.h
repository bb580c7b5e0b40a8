// Where a reader stands, so that another process can go on there.
#ifndef CLIENT_CURSOR_H_
#define CLIENT_CURSOR_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// Everything up to `lsn` of that very journal has been used. Shown to a server it proves that the
// journal still is what was read: its id, its generation, and the chain hash of the entry.
struct Cursor {
  JournalId journal;
  Epoch epoch;         // of the entry
  Index index;         // of the entry that holds the LSN; 0: nothing was read yet
  Lsn lsn;             // the last one used; 0: none
  uint64_t chain = 0;  // of the entry

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// A few lines of `name=value`, for people too.
std::string CursorText(const Cursor& cursor);
// InvalidArgument, with the line that is wrong, on anything that CursorText does not write.
absl::StatusOr<Cursor> ParseCursor(std::string_view text);

// Replaces the file whole: after a crash it holds the old cursor or the new one. Internal, with
// errno's text, if it cannot be written.
absl::Status SaveCursor(const std::string& path, const Cursor& cursor);
// NotFound if there is no such file; InvalidArgument if it is no cursor; Internal if it cannot be
// read.
absl::StatusOr<Cursor> LoadCursor(const std::string& path);

}  // namespace ringjournal::client

#endif  // CLIENT_CURSOR_H_
