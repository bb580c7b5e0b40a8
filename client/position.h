// Where a reader starts.
#ifndef CLIENT_POSITION_H_
#define CLIENT_POSITION_H_

#include <cstdint>

#include "journal/base/types.h"

namespace ringjournal::client {

struct Position {
  enum class Kind {
    kOldest,  // the first transaction that is kept
    kNewest,  // after the last visible one
    kLsn,
    kLast,  // `count` transactions before the end
  };
  Kind kind = Kind::kOldest;
  Lsn lsn;             // with kLsn
  uint64_t count = 0;  // with kLast

  static Position Oldest() { return {}; }
  static Position Newest() { return {.kind = Kind::kNewest}; }
  static Position At(Lsn lsn) { return {.kind = Kind::kLsn, .lsn = lsn}; }
  static Position Last(uint64_t count) { return {.kind = Kind::kLast, .count = count}; }
};

}  // namespace ringjournal::client

#endif  // CLIENT_POSITION_H_
