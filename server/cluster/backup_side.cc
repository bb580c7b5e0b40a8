#include "server/cluster/backup_side.h"

#include <algorithm>

#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kAwayNs = limits::kMemoryRecoveryWaitMs * kMs;
// A leader that is silent for its backups hears nothing of them either: it moves first.
constexpr int64_t kSuspectNs = (limits::kPeerGraceMs + limits::kPeerHeartbeatMs) * kMs;

}  // namespace

BackupSide::BackupSide(JournalContext* context)
    : c_(context),
      leader_(LifeOf(context->config.leader())),
      epoch_(context->epoch()),
      nonce_(context->config_version << 16),
      heard_ns_(context->now.monotonic_ns) {
  v1::ReplicateAck* ack = ack_.mutable_replicate_ack();
  ack->set_journal_id(std::string(context->id.view()));
  ack->set_generation(epoch_.generation);
  ack->set_epoch(epoch_.epoch);
}

// ---- following ----

void BackupSide::SendFollow(PeerConnection* peer) {
  const Replica& replica = *c_->replica;
  Question question{peer->number, replica.derived().position().last().index,
                    replica.derived().position().chain, needs_snapshot_};
  // The same question keeps its nonce: where an answer takes longer than the retry, none would ever
  // be the newest one's.
  if (synced_ || question != asked_) ++nonce_;
  asked_ = question;
  synced_ = false;
  // A leader that has just been chosen may not know it yet.
  follow_retry_ms_ = std::min(2 * follow_retry_ms_ + 2, int64_t{limits::kPeerRetryMs});
  follow_at_ns_ = c_->now.monotonic_ns + follow_retry_ms_ * kMs;
  v1::PeerMessage message;
  v1::Follow* follow = message.mutable_follow();
  follow->set_journal_id(std::string(c_->id.view()));
  follow->set_generation(epoch_.generation);
  follow->set_epoch(epoch_.epoch);
  follow->set_nonce(nonce_);
  follow->set_end_index(replica.derived().position().last().index.value());
  follow->set_chain(replica.derived().position().chain);
  for (const v1::EpochHistory& h : replica.derived().history()) *follow->add_history() = h;
  Marks marks = replica.marks();
  follow->set_durable_index(marks.durable.index.value());
  // Else a leader with a shorter log would never have a state that is late enough.
  follow->set_commit_index(c_->CommitIsOver() ? 0 : marks.committed.index.value());
  follow->set_oldest_index(marks.oldest.index.value());
  follow->set_needs_snapshot(needs_snapshot_);
  c_->links->Send(peer, message);
}

// MUTANT (KIP-101): what lies above the commit is fetched again.
absl::Status BackupSide::CutToCommit(const v1::FollowOk& ok) {
  Index commit = c_->replica->marks().committed.index;
  std::optional<RingPlace> place = c_->replica->ring().Find(commit);
  if (commit >= Index(ok.truncate_to()) || !place.has_value()) {
    return c_->replica->TruncateTo(Index(ok.truncate_to()), ok.chain());
  }
  return c_->replica->TruncateTo(commit, c_->replica->ring().Record(*place).header.chain);
}

absl::Status BackupSide::CutTo(const v1::FollowOk& ok) {
  if (Mutated(Mutant::kNoTruncation)) return absl::OkStatus();
  if (Mutated(Mutant::kTruncatesToCommit) && !ok.has_snapshot()) return CutToCommit(ok);
  if (ok.has_snapshot()) return c_->replica->BeginAnew(ok.snapshot());
  if (needs_snapshot_ && ok.truncate_to() == 0) {  // all of the leader's log follows
    v1::StateSnapshot empty;
    DerivedState().WriteTo(&empty);
    return c_->replica->BeginAnew(empty);
  }
  return c_->replica->TruncateTo(Index(ok.truncate_to()), ok.chain());
}

// The incarnation under which `complete` names what this ring holds. Zero: it does not.
Incarnation BackupSide::NamedLife() const {
  const Ring& ring = c_->replica->ring();
  for (const Incarnation life : {ring.content_incarnation(), ring.claim_incarnation()}) {
    if (Names(c_->config.complete(), {c_->self.node, life})) return life;
  }
  return Incarnation(0);
}

// Where the log begins anew, what it held up to `end` is gone unless the state is of all of it: it
// is the leader's state, and whatever was committed is in the leader's log.
bool BackupSide::TakesAway(const v1::FollowOk& ok, bool anew, Index end) {
  if (!ok.has_snapshot()) return anew && ok.truncate_to() == 0;
  return Index(ok.snapshot().next_index()) <= end || Mutated(Mutant::kStateTakesTheName);
}

