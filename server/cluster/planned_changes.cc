#include "server/cluster/planned_changes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/cluster/replicated_journal.h"
#include "server/config_store/cluster_edits.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

absl::Status PlannedChanges::Begin(Kind kind, const std::string& node, int64_t wait_ms) {
  kind_ = kind;
  node_ = node;
  epoch_ = c_->epoch();
  deadline_ns_ = c_->now.monotonic_ns + wait_ms * kMs;
  ready_ = false;
  out_at_.reset();
  floor_.reset();
  outcome_.reset();
  return absl::OkStatus();
}

absl::Status PlannedChanges::Busy() const {
  return absl::FailedPreconditionError(
      absl::StrCat("journal ", c_->config.name(), " is busy: its leader is about ", Describe(),
                   "; one change at a time: ask again once that is done"));
}

void PlannedChanges::End(LeaderSide* leader, absl::Status outcome) {
  if (kind_ == Kind::kMoveLeader) c_->replica->Hold(false);
  if (leader != nullptr) leader->set_leaving("");
  if (!outcome.ok()) c_->Note("gives up ", Describe(), ": ", outcome.message());
  kind_ = Kind::kNone;
  ready_ = false;
  out_at_.reset();
  outcome_ = std::move(outcome);
}

void PlannedChanges::GiveUp(LeaderSide* leader, const std::string& why) {
  if (active()) End(leader, absl::UnavailableError(why));
}

void PlannedChanges::Forbidden(LeaderSide* leader, const absl::Status& why) { End(leader, why); }

void PlannedChanges::Refused(LeaderSide* leader) {
  if (!out_at_.has_value()) return;
  End(leader, absl::FailedPreconditionError(
                  absl::StrCat("the config store has refused ", Describe(), "; the log of node ",
                               c_->self.node, " says why: look there, then ask again")));
}

// Another leads, or nobody. For a handover that may be what was wanted.
void PlannedChanges::EndWithEpoch() {
  const v1::JournalConfig& config = c_->config;
  bool moved = kind_ == Kind::kMoveLeader && config.has_leader() && config.leader().node() == node_;
  if (!moved) {
    return End(
        nullptr,
        absl::UnavailableError(absl::StrCat(
            "node ", c_->self.node, " leads journal ", config.name(), " no longer (epoch ",
            config.epoch(), " is led by ", config.has_leader() ? config.leader().node() : "nobody",
            "), so it did not finish ", Describe(), "; look with `ringjournal journal info ",
            config.name(), "` how far it came, then ask again")));
  }
  c_->Note("was handed over to ", node_, " in epoch ", config.epoch());
  c_->tells_peers = true;
  End(nullptr, absl::OkStatus());
}

bool PlannedChanges::TimeIsOver() const { return c_->now.monotonic_ns >= deadline_ns_; }

void PlannedChanges::AfterBatch(LeaderSide* leader) {
  if (!active()) return;
  if (leader == nullptr || c_->epoch() != epoch_) return EndWithEpoch();
  if (out_at_.has_value()) {
    bool unknown = c_->config_version <= *out_at_;
    if (unknown && Mutated(Mutant::kResumesWhileUnknown) && TimeIsOver()) unknown = false;
    if (unknown) return;
    out_at_.reset();
  }
  if (kind_ == Kind::kMoveLeader) return FollowHandover(leader);
  kind_ == Kind::kAddMember ? FollowAdd(leader) : FollowRemoval(leader);
}

int64_t PlannedChanges::deadline_ns() const {
  bool waits = active() && !out_at_.has_value() && !TimeIsOver();
  return waits ? deadline_ns_ : INT64_MAX;
}

std::string PlannedChanges::Describe() const {
  switch (kind_) {
    case Kind::kMoveLeader:
      return absl::StrCat("to hand over to ", node_);
    case Kind::kAddMember:
      return absl::StrCat("to add node ", node_, " to the members");
    case Kind::kRemoveMember:
      return absl::StrCat(
          floor_.has_value() ? "to take node " : "to drop node ", node_,
          floor_.has_value() ? " out of the members" : ", which is to leave the members");
    case Kind::kNone:
      break;
  }
  return "nothing";
}

absl::Status PlannedChanges::Edit(v1::ConfigDocument* next, const Claim& claim,
                                  std::optional<IsrChange>* drop) {
  switch (kind_) {
    case Kind::kMoveLeader:
      return HandOver(next, claim, {life_.node, life_.incarnation}, stays_);
    case Kind::kAddMember:
      return ringjournal::AddMember(next, claim.journal, node_, claim.change_id);
    case Kind::kRemoveMember: {
      if (floor_.has_value()) {
        return ringjournal::RemoveMember(next, claim.journal, node_, claim.change_id);
      }
      absl::Status dropped = ShrinkIsr(next, claim, {life_.node, life_.incarnation});
      if (Mutated(Mutant::kRemovedInOneStep) && dropped.ok()) {
        return ringjournal::RemoveMember(next, claim.journal, node_, claim.change_id);
      }
      *drop = IsrChange{IsrChange::Kind::kDrop, life_, "it is to leave the members"};
      return dropped;
    }
    case Kind::kNone:
      break;
  }
  return absl::InternalError("nothing was asked");
}

// ---- the journal's side ----

absl::Status ReplicatedJournal::MoveLeader(const std::string& target, bool stays) {
  Wake();
  RJ_CHECK(leader_ != nullptr);
  return planned_.MoveLeader(*leader_, target, stays);
}

absl::Status ReplicatedJournal::AddMember(const v1::ConfigDocument& document,
                                          const std::string& node) {
  Wake();
  RJ_CHECK(leader_ != nullptr);
  return planned_.AddMember(document, node);
}

absl::Status ReplicatedJournal::RemoveMember(const v1::ConfigDocument& document,
                                             const std::string& node) {
  Wake();
  RJ_CHECK(leader_ != nullptr);
  return planned_.RemoveMember(leader_.get(), document, node);
}

bool ReplicatedJournal::EditPlanned(v1::ConfigDocument* next, const Claim& claim) {
  absl::Status edited = planned_.Edit(next, claim, &proposing_);
  if (Try(edited, planned_.Describe())) {
    proposing_planned_ = true;
    return true;
  }
  proposing_.reset();
  planned_.Forbidden(leader_.get(), edited);
  return false;
}

}  // namespace ringjournal
