// Who is in the in-sync set: whom the leader drops, whom it takes back once it holds what was
// acknowledged without it, and who is on the way out and counts no more.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/cluster/leader_side.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

void LeaderSide::NoteLearners() {
  std::erase_if(learners_, [&](const auto& l) { return !Names(c_->config.learners(), l.first); });
  for (const std::string& node : c_->config.learners()) {
    learners_.try_emplace(node, c_->replica->derived().position().last().index);
  }
}

bool LeaderSide::MayAdd(const NodeLife& life, const Backup& backup, Index needed,
                        const v1::ConfigDocument& document) const {
  int64_t now = c_->now.monotonic_ns;
  if (set_.Contains(life) || now < backup.add_not_before_ns) return false;
  if (backup.lag.marked()) return false;  // it comes close first
  // It would be waited for as soon as it is gone.
  if (backup.leaving && !Mutated(Mutant::kLeavingTakenBack)) return false;
  // What it once had is not enough: one that is silent would be dropped again, and again.
  if (!Follows(life) && !Mutated(Mutant::kSilentTakenBack)) return false;
  if (set_.MatchOf(life) < needed) return false;
  bool current = IsCurrent(document, {life.node, life.incarnation});
  if (!current && !Mutated(Mutant::kStaleLifeAdded)) return false;
  if (!Names(c_->config.members(), life.node) || life.node == leaving_) return false;
  auto learner = learners_.find(life.node);
  return learner == learners_.end() || c_->replica->memory_only() ||
         set_.DurableOf(life) >= learner->second || Mutated(Mutant::kLearnerCounted);
}

bool LeaderSide::Follows(const NodeLife& life) const {
  auto it = backups_.find(life);
  return it != backups_.end() && it->second.connection != 0 &&
         c_->now.monotonic_ns - it->second.last_heard_ns <= limits::kPeerRetryMs * kMs;
}

bool LeaderSide::IsLeaving(const NodeLife& life) const {
  const auto it = backups_.find(life);
  return it != backups_.end() && it->second.leaving;
}

// What is on its disk, as far as that is known: what stopped the process may have taken the disk
// along, so once a later life is registered only that one's word counts.
Index LeaderSide::DurableOf(const NodeLife& life) const {
  const bool over = c_->links->IsOver(life) && !Mutated(Mutant::kRestartedDiskCounts);
  return over ? Index(0) : set_.DurableOf(life);
}

uint32_t LeaderSide::DisksWith(Index index) const {
  std::set<std::string_view> nodes;
  for (const auto& [life, backup] : backups_) {
    bool stays = Names(c_->config.members(), life.node) && life.node != leaving_;
    if (stays && DurableOf(life) >= index) nodes.insert(life.node);
  }
  return static_cast<uint32_t>(nodes.size());
}

bool LeaderSide::MayDrop() const {
  const size_t least = Mutated(Mutant::kDropsBelowMinIsr) ? 1 : set_.min_isr();
  return set_.isr().size() > std::max<size_t>(1, least);
}

// Empty: it does its part. One that answers and gets no further holds everybody up, too.
std::string LeaderSide::WhyDrop(const NodeLife& life) const {
  auto it = backups_.find(life);
  const int64_t now = c_->now.monotonic_ns;
  // Where all stop the last one keeps them: each memory may be the one that is back first.
  if (IsLeaving(life) && !c_->leaving) return "its process is about to end";
  int64_t heard = std::max(it == backups_.end() ? 0 : it->second.last_heard_ns, started_ns_);
  int64_t got_on = std::max(it == backups_.end() ? 0 : it->second.match_ns, started_ns_);
  if (now - heard > limits::kPeerGraceMs * kMs) {
    return absl::StrCat("it has been silent for ", (now - heard) / kMs, " ms");
  }
  // What is usual is looked up only where it matters: this is asked after every batch.
  bool stalls = now - got_on > limits::kPeerStallMs * kMs && !Mutated(Mutant::kStallKept);
  if (stalls && (it == backups_.end() || now - got_on > it->second.lag.StallAbove())) {
    return absl::StrCat("entries have waited for it for ", (now - got_on) / kMs, " ms");
  }
  return it == backups_.end() ? "" : WhyLaggard(life, it->second);
}

std::optional<IsrChange> LeaderSide::Wanted(const v1::ConfigDocument& document) const {
  // Also while the epoch start waits for room: a dead backup may be what keeps the ring full.
  if (set_.has_pending()) return std::nullopt;
  for (const NodeLife& life : set_.isr()) {
    if (life == c_->self || !MayDrop()) continue;
    std::string why = WhyDrop(life);
    if (!why.empty()) return IsrChange{IsrChange::Kind::kDrop, life, std::move(why)};
  }
  // Below min_isr nothing is committed anyway, and its memory may lead yet.
  if (set_.Restarted() != nullptr && set_.isr().size() >= set_.min_isr()) {
    return IsrChange{IsrChange::Kind::kGoOnWithout, *set_.Restarted(), "its node has restarted"};
  }
  // Before its epoch has begun in the log a backup's own log may still be another one (KIP-320).
  Index start = c_->replica->epoch_start();
  if (start == Index(0)) return std::nullopt;
  Index needed = std::max(c_->replica->marks().committed.index, start);
  if (Mutated(Mutant::kAddedBeforeEpochStart)) needed = c_->replica->marks().committed.index;
  if (Mutated(Mutant::kAddedBeforeCommit)) needed = Index(0);
  for (const auto& [life, backup] : backups_) {
    if (!MayAdd(life, backup, needed, document)) continue;
    return IsrChange{IsrChange::Kind::kAdd, life, "it holds every committed entry"};
  }
  return std::nullopt;
}

}  // namespace ringjournal
