// Leadership moves because somebody wants it to, while the leader lives.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/cluster/planned_changes.h"
#include "server/config_store/document.h"

namespace ringjournal {

// The one that holds the most; of equal ones the first of the in-sync set. `node` empty: any.
std::optional<NodeLife> PlannedChanges::ChooseTarget(const LeaderSide& leader,
                                                     const std::string& node) const {
  std::optional<NodeLife> best;
  for (const NodeLife& life : leader.in_sync().isr()) {
    if (life == c_->self || !leader.Follows(life) || leader.IsLeaving(life)) continue;
    if (!node.empty() && life.node != node) continue;
    bool better =
        !best.has_value() || leader.in_sync().MatchOf(life) > leader.in_sync().MatchOf(*best);
    if (better) best = life;
  }
  return best;
}

absl::Status PlannedChanges::WhyNoTarget(const LeaderSide& leader, const std::string& node) const {
  const std::string& name = c_->config.name();
  if (node.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("journal ", name, " has no backup in sync that follows now, so nobody else ",
                     "can lead it; wait until `ringjournal journal info ", name, "` shows one"));
  }
  if (!Names(c_->config.members(), node)) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", node, " is not a member of journal ", name, "; its members are ",
                     absl::StrJoin(c_->config.members(), ", "), ": name one of them"));
  }
  const auto& isr = leader.in_sync().isr();
  const auto life = std::ranges::find(isr, node, &NodeLife::node);
  const bool in_sync = life != isr.end();
  if (in_sync && leader.IsLeaving(*life)) {
    return absl::FailedPreconditionError(
        absl::StrCat("node ", node, " is about to stop, so it cannot take over journal ", name,
                     "; name another node, or start it again first"));
  }
  return absl::FailedPreconditionError(
      in_sync ? absl::StrCat("node ", node, " does not answer at the moment, so it cannot take ",
                             "over journal ", name, "; try again, or name another node")
              : absl::StrCat("node ", node, " is not in sync and may lack committed entries of ",
                             "journal ", name, "; wait until it is, or name another node"));
}

absl::Status PlannedChanges::MoveLeader(const LeaderSide& leader, const std::string& target,
                                        bool stays) {
  if (active()) return Busy();
  if (target == c_->self.node) {
    outcome_ = absl::OkStatus();  // as it should be
    return absl::OkStatus();
  }
  std::optional<NodeLife> life = ChooseTarget(leader, target);
  if (!life.has_value()) return WhyNoTarget(leader, target);
  RJ_RETURN_IF_ERROR(Begin(Kind::kMoveLeader, life->node, limits::kHandoverWaitMs));
  life_ = *life;
  stays_ = stays;
  c_->leaving = c_->leaving || !stays;  // nobody is to be followed afterwards
  c_->replica->Hold(!Mutated(Mutant::kHandoverTakesAppends));
  c_->wants_peers = true;
  c_->Note("is to be handed over to ", node_, ": appends wait");
  return absl::OkStatus();
}

bool PlannedChanges::gathers() const {
  constexpr int64_t kGatherNs = int64_t{limits::kPeerHeartbeatMs} * 1000 * 1000;
  constexpr int64_t kWaitNs = int64_t{limits::kHandoverWaitMs} * 1000 * 1000;
  return holds_appends() && !ready_ && !out_at_.has_value() &&
         c_->now.monotonic_ns < deadline_ns_ - kWaitNs + kGatherNs;
}

void PlannedChanges::FollowHandover(LeaderSide* leader) {
  const Marks marks = c_->replica->marks();
  const Index match = leader->in_sync().MatchOf(life_);
  if (!leader->in_sync().Contains(life_)) {
    return End(leader, absl::FailedPreconditionError(
                           absl::StrCat("node ", node_, " has left the in-sync set of journal ",
                                        c_->config.name(), ", so node ", c_->self.node,
                                        " leads on; wait until it is back, or name another node")));
  }
  if (leader->IsLeaving(life_)) {
    return End(leader, absl::FailedPreconditionError(absl::StrCat(
                           "node ", node_, " is about to stop, so node ", c_->self.node,
                           " leads journal ", c_->config.name(), " on; name another node")));
  }
  if (TimeIsOver()) {
    return End(leader, absl::UnavailableError(absl::StrCat(
                           "node ", node_, " did not take over journal ", c_->config.name(),
                           " within ", limits::kHandoverWaitMs, " ms, so node ", c_->self.node,
                           " leads on: of ", marks.end.index.value(), " entries it has ",
                           match.value(), ", and ", marks.committed.index.value(),
                           " are committed; ask again, or name another node")));
  }
  bool all = match >= marks.end.index && marks.committed.index == marks.end.index;
  if (Mutated(Mutant::kHandsOverEarly)) all = true;
  ready_ = all && leader->Follows(life_) && !leader->in_sync().has_pending();
}

}  // namespace ringjournal
