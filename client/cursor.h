// A reader's place in a journal, to be saved and used by a later process.
#ifndef CLIENT_CURSOR_H_
#define CLIENT_CURSOR_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// A value. `next_lsn` is the first transaction that was not delivered; index, generation and chain
// are of the entry of the last one that was, so that a journal which has lost or changed it, or
// another journal of the same name, is noticed before anything is delivered.
struct Cursor {
  JournalId journal_id;
  uint32_t generation = 0;
  Lsn next_lsn;
  Index index;         // 0: nothing was delivered yet, so there is nothing to compare
  uint64_t chain = 0;  // chain hash of the entry `index`

  // One line without spaces, with a checksum of itself:
  // rjc1:<journal id>:<generation>:<next LSN>:<index>:<chain>:<CRC32C>, the first in hexadecimal.
  std::string ToString() const;
  // kBadCursor for anything that ToString did not write, cut off or edited text included.
  static absl::StatusOr<Cursor> Parse(std::string_view text);

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CURSOR_H_
