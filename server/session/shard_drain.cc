// The way down: refuse new work, finish what was accepted, close every journal on disk, and say so
// in the config document, so that the next start knows that nothing was lost.
#include <string>

#include "journal/node/refusals.h"
#include "server/config_store/document_edits.h"
#include "server/session/shard.h"

namespace ringjournal {

void Shard::OnDrain() {
  if (draining_) return;  // asked again: everybody has been told
  draining_ = true;
  dismiss_at_ns_ = now_.monotonic_ns + 2 * int64_t{limits::kHandoverWaitMs} * 1000 * 1000;
  stop_ = Stop::kHandingOver;
  FollowHandovers();
}

// First those journals that clients are at go to others, in one change. Those others are left alone
// for a moment then, before they get the rest, of which nobody notices anything, and before this
// node leaves the in-sync sets of what others lead. All that may take until dismiss_at_ns_: a
// config store that does not answer keeps nobody waiting who could be told to go elsewhere.
void Shard::FollowHandovers() {
  while (now_.monotonic_ns < dismiss_at_ns_) {
    HandOverAll();  // also what it has come to lead since
    if (idle_ones_too_ && !HandsOver()) LeaveAll();
    if (HandsOver() || (idle_ones_too_ && Leaves())) {
      stop_ = Stop::kHandingOver;
      rests_until_ns_ = now_.monotonic_ns + int64_t{limits::kStopRestMs} * 1000 * 1000;
      return;
    }
    stop_ = Stop::kResting;
    if (now_.monotonic_ns < rests_until_ns_) return;
    if (idle_ones_too_) break;
    idle_ones_too_ = true;
  }
  DismissSessions();
}

void Shard::LeaveAll() {
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replicated == nullptr) continue;
    if (journal->replicated->Leave()) batch_due_ = true;  // in which it says so
  }
}

// Whose journal was handed over has been told its leader by now, and is gone.
void Shard::DismissSessions() {
  stop_ = Stop::kDismissing;
  idle_ones_too_ = true;
  batch_due_ = true;
  // Not before: the config store's disk may be the same one.
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    journal->replica->RequestCheckpoint();
    journal->dirty = true;
  }
  v1::ErrorReply notice;
  Refuse(v1::ERROR_CODE_SHUTTING_DOWN,
         "the server is shutting down: what was accepted is being finished; connect again soon",
         &notice);
  for (auto& [connection, session] : sessions_) {
    if (session->hello_done && !session->closing) ReplyError(session.get(), 0, notice);
    BeginClosing(session.get());
  }
}

bool Shard::AllSettled() const {
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    if (!journal->replica->settled()) return false;
    if (journal->replicated != nullptr && journal->replicated->reads_disk()) return false;
  }
  return true;
}

// With the last session nothing can be appended any more.
void Shard::FollowDrain() {
  if (!draining_) return;
  if (stop_ <= Stop::kResting) FollowHandovers();
  if (stop_ <= Stop::kResting) return;
  const bool hands_over = HandsOver();
  if (!sessions_.empty() || !changes_.empty()) return;
  if (stop_ == Stop::kDismissing && !hands_over) {
    stop_ = Stop::kHandingOverRest;
    HandOverAll();
  }
  if (stop_ == Stop::kHandingOverRest && !HandsOver()) StopJournals();
  if (stop_ != Stop::kClosing || !AllSettled()) return;
  stop_ = Stop::kMarking;
  PendingChange change;
  change.kind = PendingChange::Kind::kStop;
  change.ready = true;
  changes_.push_back(std::move(change));
  SubmitChange();
}

void Shard::StopJournals() {
  stop_ = Stop::kClosing;
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    if (journal->replicated != nullptr) cluster_->Find(journal->replica->options().id)->Stop();
    journal->replica->Stop();
    journal->dirty = true;
  }
  batch_due_ = true;
}

// A journal for which it is refused starts as after a crash, which is safe.
void Shard::MarkStops(v1::ConfigDocument* next, const std::string& change_id) const {
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr || journal->removed) continue;
    const Replica& replica = *journal->replica;
    Claim leader{replica.options().id, options_.node, options_.incarnation, change_id};
    const LogPosition& end = replica.derived().position();
    StoppedLog log{end.last().index, end.last().lsn, end.chain};
    // Of several copies this one may end in entries that are not committed: no stop in order.
    Watermark committed = replica.marks().committed;
    // Nor where the disk lacks its front, as after a trim that a full disk let run ahead.
    const auto& segments = replica.checkpointer().catalog().segments();
    bool whole =
        segments.empty() || segments.front().first_index <= replica.derived().oldest().index;
    bool in_order = !replica.memory_only() && committed == end.last() && whole;
    (void)(in_order ? MarkOrderlyStop(next, leader, log) : SetCommitHint(next, leader, committed));
  }
}

}  // namespace ringjournal