void BackupSide::OnFollowOk(PeerConnection* peer, const v1::FollowOk& ok) {
  if (!FromLeader(*peer) || EpochOf(ok) != epoch_) return;
  Heard();
  // An answer to an older question is about another log (a stale FOLLOW_OK).
  if ((synced_ || ok.nonce() != nonce_) && !Mutated(Mutant::kStaleFollowOk)) return;
  // The question may have been asked several times; its other answers are about the log as it was.
  ++nonce_;
  // Its log goes on behind that state: with it the ring can be cut, and keeps what lies below.
  const bool keeps = ok.has_snapshot() && !Mutated(Mutant::kStateBelowCommon);
  if (keeps && c_->replica->TakeOlderState(ok.snapshot())) {
    needs_snapshot_ = false;
    follow_at_ns_ = 0;
    return;
  }
  Index end = c_->replica->derived().position().last().index;
  const Incarnation named = TakesAway(ok, needs_snapshot_, end) ? Incarnation(0) : NamedLife();
  c_->EnterEpoch();
  absl::Status cut = CutTo(ok);
  if (absl::IsNotFound(cut)) {
    needs_snapshot_ = true;
    follow_at_ns_ = 0;
    return;
  }
  if (absl::IsFailedPrecondition(cut)) {
    c_->fatal =
        absl::StrCat("journal ", c_->name(), ": the leader of epoch ", epoch_.epoch, ", ",
                     leader_.node, ", wants to take back what is committed: ", cut.message(),
                     "; stopped so that the evidence is kept");
    return;
  }
  if (!cut.ok()) return GiveUp(cut);
  if (!Mutated(Mutant::kContentNotOwned)) {
    c_->replica->BackupStart(named);
    c_->OwnOrigin();
  }
  synced_ = true;
  needs_snapshot_ = false;
  owes_ack_ = true;
  Index now_end = c_->replica->derived().position().last().index;
  c_->Note("follows ", leader_.node, " in epoch ", epoch_.epoch, " from entry ",
           now_end.value() + 1,
           now_end < end ? absl::StrCat("; ", end - now_end, " entries of an older leader were cut")
                         : "");
}

// Damage or an older mistake, here or there: nothing of it is changed, and nobody is asked again.
void BackupSide::GiveUp(const absl::Status& why) {
  refused_ = true;
  c_->Note(
      "cannot follow ", leader_.node, " in epoch ", epoch_.epoch, ": ", why.message(),
      "; this copy is left as it is: look at it with `ringjournal verify`, or empty this node's "
      "data directory and start it again");
}

void BackupSide::OnReplicate(PeerConnection* peer, const v1::Replicate& head, ByteSpan entries) {
  if (!FromLeader(*peer)) return;
  if (EpochOf(head) > epoch_) c_->wants_config_read = true;
  if (EpochOf(head) != epoch_) return;
  Heard();
  if (!synced_ && !Mutated(Mutant::kTakesUnsynced)) return;
  if (Index(head.first_index()) > c_->replica->derived().position().next_index) {
    synced_ = false;  // something in between is missing: ask again
    follow_at_ns_ = 0;
    return;
  }
  Replica::Taken taken = c_->replica->TakeEntries(entries);
  owes_ack_ = true;
  lease_seq_ = std::max(lease_seq_, head.lease_seq());
  Index committed(head.commit_index());
  if (Mutated(Mutant::kBackupCommitsAll)) committed = c_->replica->marks().end.index;
  c_->replica->AllowCommit(committed);
  if (taken.verdict == Replica::Taken::Verdict::kAll) return;
  // What is missing now would leave a hole: ask again where to go on.
  synced_ = false;
  follow_at_ns_ = c_->now.monotonic_ns + limits::kPeerRetryMs * kMs;
  if (taken.verdict == Replica::Taken::Verdict::kWrong) {
    c_->Note("entries from ", leader_.node, " were refused: ", taken.wrong);
  }
}

// ---- batches ----

void BackupSide::SendAck(PeerConnection* peer) {
  Marks marks = c_->replica->marks();
  v1::ReplicateAck* ack = ack_.mutable_replicate_ack();
  ack->set_end_index(marks.end.index.value());
  ack->set_durable_index(marks.durable.index.value());
  ack->set_commit_index(marks.committed.index.value());
  ack->set_lease_seq(lease_seq_);
  ack->set_leaving(c_->leaving);
  c_->links->Send(peer, ack_);
  owes_ack_ = false;
  acked_durable_ = marks.durable.index;
}

void BackupSide::AfterBatch() {
  PeerConnection* peer = c_->links->FindDialed(leader_.node);
  if (peer == nullptr || peer->life != leader_ || refused_) return;
  int64_t now = c_->now.monotonic_ns;
  // A leader that says nothing has forgotten this backup, or never knew it.
  bool silent = now - heard_ns_ >= limits::kPeerRetryMs * kMs;
  if ((!synced_ || silent) && now >= follow_at_ns_) return SendFollow(peer);
  if (!synced_) return;
  bool durable_moved = c_->replica->marks().durable.index > acked_durable_;
  if (owes_ack_ || durable_moved) SendAck(peer);
}

int64_t BackupSide::deadline_ns() const {
  const int64_t now = c_->now.monotonic_ns;
  int64_t deadline = heard_ns_ + kSuspectNs + 1;
  if (now >= deadline) deadline = heard_ns_ + kAwayNs + 1;
  // Nothing more happens by time alone then: the config is read.
  if (now >= deadline) deadline = INT64_MAX;
  if (refused_ || c_->links->FindDialed(leader_.node) == nullptr) return deadline;
  int64_t silent_at = heard_ns_ + limits::kPeerRetryMs * kMs;
  return std::min(deadline, std::max(follow_at_ns_, synced_ ? silent_at : int64_t{0}));
}

bool BackupSide::IsIdle() const {
  const PeerConnection* peer = c_->links->FindDialed(leader_.node);
  if (peer == nullptr || peer->life != leader_ || refused_ || !synced_ || owes_ack_) return false;
  const bool silent = c_->now.monotonic_ns - heard_ns_ >= limits::kPeerRetryMs * kMs;
  return !silent && c_->replica->marks().durable.index <= acked_durable_;
}

bool BackupSide::suspects_leader() const {
  if (c_->links->IsGone(leader_)) return true;
  return c_->now.monotonic_ns - heard_ns_ > kSuspectNs;
}

// Its process may have nothing to say of this journal: a log that it refuses, for one.
bool BackupSide::leader_is_away() const {
  const int64_t since = c_->now.monotonic_ns - kAwayNs;
  return !refused_ && heard_ns_ < since && !c_->links->HasSaid(leader_, since);
}

}  // namespace ringjournal
