// How ready a journal is for the failure of the node that leads it.
#ifndef CLIENT_JOURNAL_READINESS_H_
#define CLIENT_JOURNAL_READINESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal::client {

// What an append at `replicated` means while fewer copies than target_copies are in sync.
enum class DegradedPolicy : uint8_t {
  kUnknown,
  kDisk,    // it also waits for the leader's disk
  kBlock,   // it waits until there are enough
  kMemory,  // nothing: it is in as many memories as there are
};

// A member beside the leader, as the leader knows it.
struct JournalCopy {
  std::string node;
  bool in_sync = false;     // holds everything that is committed, and may be elected
  bool follows = false;     // is connected to the leader and is sent entries
  bool catches_up = false;  // gets from the leader's disk what its memory no longer holds
  bool far_behind = false;  // lags by more than half of the ring, or did and still by a quarter
  // Up to which transaction it holds everything has been said in this epoch. Else the lag is 0, and
  // means nothing.
  bool lag_known = false;
  uint64_t lag_transactions = 0;  // to the end of the leader's log, committed or not
  uint64_t lag_bytes = 0;         // the same in bytes of the ring
  uint64_t lag_ms = 0;            // since the oldest entry was sent that it has not acknowledged
};

// What Journal::GetReadiness says, of the moment at which the leader answered.
//
// What servers do not say, and so is not in here: whether the config store answers, without which
// nobody is elected; how far the disks of the backups are (`disk_quorum`); and who of several
// next_leaders will be faster.
struct JournalReadiness {
  std::string journal;
  // A failure of the leader's node now would stop nothing for longer than an election, and lose
  // nothing that was acknowledged as replicated. Also true with fewer copies than wanted.
  bool ready = false;
  std::string verdict;  // one sentence for people: the gravest news, and what to do about it

  std::string leader;       // its node; empty: none that answers
  std::string last_leader;  // without a leader: who was it, if that is still known
  Epoch epoch;
  // Who may lead if the leader fails: in sync, and following. Each holds everything that is
  // committed, and the first whose change reaches the config store wins: which one it is cannot be
  // told before. Those with the smallest lag come first; a planned move chooses in this order.
  // Empty: nobody takes over, and the journal stands still until its leader's node is back.
  std::vector<std::string> next_leaders;
  std::vector<JournalCopy> copies;  // of the other members; next_leaders first, in their order

  uint32_t copies_in_sync = 0;  // the leader's among them: `replicated` is in so many memories
  uint32_t copies_wanted = 0;   // the members
  uint32_t copies_target = 0;   // below it the journal is degraded
  uint32_t copies_min = 0;      // below it nothing is committed
  bool degraded = false;
  DegradedPolicy degraded_policy = DegradedPolicy::kUnknown;
  uint32_t copies_below_wanted() const {
    return copies_wanted > copies_in_sync ? copies_wanted - copies_in_sync : 0;
  }

  bool memory_only = false;

  // The rest is the leader's, and 0 or absent without one.
  uint64_t transactions_kept = 0;
  // At the end of its log and not committed: at most acknowledged as `received`, and gone with it.
  uint64_t in_leader_memory_only = 0;
  // Committed and not on its disk, which counts for `disk`. Also absent for a memory-only journal,
  // of which nothing ever is.
  std::optional<uint64_t> not_on_leader_disk;
  // Of the question itself: connecting, one answer of every copy in sync to the leader, and back.
  // A fence takes this and one replication; what is lost on nodes that do not answer is in it.
  int64_t fence_round_trip_ns = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_JOURNAL_READINESS_H_
