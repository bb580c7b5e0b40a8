// Which members the leader may count: new ones once they hold what was acknowledged without them,
// and one that is on its way out no more.
#include <algorithm>
#include <set>
#include <string_view>

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

uint32_t LeaderSide::DisksWith(Index index) const {
  std::set<std::string_view> nodes;
  for (const auto& [life, backup] : backups_) {
    bool stays = Names(c_->config.members(), life.node) && life.node != leaving_;
    if (stays && set_.DurableOf(life) >= index) nodes.insert(life.node);
  }
  return static_cast<uint32_t>(nodes.size());
}

}  // namespace ringjournal
