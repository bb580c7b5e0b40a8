// Members come and go: replication.md section 6, "Membership".
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/cluster/planned_changes.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

std::optional<NodeLife> InSync(const LeaderSide& leader, const std::string& node) {
  for (const NodeLife& life : leader.in_sync().isr()) {
    if (life.node == node) return life;
  }
  return std::nullopt;
}

}  // namespace

absl::Status PlannedChanges::AddMember(const v1::ConfigDocument& document,
                                       const std::string& node) {
  if (active()) return Busy();
  v1::ConfigDocument tried = document;
  RJ_RETURN_IF_ERROR(ringjournal::AddMember(&tried, c_->id, node, ""));
  return Begin(Kind::kAddMember, node, limits::kMembershipWaitMs);
}

void PlannedChanges::FollowAdd(LeaderSide* leader) {
  if (Names(c_->config.members(), node_)) {
    c_->tells_peers = true;
    return End(leader, absl::OkStatus());
  }
  ready_ = !TimeIsOver();
  if (ready_) return;
  End(leader, absl::UnavailableError(absl::StrCat(
                  "node ", node_, " was not added to journal ", c_->config.name(), " within ",
                  limits::kMembershipWaitMs, " ms: other changes of the configuration came first, ",
                  "or its store does not answer; ask again")));
}

absl::Status PlannedChanges::RemoveMember(LeaderSide* leader, const v1::ConfigDocument& document,
                                          const std::string& node) {
  if (active()) return Busy();
  const std::string what = absl::StrCat("node ", node, " cannot leave journal ", c_->config.name());
  if (node == c_->self.node) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": it leads; move the leader to another node first, then ask that one"));
  }
  std::optional<NodeLife> life = InSync(*leader, node);
  if (life.has_value() && leader->in_sync().isr().size() <= leader->in_sync().min_isr()) {
    return absl::FailedPreconditionError(absl::StrCat(
        what, ": ", leader->in_sync().isr().size() - 1, " would be in sync, and min_isr is ",
        leader->in_sync().min_isr(), "; bring another member in sync, or add one, first"));
  }
  // As it will be asked for once the node is out of the in-sync set.
  v1::ConfigDocument tried = document;
  Claim claim{c_->id, c_->self.node, c_->self.incarnation, ""};
  if (life.has_value()) {
    RJ_RETURN_IF_ERROR(ShrinkIsr(&tried, claim, {life->node, life->incarnation}));
  }
  RJ_RETURN_IF_ERROR(ringjournal::RemoveMember(&tried, c_->id, node, ""));
  RJ_RETURN_IF_ERROR(Begin(Kind::kRemoveMember, node, limits::kMembershipWaitMs));
  leader->set_leaving(node);
  return absl::OkStatus();
}

// A majority of those who stay has on disk what was acknowledged while the leaving disk counted.
bool PlannedChanges::DisksHoldAll(const LeaderSide& leader) {
  if (c_->replica->memory_only() || Mutated(Mutant::kRemovedBeforeDisks)) return true;
  const uint32_t needed = (static_cast<uint32_t>(c_->config.members_size()) - 1) / 2 + 1;
  const bool own = c_->replica->marks().durable.index >= *floor_;
  return leader.DisksWith(*floor_) + (own ? 1 : 0) >= needed;
}

void PlannedChanges::FollowRemoval(LeaderSide* leader) {
  if (!Names(c_->config.members(), node_)) {
    c_->tells_peers = true;
    return End(leader, absl::OkStatus());
  }
  if (std::optional<NodeLife> life = InSync(*leader, node_)) {
    life_ = *life;
    ready_ = !leader->in_sync().has_pending();
  } else {
    if (!floor_.has_value()) floor_ = c_->replica->RequestCheckpoint();
    ready_ = DisksHoldAll(*leader);
  }
  if (!TimeIsOver()) return;
  End(leader, absl::UnavailableError(absl::StrCat(
                  "node ", node_, " did not leave journal ", c_->config.name(), " within ",
                  limits::kMembershipWaitMs, " ms: ",
                  floor_.has_value()
                      ? absl::StrCat("the disks of the others do not hold the log up to entry ",
                                     floor_->value(), " yet, and its disk may be needed")
                      : "it is still in the in-sync set",
                  "; it stays a member: start the others, then ask again")));
}

}  // namespace ringjournal
