// What a leader can say of the other copies.
#include <algorithm>

#include "server/cluster/leader_side.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

std::vector<LeaderSide::Copy> LeaderSide::Copies() const {
  std::vector<Copy> copies;
  for (const auto& [life, backup] : backups_) {
    Copy copy;
    copy.life = life;
    copy.in_sync = set_.Contains(life);
    copy.follows = backup.connection != 0;
    copy.catches_up = backup.catch_up != nullptr;
    copy.held = set_.MatchOf(life);
    const RingPlace end = c_->replica->ring().end();
    if (std::optional<RingPlace> next = PlaceAfter(copy.held)) {
      copy.held_lsn = next->first_lsn.prev();
      copy.lag_bytes = end.offset.value() - next->offset.value();
    } else {
      copy.lag_bytes = c_->replica->ring().used_bytes();  // more than the ring holds
    }
    copy.lag_lsns = end.first_lsn.value() - 1 - copy.held_lsn.value();
    if (!backup.in_flight.empty()) {
      copy.lag_ms = (c_->now.monotonic_ns - backup.in_flight.front().at_ns) / kMs;
    }
    copies.push_back(copy);
  }
  return copies;
}

bool LeaderSide::HearsNobody() const {
  bool hears_nobody = false;
  for (const NodeLife& life : set_.isr()) {
    if (life == c_->self) continue;
    auto it = backups_.find(life);
    if (it == backups_.end() || !HearsNothingOf(it->second)) return false;
    hears_nobody = true;
  }
  return hears_nobody;
}

// It holds everything, and knows what is committed of it.
bool LeaderSide::IsUpToDate(const NodeLife& life, const Backup& backup) const {
  const RingPlace end = c_->replica->ring().end();
  return backup.connection != 0 && !backup.leaving && backup.catch_up == nullptr &&
         !HearsNothingOf(backup) && !backup.lag.marked() && backup.in_flight.empty() &&
         backup.next.index == end.index && set_.MatchOf(life) >= end.index.prev() &&
         backup.commit_sent >= end.index.prev();
}

bool LeaderSide::IsIdle() const {
  if (!serving() || round_wanted_ || set_.has_pending() || set_.Restarted() != nullptr)
    return false;
  if (static_cast<int>(set_.isr().size()) != c_->config.members_size()) return false;
  for (const NodeLife& life : set_.isr()) {
    if (life == c_->self) continue;
    auto it = backups_.find(life);
    if (it == backups_.end() || !IsUpToDate(life, it->second)) return false;
  }
  return true;
}

}  // namespace ringjournal
