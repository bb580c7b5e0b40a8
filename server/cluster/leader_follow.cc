// What a leader answers to a backup that follows: where it keeps its log, or with which state it
// begins anew.
#include <algorithm>

#include "journal/base/mutants.h"
#include "server/cluster/leader_side.h"
#include "server/config_store/document.h"

namespace ringjournal {

// The place of the entry behind `last`, or where it will be; nullopt if the ring does not go back
// so far.
std::optional<RingPlace> LeaderSide::PlaceAfter(Index last) const {
  const Ring& ring = c_->replica->ring();
  if (last.next() == ring.end().index) return ring.end();
  return ring.Find(last.next());
}

// The backup keeps what it has up to `last`. False: this ring does not hold what follows, or cannot
// show that entry's chain hash.
bool LeaderSide::FillContinue(Index last, v1::FollowOk* ok) const {
  const Ring& ring = c_->replica->ring();
  if (!PlaceAfter(last).has_value()) return false;
  ok->set_truncate_to(last.value());
  if (last == Index(0)) return true;
  const LogPosition& end = c_->replica->derived().position();
  if (last == end.last().index) {
    ok->set_chain(end.chain);
    return true;
  }
  std::optional<RingPlace> place = ring.Find(last);
  if (!place.has_value()) return false;
  ok->set_chain(ring.Record(*place).header.chain);
  return true;
}

// The state at the common entry, for a backup that counts and whose ring cannot go back there. It
// may be elected as soon as it follows, so it keeps all that it has up to that entry, entries as
// well as state: none below, which would take back what it had acknowledged, and none above. False:
// this ring cannot go back there either; the backup asks again until it counts no more.
bool LeaderSide::FillStateAt(Index common, v1::FollowOk* ok) const {
  RingPlace behind;
  absl::StatusOr<DerivedState> state = c_->replica->DerivedAt(common, &behind);
  if (!state.ok()) return false;
  state->WriteTo(ok->mutable_snapshot());
  ok->set_truncate_to(common.value());
  ok->set_chain(ok->snapshot().chain());
  return true;
}

// The backup begins anew at a state of this ring: best at one that is committed, so that no later
// leader asks for less. Where nothing of this ring is known to be (after a recovery below min_isr)
// the newest will do: this log is not cut in this epoch. False: the backup says that it has more
// committed than any; it asks again.
bool LeaderSide::FillSnapshot(const v1::Follow& follow, v1::FollowOk* ok) const {
  const Marks marks = c_->replica->marks();
  for (Index last : {marks.committed.index, marks.end.index}) {
    std::optional<v1::StateSnapshot> state = c_->replica->ring().ReadSnapshotAtOrBelow(last.next());
    if (!state.has_value() || state->next_index() <= follow.commit_index()) continue;
    if (!PlaceAfter(Index(state->next_index()).prev()).has_value()) continue;
    ok->set_truncate_to(state->next_index() - 1);
    ok->set_chain(state->chain());
    *ok->mutable_snapshot() = *std::move(state);
    return true;
  }
  c_->replica->OfferSnapshot();
  return false;
}

// A backup whose ring cannot go back to the common point gets the whole log anew, as an empty one
// does: a state snapshot would leave it without the history, which it may have to serve one day.
// Not one that counts, or that would give up what it calls committed.
bool LeaderSide::MayBeginAtFirst(const PeerConnection& peer, const v1::Follow& follow) const {
  return follow.commit_index() == 0 && !set_.Counts(peer.life);
}

// Asked again before the answer was there, which is on its way on this connection: another one
// would send all entries since then again.
bool LeaderSide::IsAnswered(const PeerConnection& peer, const v1::Follow& follow) const {
  if (Mutated(Mutant::kStaleFollowOk)) return false;  // else nearly no answer is an older one's
  const auto it = backups_.find(peer.life);
  return it != backups_.end() && it->second.connection == peer.number &&
         it->second.answered == follow.nonce();
}

void LeaderSide::OnFollow(PeerConnection* peer, const v1::Follow& follow) {
  if (EpochOf(follow) != c_->epoch()) {
    if (EpochOf(follow) > c_->epoch()) c_->wants_config_read = true;
    return;
  }
  if (IsAnswered(*peer, follow)) {
    backups_[peer->life].last_heard_ns = c_->now.monotonic_ns;
    return;
  }
  if (!Names(c_->config.members(), peer->life.node)) return;
  LogOutline theirs{{follow.history().begin(), follow.history().end()}, Index(follow.end_index())};
  std::optional<Index> common = LastCommonEntry(c_->Outline(), theirs);
  if (!common.has_value()) {
    if (!contradicting_.insert(peer->life).second) return;
    c_->Note(
        "the log of ", Text(peer->life), " contradicts this one: one epoch begins at different ",
        "entries; it does not follow: look at that node with `ringjournal verify`, or empty its "
        "data directory and start it again");
    return;
  }
  v1::PeerMessage message;
  v1::FollowOk* ok = message.mutable_follow_ok();
  const bool anew = follow.needs_snapshot();
  const bool may_continue = !anew || MayBeginAtFirst(*peer, follow);
  const Index keeps = anew ? Index(0) : *common;
  bool continues = may_continue && FillContinue(keeps, ok);
  if (!continues && may_continue && BeginCatchUp(peer, follow, keeps)) return;
  const bool counts = set_.Counts(peer->life) && !Mutated(Mutant::kStateBelowCommon);
  bool has_state = !continues && (counts ? FillStateAt(*common, ok) : FillSnapshot(follow, ok));
  if (!continues && !has_state) return;  // it asks again
  SendFollowOk(peer, follow.nonce(), &message);
  Index first(continues && !anew ? follow.oldest_index() : ok->truncate_to() + 1);
  StartSending(peer, first, *PlaceAfter(Index(ok->truncate_to())));
  backups_[peer->life].answered = follow.nonce();
  c_->Note(Text(peer->life), " follows from entry ", ok->truncate_to() + 1,
           continues ? "" : ", with a state snapshot");
}

void LeaderSide::SendFollowOk(PeerConnection* peer, uint64_t nonce,
                              v1::PeerMessage* message) const {
  v1::FollowOk* ok = message->mutable_follow_ok();
  ok->set_journal_id(std::string(c_->id.view()));
  ok->set_generation(c_->epoch().generation);
  ok->set_epoch(c_->epoch().epoch);
  ok->set_nonce(nonce);
  c_->links->Send(peer, *message);
}

void LeaderSide::StartSending(PeerConnection* peer, Index first, const RingPlace& next) {
  Backup* backup = &backups_[peer->life];
  StopCatchUp(backup);
  backup->connection = peer->number;
  backup->first = first;
  backup->next = next;
  backup->in_flight.clear();
  backup->acked_end = next.offset;
  backup->commit_sent = Index(0);
  backup->last_sent_ns = 0;
  backup->last_heard_ns = c_->now.monotonic_ns;
}

}  // namespace ringjournal
