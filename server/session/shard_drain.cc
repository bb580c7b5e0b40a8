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
  HandOverAll();
  if (!HandsOver()) DismissSessions();
}

// Whose journal was handed over has been told its leader by now, and is gone.
void Shard::DismissSessions() {
  stop_ = Stop::kDismissing;
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
  const bool hands_over = HandsOver();
  // A config store that does not answer keeps nobody waiting who could be told to go elsewhere.
  const bool waits = hands_over && now_.monotonic_ns < dismiss_at_ns_;
  if (stop_ == Stop::kHandingOver && !waits) DismissSessions();
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
