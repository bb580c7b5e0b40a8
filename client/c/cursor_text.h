// Cursors as text of the caller's.
#ifndef CLIENT_C_CURSOR_TEXT_H_
#define CLIENT_C_CURSOR_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "client/cursor.h"

namespace ringjournal::client::c {

// Its text with a NUL; *needed (or NULL): the size of that. RJ_BUFFER_TOO_SMALL.
absl::Status GiveCursor(const Cursor& cursor, char* buffer, size_t capacity, size_t* needed);
// kBadCursor, with the argument's name.
absl::StatusOr<Cursor> TakeCursor(const std::string& argument, const char* text);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_CURSOR_TEXT_H_
