// A replica that follows: entries of the leader, commit by its word, truncation at a new epoch.
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/mutants.h"
#include "journal/format/control.h"
#include "journal/node/replica.h"
#include "journal/node/snapshot_check.h"

namespace ringjournal {

void Replica::CountOwnEnd() {
  if (!Mutated(Mutant::kAckedEndNotRaised)) ring_.RaiseAckedEnd();
  counted_end_ = derived_.position().last().index;
  MoveCommit();
}

// Counted is only what acked_end covers, so this comes after RaiseAckedEnd.
void Replica::MoveCommit() {
  Watermark last = derived_.position().last();
  Index allowed = commit_allowed_.value_or(last.index);
  if (allowed >= last.index) {
    committed_ = last;
  } else if (allowed > committed_.index && allowed.next() >= ring_.oldest().index) {
    // Not below the beginning of a log that began anew: what lies there has no LSN here.
    committed_ = {allowed, ring_.Find(allowed.next())->first_lsn.prev()};
  }
  ring_.set_committed(committed_.index);
}

void Replica::AllowCommit(Index index) {
  // The ring keeps what a truncation needs from now on, not from the end of the batch.
  if (!commit_allowed_.has_value()) ring_.set_committed(committed_.index);
  commit_allowed_ = std::max(commit_allowed_.value_or(Index(0)), index);
}

Replica::Taken Replica::TakeEntries(ByteSpan records) {
  Taken taken;
  while (!records.empty()) {
    RecordView view;
    RecordVerdict verdict = ParseRecord(records, &view);
    if (verdict == RecordVerdict::kOk) verdict = VerifyBody(view);
    bool full = false;
    taken.wrong =
        verdict == RecordVerdict::kOk ? TakeRecord(view, &full) : RecordVerdictText(verdict);
    if (!taken.wrong.empty()) taken.verdict = Taken::Verdict::kWrong;
    if (full) taken.verdict = Taken::Verdict::kRingFull;
    if (taken.verdict != Taken::Verdict::kAll) return taken;
    records = records.subspan(view.record.size());
  }
  return taken;
}

// All derived state is a function of the entries: two replicas that differ here would answer a
// producer differently later.
std::string Replica::CompareState(const RecordView& epoch_start) const {
  v1::ControlRecord record;
  if (!DecodeControlBody(epoch_start.body, &record)) return "an epoch start is no control record";
  if (record.epoch_start().state_hash() == derived_.Hash()) return "";
  return absl::StrCat("the leader's derived state at entry ", epoch_start.header.index.value(),
                      " is another one: compare the versions of both nodes");
}

// Empty, or what is wrong with it.
std::string Replica::TakeRecord(const RecordView& view, bool* full) {
  const EntryHeader& h = view.header;
  if (h.index < derived_.position().next_index) {
    std::optional<RingPlace> own = ring_.Find(h.index);
    bool differs = own.has_value() && ring_.Record(*own).header.chain != h.chain;
    return differs ? absl::StrCat("entry ", h.index.value(), " differs from the one that is here")
                   : "";
  }
  if (ring_.snapshot_due()) TakeSnapshot();
  size_t bytes = view.record.size();
  SetBoundaryIfDue(bytes);
  std::byte* at = ring_.Reserve(bytes, Reusable());
  if (at == nullptr) {
    *full = true;
    return "";
  }
  if (h.kind == v1::ENTRY_KIND_EPOCH_START) {
    std::string differs = CompareState(view);
    if (!differs.empty()) return differs;
  }
  absl::Status applied = derived_.Apply(view);
  if (!applied.ok()) return std::string(applied.message());
  std::memcpy(at, view.record.data(), bytes);
  ring_.Publish(h.index, h.first_lsn, bytes);
  if (h.kind == v1::ENTRY_KIND_TRIM) trim_entry_ = h.index;
  return "";
}

absl::StatusOr<DerivedState> Replica::DerivedAt(Index last, RingPlace* place) const {
  std::optional<v1::StateSnapshot> snapshot = ring_.ReadSnapshotAtOrBelow(last.next());
  if (!snapshot.has_value()) {
    return absl::NotFoundError(absl::StrCat("the ring cannot go back to entry ", last.value()));
  }
  DerivedState derived = DerivedState::ReadFrom(*snapshot);
  *place = ring_.end();
  if (std::optional<RingPlace> from = ring_.Find(derived.position().next_index)) *place = *from;
  for (; place->index < last.next(); *place = ring_.Next(*place)) {
    absl::Status applied = derived.Apply(ring_.Record(*place));
    if (!applied.ok()) return applied;
  }
  return derived;
}

bool Replica::TakeOlderState(const v1::StateSnapshot& state) {
  const Index next(state.next_index());
  std::optional<RingPlace> place = ring_.Find(next);
  if (wants_to_lead_ || !place.has_value() || ring_.ReadSnapshotAtOrBelow(next).has_value()) {
    return false;
  }
  if (!WrongWithSnapshot(state, options_.settings.producers_max()).empty()) return false;
  LogPosition before = DerivedState::ReadFrom(state).position();
  if (!before.Advance(ring_.Record(*place)).empty() || !ring_.TakesSnapshot(state)) return false;
  return ring_.RestoreOlderSnapshot(*place, state);
}

absl::Status Replica::TruncateTo(Index last, uint64_t chain) {
  Index next = last.next();
  if (next > derived_.position().next_index) {
    return absl::InvalidArgumentError(absl::StrCat("the log ends before entry ", last.value()));
  }
  if (last < committed_.index) {
    return absl::FailedPreconditionError(
        absl::StrCat("a truncation to entry ", last.value(), " would take away entry ",
                     committed_.index.value(), ", which is committed"));
  }
  RingPlace place;
  absl::StatusOr<DerivedState> made = DerivedAt(last, &place);
  if (!made.ok()) return made.status();
  DerivedState& derived = *made;
  if (derived.position().chain != chain && !Mutated(Mutant::kChainNotChecked)) {
    return absl::DataLossError(
        absl::StrCat("entry ", last.value(), " is not the leader's: the chain hashes differ"));
  }
  if (next == derived_.position().next_index) return absl::OkStatus();
  ring_.Truncate(place);
  derived_ = std::move(derived);
  counted_end_ = std::min(counted_end_, last);
  trim_entry_ = std::min(trim_entry_, last);
  disk_wanted_ = std::min(disk_wanted_, last);
  flush_wanted_ = std::min(flush_wanted_, last);
  if (memory_only()) return absl::OkStatus();
  derived_.WriteTo(&scratch_);
  checkpointer_.Truncate(place, scratch_);
  return absl::OkStatus();
}

}  // namespace ringjournal
