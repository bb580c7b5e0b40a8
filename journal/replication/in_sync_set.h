// Who must hold an entry before it is committed, and how far that has come.
#ifndef JOURNAL_REPLICATION_IN_SYNC_SET_H_
#define JOURNAL_REPLICATION_IN_SYNC_SET_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal {

// A node in one process life.
struct NodeLife {
  std::string node;
  Incarnation incarnation;
  friend auto operator<=>(const NodeLife&, const NodeLife&) = default;
};

// The leader's view of one epoch (replication.md section 4). Counted are the members of the
// config's isr and of a change that is under way: whoever may already be, or may still be, in the
// isr; and those of `complete` that have left the isr by a restart, as their memory may lead yet
// (decision 0015). What is acknowledged counts for this epoch and for the incarnation that the isr
// names, never for another life of the node (KIP-903). Pure; one thread.
class InSyncSet {
 public:
  // A new epoch: nothing is acknowledged yet.
  InSyncSet(const NodeLife& self, std::vector<NodeLife> isr, std::vector<NodeLife> complete,
            uint32_t min_isr);

  // The config as it was read or won: settles a change that was under way. `complete` holds the
  // isr.
  void SetIsr(std::vector<NodeLife> isr, std::vector<NodeLife> complete, uint32_t min_isr);
  // A compare-and-swap to this isr was sent. Until a newer version of the document is seen its
  // outcome is unknown, so its members are counted beside those of the isr (KIP-320 shows why an
  // added one must be, and "shrink before it is confirmed" why a removed one still is).
  void Propose(std::vector<NodeLife> isr);
  // The change will never be applied: refused, or a newer version without it was read.
  void Withdraw() { pending_.clear(); }
  bool has_pending() const { return !pending_.empty(); }

  // A backup holds everything up to `match` in memory, and up to `durable` on its disk. Neither
  // falls.
  void Acknowledge(const NodeLife& backup, Index match, Index durable);
  // It has seen the heartbeats up to `round` in this epoch. What it says may be late, but at some
  // time after that heartbeat had left it followed nobody else.
  void AcknowledgeRound(const NodeLife& backup, uint64_t round);
  // Up to which round all counted members have: whoever may lead next was still a backup when it
  // said so. UINT64_MAX where the leader is alone.
  uint64_t RoundOfAll() const;
  // Its connection or its synchronisation is gone; what it had acknowledged stays true.
  Index MatchOf(const NodeLife& backup) const;
  Index DurableOf(const NodeLife& backup) const;

  // All counted members hold everything up to here. Index(0) while the isr is below min_isr.
  // `own_end`: the leader's last entry, in its memory and counted (acked_end raised).
  Index Committed(Index own_end) const;
  // How many copies are in sync for certain: of the isr and of a change that is under way the
  // fewer, as an added one may be refused and a dropped one may be out of the document already.
  size_t FewestInSync() const;
  // Whether the replica is counted: of the isr, of `complete`, or of a change that is under way.
  bool Counts(const NodeLife& replica) const;
  // A life that is over, and is not counted: nothing of it is kept.
  void Forget(const NodeLife& replica) { progress_.erase(replica); }

  const std::vector<NodeLife>& isr() const { return isr_; }
  // Of `complete`, and not of the isr: a life that is over. Null: there is none.
  const NodeLife* Restarted() const { return restarted_.empty() ? nullptr : &restarted_[0]; }
  bool Contains(const NodeLife& replica) const;
  uint32_t min_isr() const { return min_isr_; }

 private:
  struct Progress {
    Index match, durable;
    uint64_t round = 0;
  };
  Index MajorityOf(Index own_end) const;

  NodeLife self_;
  std::vector<NodeLife> isr_, pending_;
  std::vector<NodeLife> restarted_;  // of `complete` and not of the isr
  uint32_t min_isr_;
  std::map<NodeLife, Progress> progress_;
};

}  // namespace ringjournal

#endif  // JOURNAL_REPLICATION_IN_SYNC_SET_H_
