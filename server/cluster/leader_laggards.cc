// The leader's side of laggards: who is looked at, what is told, and who may be dropped for it; and
// the rounds of heartbeats that show that it leads still.
#include <algorithm>

#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/cluster/leader_side.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
// With two copies nobody can say which of them is slow, and one copy is not replicated any more.
constexpr size_t kCopiesThatStay = 2;

}  // namespace

void LeaderSide::LookForLaggards() {
  const Ring& ring = c_->replica->ring();
  const int64_t now = c_->now.monotonic_ns;
  for (auto& [life, backup] : backups_) {
    // Silence and catch-ups have rules of their own.
    if (backup.connection == 0 || backup.catch_up != nullptr) {
      backup.lag.Forget();
      continue;
    }
    int64_t age = backup.in_flight.empty() ? 0 : now - backup.in_flight.front().at_ns;
    if (set_.MatchOf(life) < ring.end().index.prev()) {
      age = std::max(age, now - std::max(backup.progress_ns, started_ns_));
    }
    LagWatch::News news = backup.lag.Look(ring.end().offset - backup.acked_end, age,
                                          ring.data_bytes(), set_.Contains(life), now);
    if (news == LagWatch::News::kMarked) {
      c_->Note(Text(life), " lags: ", backup.lag.lag_bytes(), " bytes of the ring's ",
               ring.data_bytes(), " are not acknowledged by it, the oldest for ", age / kMs,
               " ms: look at its machine and its link; above ", limits::kLaggardDropPercent,
               " % it is dropped if ", kCopiesThatStay, " copies and min_isr stay in sync");
    } else if (news == LagWatch::News::kCleared) {
      c_->Note(Text(life), " lags no longer");
    }
  }
}

// Something others do better: what slows all of them is not theirs.
bool LeaderSide::OthersAreInTime(const NodeLife& life) const {
  return std::any_of(backups_.begin(), backups_.end(), [&](const auto& other) {
    return other.first != life && set_.Contains(other.first) && other.second.connection != 0 &&
           !other.second.lag.too_late();
  });
}

// Empty: it may stay.
std::string LeaderSide::WhyLaggard(const NodeLife& life, const Backup& backup) const {
  const LagWatch& lag = backup.lag;
  const bool leaves_two = set_.isr().size() > kCopiesThatStay || Mutated(Mutant::kLaggardLeavesOne);
  if (!leaves_two || Mutated(Mutant::kLaggardKept)) return "";
  if (lag.too_far()) {
    return absl::StrCat("it lags by ", lag.lag_bytes(), " of the ring's ",
                        c_->replica->ring().data_bytes(), " bytes");
  }
  if (lag.too_late() && OthersAreInTime(life)) {
    return absl::StrCat("its acknowledgements take ", lag.age_ns() / kMs, " ms, usually ",
                        lag.UsualAge() / kMs);
  }
  return "";
}

uint64_t LeaderSide::BeginRound() {
  round_wanted_ = true;
  return lease_seq_ + (Mutated(Mutant::kTailOfAnOlderRound) ? 0 : 1);
}

bool LeaderSide::IsMarked(const NodeLife& life) const {
  auto it = backups_.find(life);
  return it != backups_.end() && it->second.lag.marked();
}

std::vector<std::string> LeaderSide::laggards() const {
  std::vector<std::string> nodes;
  for (const auto& [life, backup] : backups_) {
    if (backup.lag.marked() && set_.Contains(life)) nodes.push_back(life.node);
  }
  return nodes;
}

std::vector<LeaderSide::Standing> LeaderSide::Standings() const {
  std::vector<Standing> all;
  for (const NodeLife& life : set_.isr()) {
    if (life == c_->self) continue;
    Standing standing{life, c_->now.monotonic_ns - started_ns_, 0, -1, 0};
    standing.stalled_ns = standing.silent_ns;
    if (auto it = backups_.find(life); it != backups_.end()) {
      const Backup& b = it->second;
      standing.silent_ns = c_->now.monotonic_ns - std::max(b.last_heard_ns, started_ns_);
      standing.stalled_ns = c_->now.monotonic_ns - std::max(b.match_ns, started_ns_);
      standing.far_for_ns = b.lag.far_for_ns();
      standing.age_ns = b.lag.age_ns();
    }
    all.push_back(standing);
  }
  return all;
}

}  // namespace ringjournal
