#include "journal/replication/in_sync_set.h"

#include <algorithm>
#include <utility>

#include "journal/base/mutants.h"

namespace ringjournal {

InSyncSet::InSyncSet(const NodeLife& self, std::vector<NodeLife> isr,
                     std::vector<NodeLife> complete, uint32_t min_isr)
    : self_(self) {
  SetIsr(std::move(isr), std::move(complete), min_isr);
}

void InSyncSet::SetIsr(std::vector<NodeLife> isr, std::vector<NodeLife> complete,
                       uint32_t min_isr) {
  isr_ = std::move(isr);
  restarted_ = std::move(complete);
  std::erase_if(restarted_, [&](const NodeLife& life) {
    return Contains(life) || Mutated(Mutant::kRestartedNotCounted);
  });
  min_isr_ = min_isr;
  pending_.clear();
}

void InSyncSet::Acknowledge(const NodeLife& backup, Index match, Index durable) {
  Progress* p = &progress_[backup];
  p->match = std::max(p->match, match);
  p->durable = std::max(p->durable, durable);
}

void InSyncSet::AcknowledgeRound(const NodeLife& backup, uint64_t round) {
  Progress* p = &progress_[backup];
  p->round = std::max(p->round, round);
}

uint64_t InSyncSet::RoundOfAll() const {
  uint64_t round = UINT64_MAX;
  if (Mutated(Mutant::kTailWithoutRound)) return round;
  for (const std::vector<NodeLife>* set : {&isr_, &restarted_, &pending_}) {
    for (const NodeLife& member : *set) {
      if (member == self_) continue;
      auto it = progress_.find(member);
      round = std::min(round, it == progress_.end() ? 0 : it->second.round);
    }
  }
  return round;
}

// MUTANT: what more than half of the isr holds.
Index InSyncSet::MajorityOf(Index own_end) const {
  std::vector<Index> ends;
  for (const NodeLife& m : isr_) ends.push_back(m == self_ ? own_end : MatchOf(m));
  std::sort(ends.rbegin(), ends.rend());
  return ends.empty() ? own_end : ends[ends.size() / 2];
}

size_t InSyncSet::FewestInSync() const {
  if (pending_.empty()) return isr_.size();
  const bool adds = pending_.size() > isr_.size();
  if (adds && Mutated(Mutant::kAddCountsAtOnce)) return pending_.size();
  return std::min(isr_.size(), pending_.size());
}

void InSyncSet::Propose(std::vector<NodeLife> isr) {
  bool shrinks = isr.size() < isr_.size();
  if (Mutated(Mutant::kAddedNotCounted) && !shrinks) return;
  pending_ = std::move(isr);
  if (Mutated(Mutant::kShrinkBeforeConfirmed) && shrinks) isr_ = pending_;
}

Index InSyncSet::MatchOf(const NodeLife& backup) const {
  auto it = progress_.find(backup);
  return it == progress_.end() ? Index(0) : it->second.match;
}

Index InSyncSet::DurableOf(const NodeLife& backup) const {
  auto it = progress_.find(backup);
  return it == progress_.end() ? Index(0) : it->second.durable;
}

Index InSyncSet::Committed(Index own_end) const {
  if (isr_.size() < min_isr_ && !Mutated(Mutant::kMinIsrIgnored)) return Index(0);
  if (Mutated(Mutant::kMajorityCommit)) return MajorityOf(own_end);
  Index committed = own_end;
  for (const std::vector<NodeLife>* set : {&isr_, &restarted_, &pending_}) {
    for (const NodeLife& member : *set) {
      if (member != self_) committed = std::min(committed, MatchOf(member));
    }
  }
  return committed;
}

bool InSyncSet::Counts(const NodeLife& replica) const {
  auto is_in = [&](const std::vector<NodeLife>& set) {
    return std::find(set.begin(), set.end(), replica) != set.end();
  };
  return is_in(isr_) || is_in(restarted_) || is_in(pending_);
}

bool InSyncSet::Contains(const NodeLife& replica) const {
  return std::find(isr_.begin(), isr_.end(), replica) != isr_.end();
}

}  // namespace ringjournal
