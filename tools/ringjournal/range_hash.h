// One number for a range of transactions: equal where the same transactions stand in the same
// order.
#ifndef TOOLS_RINGJOURNAL_RANGE_HASH_H_
#define TOOLS_RINGJOURNAL_RANGE_HASH_H_

#include <cstdint>

#include "client/read_transaction.h"
#include "journal/base/checksum.h"

namespace ringjournal::cli {

// Definition: h = 0 before the first transaction; then for each one, in order,
//   h = XXH3-64(seed: h, the serialised Transaction as the journal holds it).
// So it covers payload, key, id, type, client time and headers, and not LSNs, log times or the
// bounds of appends: a copy in another journal has the same hash.
class RangeHash {
 public:
  // `hash`: of what came before, to go on there.
  explicit RangeHash(uint64_t hash = 0) : hash_(hash) {}
  void Add(const client::ReadTransaction& t) { hash_ = ChainHash(hash_, t.encoded); }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_RANGE_HASH_H_
