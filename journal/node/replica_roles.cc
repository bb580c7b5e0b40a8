// A replica's roles: leading an epoch, following, and beginning anew.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/mutants.h"
#include "journal/node/replica.h"
#include "journal/node/snapshot_check.h"

namespace ringjournal {

void Replica::LeaderStart(Time now) {
  leads_ = held_ = false;  // of an earlier epoch
  newest_open_ = Index();
  // What was known of the others was said in another epoch.
  marks_.backups.clear();
  marks_.blocked = true;
  // Before the own end is counted under this incarnation (replication.md section 7).
  OwnContent();
  // Where the in-sync set is this replica alone, what it holds is committed, and room may be made
  // of it.
  CountOwnEnd();
  if (ring_.may_write_snapshot()) TakeSnapshot();
  wants_to_lead_ = true;
  TryLead(now);
}

void Replica::TryLead(Time now) {
  v1::ControlRecord record;
  v1::EpochStart* start = record.mutable_epoch_start();
  start->set_config_version(options_.config_version);
  start->set_state_hash(derived_.Hash());
  start->set_node_incarnation(options_.incarnation.value());
  leads_ = AppendControl(v1::ENTRY_KIND_EPOCH_START, record, now);
}

void Replica::StepDown() { leads_ = wants_to_lead_ = false; }

void Replica::BackupStart(Incarnation older) {
  StepDown();
  // The claim first: a kill in between leaves the content under the older name.
  if (older != Incarnation(0) && !Mutated(Mutant::kOlderNameForgotten)) {
    ring_.set_claim_incarnation(older);
  }
  OwnContent();
}

void Replica::OwnContent() {
  // The generation first: under the old one the content must not count for the new incarnation.
  if (ring_.generation() != options_.epoch.generation) {
    ring_.set_generation(options_.epoch.generation);
  }
  ring_.set_content_incarnation(options_.incarnation);
}

void Replica::Claim(bool content_counts) {
  if (!content_counts) ring_.set_content_incarnation(ring_.claim_incarnation());
  ring_.set_claim_incarnation(options_.incarnation);
}

Index Replica::epoch_start() const {
  if (derived_.history().empty()) return Index(0);
  const v1::EpochHistory& last = derived_.history().back();
  bool same = Epoch{last.generation(), last.epoch()} == options_.epoch;
  return same ? Index(last.first_index()) : Index(0);
}

absl::Status Replica::BeginAnew(const v1::StateSnapshot& state) {
  if (wants_to_lead_ || stopping_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the log cannot begin anew while this node ",
        stopping_ ? "stops: start it again" : "leads the journal: only a backup follows"));
  }
  if (Index(state.next_index()) <= committed_.index) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a beginning at entry ", state.next_index(), " would take away entry ",
        committed_.index.value(), ", which is committed; keep this node's data for an inquiry"));
  }
  std::string wrong = WrongWithSnapshot(state, options_.settings.producers_max());
  if (options_.epoch < Epoch{state.generation(), state.epoch()}) wrong = "its epoch is a later one";
  if (wrong.empty() && !ring_.TakesSnapshot(state)) wrong = "it is larger than the ring's slots";
  if (!wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the leader's state snapshot at entry ",
                                                   state.next_index(), " is not usable: ", wrong,
                                                   "; compare the versions of both nodes"));
  }
  ring_.BeginAnew(state);
  derived_ = DerivedState::ReadFrom(state);
  Index last = derived_.position().last().index;
  counted_end_ = trim_entry_ = last;
  disk_wanted_ = std::min(disk_wanted_, last);
  flush_wanted_ = std::min(flush_wanted_, last);
  options_.disk_hole_below = Index(0);
  if (!memory_only()) checkpointer_.BeginAnew(ring_.end(), state);
  return absl::OkStatus();
}

void Replica::ForgetCommit() {
  RJ_CHECK(!wants_to_lead_);
  committed_ = Watermark();
  if (commit_allowed_.has_value()) commit_allowed_ = Index(0);
  ring_.set_committed(committed_.index);
}

}  // namespace ringjournal
