// Reads back what a load has appended: count, order and bytes.
#ifndef TOOLS_RINGJOURNAL_BENCH_VERIFY_H_
#define TOOLS_RINGJOURNAL_BENCH_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "journal/base/types.h"
#include "tools/ringjournal/bench_pool.h"

namespace ringjournal::bench {

struct VerifyOptions {
  std::string journal;
  uint64_t first_lsn = 1;         // of the load
  std::vector<uint64_t> appends;  // acknowledged, of each connection
  uint64_t last = 0;  // compare only so many transactions at the end, as the rest may be trimmed
};

// Follows a load through the journal, transaction by transaction. Payloads may repeat with the
// pool, so places in a connection's stream count modulo that period. Borrows both arguments.
class LoadComparison {
 public:
  LoadComparison(const AppendPool& pool, const VerifyOptions& options);

  // What must be read: [from, end).
  Lsn from() const { return from_; }
  Lsn end() const { return end_; }

  // Takes the next transaction that was read. DataLoss, naming the LSN, if it is not the one that
  // must stand there.
  absl::Status Take(Lsn lsn, ByteSpan payload);
  // Behind the last one: the number compared. DataLoss if something is missing.
  absl::StatusOr<uint64_t> Finish() const;

 private:
  const AppendPool& pool_;
  const VerifyOptions& options_;
  uint64_t period_;
  std::vector<uint64_t> next_;  // of each connection: number of its next payload
  std::vector<std::byte> expected_;
  Lsn from_;
  Lsn end_;
  uint64_t compared_ = 0;
};

// Reads from `first_lsn` (or as `last` says) to the last LSN of the load and compares every payload
// with what its connection sent at that place; LSNs must have no holes. The client library checks
// CRC and chain of each entry on the way. Returns the number of transactions compared. DataLoss
// names the first LSN that is wrong; other errors are the reader's.
absl::StatusOr<uint64_t> VerifyJournal(const client::ClientOptions& client, const AppendPool& pool,
                                       const VerifyOptions& options);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_VERIFY_H_
