// Where to read on after ErrorCode::kTrimmed.
#ifndef CLIENT_TRIMMED_H_
#define CLIENT_TRIMMED_H_

#include <string>

#include "absl/status/status.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// A kTrimmed error that carries the first LSN that can be read; 0: the server named none.
absl::Status TrimmedError(const std::string& message, Lsn oldest);

// What TrimmedError put into it; 0 for every other status.
Lsn OldestLsnOf(const absl::Status& status);

}  // namespace ringjournal::client

#endif  // CLIENT_TRIMMED_H_
