// One number for a range of transactions: equal where the same transactions stand in the same
// order.
#ifndef TOOLS_RINGJOURNAL_RANGE_HASH_H_
#define TOOLS_RINGJOURNAL_RANGE_HASH_H_

#include <cstdint>
#include <span>

#include "client/read_transaction.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"

namespace ringjournal::cli {

// Definition: h = 0 before the first transaction; then for each one, in order,
//   h = XXH3-64(seed: h, CRC32C (u32 little-endian) and length (u64 little-endian) of the
//               serialised Transaction as the journal holds it).
// So it covers payload, key, id, type, client time and headers, and not LSNs, log times or the
// bounds of appends: a copy in another journal has the same hash. The bytes go in through their
// CRC, as in the journal's own chain: hashing them all with XXH3 costs a third of the throughput.
class RangeHash {
 public:
  // `hash`: of what came before, to go on there.
  explicit RangeHash(uint64_t hash = 0) : hash_(hash) {}
  void Add(std::span<const client::ReadTransaction> transactions) {
    for (const client::ReadTransaction& t : transactions) Add(t);
  }
  void Add(const client::ReadTransaction& t) {
    std::byte digest[12];
    Store32(digest, Crc32c(t.encoded));
    Store64(digest + 4, t.encoded.size());
    hash_ = ChainHash(hash_, digest);
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_RANGE_HASH_H_
