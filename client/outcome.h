// What a client learns about an append: the receipt, or why there is none.
#ifndef CLIENT_OUTCOME_H_
#define CLIENT_OUTCOME_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// How safe an append must be before it is acknowledged. Numbers of ringjournal.v1.Level.
enum class Level : uint8_t {
  kUnknown = 0,
  kReceived = 1,    // in the leader's memory
  kReplicated = 2,  // in the memory of the whole in-sync set: committed
  kDisk = 3,        // replicated, and synced to the leader's disk
  kDiskQuorum = 4,  // replicated, and synced by a majority of the members
};

// "received", "replicated", "disk", "disk_quorum"; "unknown" for anything else.
std::string_view LevelName(Level level);
// kUnknown if there is no level of that name.
Level LevelOfName(std::string_view name);

// What an acknowledged append leaves in the client's hand.
struct AppendReceipt {
  Lsn first_lsn;  // 0 with `duplicate`: applied, but its place is no longer known
  uint32_t count = 0;
  Index index;
  uint64_t chain = 0;
  Epoch epoch;
  Level level = Level::kUnknown;  // reached, not asked
  uint32_t memory_copies = 0;
  uint32_t disk_copies = 0;
  bool duplicate = false;  // an earlier try had been applied

  Lsn last_lsn() const { return first_lsn + (count - 1); }
};

enum class Fate : uint8_t {
  kApplied,     // the receipt says where; without one (first_lsn 0) only that it is applied
  kNotApplied,  // and never will be
  kUnknown,     // sent, no answer: a later session of the same producer can find out
};

// The definite answer to one append. Every append gets exactly one, in the order of the appends.
struct AppendOutcome {
  uint64_t token = 0;  // the caller's own mark
  Fate fate = Fate::kUnknown;
  Sequence first_sequence;  // 0: it never got one
  uint32_t count = 0;
  AppendReceipt receipt;  // with kApplied
  absl::Status error;     // without kApplied, or applied without a receipt
};

// [first, last], both included.
struct LsnRange {
  Lsn first;
  Lsn last;
  friend bool operator==(const LsnRange&, const LsnRange&) = default;
};

// A recovery may have lost acknowledged transactions of the journal.
struct LossNotice {
  uint32_t generation = 0;  // accept this one to go on
  Lsn first_lsn;            // start of the possible loss, exact
  Lsn known_committed_lsn;  // all below it had been committed; 0: not known
  Lsn receipt_lsn;          // last LSN of the receipt shown, if at or above first_lsn; else 0
  std::string reason;       // the server's sentence
  // "none", "possible", "certain" or "unknown" for each level, as the loss report says.
  std::string received, replicated, disk, disk_quorum;
  // What this client holds acknowledgements for at or above first_lsn, in order.
  std::vector<LsnRange> held;
  bool held_is_complete = true;  // false: ranges were merged; `held` may contain others' LSNs too
};

}  // namespace ringjournal::client

#endif  // CLIENT_OUTCOME_H_
