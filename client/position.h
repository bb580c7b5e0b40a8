// Where a reader starts or ends.
#ifndef CLIENT_POSITION_H_
#define CLIENT_POSITION_H_

#include <cstdint>
#include <string>

#include "journal/base/types.h"

namespace ringjournal::client {

struct Position {
  enum class Kind {
    kOldest,  // the first transaction that is kept
    kNewest,  // after the last visible one
    kLsn,
    kLast,           // `count` transactions before the end
    kTime,           // the first transaction at or after `time_ns`, by the leader's clock
    kTransactionId,  // the first transaction whose id is `id`; the server reads until it finds it
  };
  Kind kind = Kind::kOldest;
  Lsn lsn;               // with kLsn
  uint64_t count = 0;    // with kLast
  uint64_t time_ns = 0;  // with kTime: Unix time
  std::string id;        // with kTransactionId: bytes

  static Position Oldest() { return {}; }
  static Position Newest() { return {.kind = Kind::kNewest}; }
  static Position At(Lsn lsn) { return {.kind = Kind::kLsn, .lsn = lsn}; }
  static Position Last(uint64_t count) { return {.kind = Kind::kLast, .count = count}; }
  static Position AtTime(uint64_t unix_ns) { return {.kind = Kind::kTime, .time_ns = unix_ns}; }
  static Position OfTransaction(std::string id) {
    return {.kind = Kind::kTransactionId, .id = std::move(id)};
  }

  // It names a transaction, and not a place between two.
  bool names_a_transaction() const { return kind != Kind::kNewest && kind != Kind::kTime; }
};

}  // namespace ringjournal::client

#endif  // CLIENT_POSITION_H_
