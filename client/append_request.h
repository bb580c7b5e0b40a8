// One batch to append.
#ifndef CLIENT_APPEND_REQUEST_H_
#define CLIENT_APPEND_REQUEST_H_

#include <cstdint>
#include <optional>

#include "client/outcome.h"
#include "journal/base/bytes.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// Becomes one entry in the journal, whole or not at all.
struct AppendRequest {
  ByteSpan run;        // serialised run of field 31 (see TransactionRun), whole; copied by Append
  uint32_t count = 0;  // transactions in it, at least 1
  Level level = Level::kReplicated;
  std::optional<uint32_t> body_crc32c;  // of `run`, if the caller has it already
  std::optional<Lsn> expected_lsn;      // refuse unless the first transaction gets this LSN
  uint64_t token = 0;                   // comes back in the outcome
};

}  // namespace ringjournal::client

#endif  // CLIENT_APPEND_REQUEST_H_
