// Reads back what a load has appended: count, order and bytes.
#ifndef TOOLS_RINGJOURNAL_BENCH_VERIFY_H_
#define TOOLS_RINGJOURNAL_BENCH_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "tools/ringjournal/bench_pool.h"

namespace ringjournal::bench {

struct VerifyOptions {
  std::string journal;
  uint64_t first_lsn = 1;  // of the load
  std::vector<uint64_t> appends;  // acknowledged, of each connection
  bool trimmed = false;  // the oldest may be gone: what is kept must be the end, without holes
};

// Reads from `first_lsn` to the last LSN of the load and compares every payload with what its
// connection sent at that place; LSNs must have no holes. The client library checks CRC and chain
// of each entry on the way. Returns the number of transactions compared. DataLoss names the first
// LSN that is wrong; other errors are the reader's.
absl::StatusOr<uint64_t> VerifyJournal(const client::ClientOptions& client, const AppendPool& pool,
                                       const VerifyOptions& options);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_VERIFY_H_
