// The leader's side of a catch-up from segments: when it begins, what is sent, and when the ring
// takes over.
#include <algorithm>

#include "journal/base/limits.h"
#include "server/cluster/leader_side.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

// False: the segments do not hold what the backup lacks. True: it is answered once its first
// entries have been read, or asks again.
bool LeaderSide::BeginCatchUp(PeerConnection* peer, const v1::Follow& follow, Index keeps) {
  if (c_->replica->memory_only()) return false;
  Backup* backup = &backups_[peer->life];
  // The entry that it keeps must be there, too: it shows the chain hash.
  if (backup->segments_fail || std::max(keeps, Index(1)) < FirstHeld(*c_->replica)) return false;
  backup->last_heard_ns = c_->now.monotonic_ns;
  CatchUp* running = backup->catch_up.get();
  if (running != nullptr && backup->connection == peer->number && !running->answered() &&
      running->request().keeps == keeps) {
    running->set_nonce(follow.nonce());
    return true;
  }
  StopCatchUp(backup);
  backup->connection = 0;
  backup->answered = 0;
  // While others have the seats, it hears that its leader lives.
  c_->links->SendReplicate(peer, Head(keeps.next()), {});
  if (!c_->seats->free()) return true;
  Index oldest = follow.needs_snapshot() ? Index(1) : Index(follow.oldest_index());
  CatchUp::Request request{follow.nonce(), keeps, oldest};
  backup->catch_up = std::make_unique<CatchUp>(request, c_->NextToken(), c_->seats);
  backup->progress_ns = c_->now.monotonic_ns;
  backup->connection = peer->number;
  backup->in_flight.clear();
  backup->commit_sent = Index(0);
  backup->last_sent_ns = c_->now.monotonic_ns;
  return true;
}

void LeaderSide::StopCatchUp(Backup* backup) {
  if (backup->catch_up != nullptr) c_->Bury(std::move(backup->catch_up));
}

void LeaderSide::AnswerFromSegments(PeerConnection* peer, Backup* backup) {
  CatchUp* catch_up = backup->catch_up.get();
  const CatchUp::Request& request = catch_up->request();
  v1::PeerMessage message;
  v1::FollowOk* ok = message.mutable_follow_ok();
  ok->set_truncate_to(request.keeps.value());
  ok->set_chain(catch_up->chain());
  SendFollowOk(peer, request.nonce, &message);
  catch_up->set_answered();
  backup->answered = request.nonce;
  backup->first = request.oldest;
  c_->Note(Text(peer->life), " follows from entry ", request.keeps.value() + 1,
           ", from the segments");
}

// Its ring holds what it has not on disk yet, as well as what readers like.
uint64_t LeaderSide::CatchUpWindow() const {
  return std::min<uint64_t>(limits::kReplicateWindowBytes, c_->replica->ring().data_bytes() / 4);
}

bool LeaderSide::MaySend(const PeerConnection& peer, const CatchUp& catch_up) const {
  return peer.queued_bytes < limits::kPeerSendQueueBytesMax &&
         catch_up.unsafe_bytes() < CatchUpWindow();
}

// What one Step reads is sent before more is read: effects name the buffer until the next Step.
bool LeaderSide::SendFromSegments(PeerConnection* peer, Backup* backup) {
  CatchUp* catch_up = backup->catch_up.get();
  if (!catch_up->knows_chain()) return false;
  if (!catch_up->answered()) AnswerFromSegments(peer, backup);
  bool sent = false;
  size_t piece = std::min<uint64_t>(limits::kReplicateBytesMax, CatchUpWindow());
  while (!catch_up->rest().empty() && MaySend(*peer, *catch_up)) {
    const v1::Replicate& head = Head(catch_up->next());
    c_->links->SendReplicate(peer, head, catch_up->Take(piece));
    backup->sent_in_step = c_->links->step();
    sent = true;
  }
  return sent;
}

void LeaderSide::EndCatchUp(PeerConnection* peer, Backup* backup) {
  const CatchUp& catch_up = *backup->catch_up;
  // Trimmed while it was read: what is left may still be. Else the disk lacks it for good.
  bool trimmed = catch_up.next() < FirstHeld(*c_->replica);
  backup->segments_fail = !trimmed;
  c_->Note("the segments here do not bring ", Text(peer->life), " up to date: ", catch_up.wrong(),
           trimmed ? "; it asks again" : "; it gets a state snapshot instead");
  StopCatchUp(backup);
  backup->connection = 0;  // hearing nothing, it follows again
}

void LeaderSide::CatchUpTurn(PeerConnection* peer, Backup* backup) {
  CatchUp* catch_up = backup->catch_up.get();
  // A backup whose disk takes nothing any more must not keep a seat that others wait for.
  if (c_->now.monotonic_ns - backup->progress_ns > limits::kCatchUpStallMs * kMs) {
    c_->Note(Text(peer->life), " has not got on for ", limits::kCatchUpStallMs,
             " ms: its catch-up ends, and begins again when it asks");
    StopCatchUp(backup);
    backup->connection = 0;
    return;
  }
  bool sent = SendFromSegments(peer, backup);
  std::optional<RingPlace> place;
  if (catch_up->answered() && catch_up->rest().empty()) {
    place = PlaceAfter(catch_up->next().prev());
  }
  if (place.has_value()) {
    c_->Note(Text(peer->life), " goes on from the ring at entry ", place->index.value());
    StopCatchUp(backup);
    backup->next = *place;
    backup->acked_end = place->offset;
    return SendEntries(peer, backup);
  }
  if (catch_up->may_read() && MaySend(*peer, *catch_up) &&
      backup->sent_in_step != c_->links->step()) {
    catch_up->Read(*c_->replica, &c_->storage);
    if (!catch_up->wrong().empty()) return EndCatchUp(peer, backup);
    sent = SendFromSegments(peer, backup) || sent;
  }
  bool due = c_->now.monotonic_ns - backup->last_sent_ns >= limits::kPeerHeartbeatMs * kMs;
  if (!sent && !due) return;
  if (!sent) c_->links->SendReplicate(peer, Head(catch_up->next()), {});
  backup->last_sent_ns = c_->now.monotonic_ns;
}

// More can be read or sent at once: nothing else would wake this node for it.
bool LeaderSide::CatchUpIsDue(const Backup& backup) const {
  if (backup.catch_up == nullptr || !backup.catch_up->goes_on()) return false;
  const PeerConnection* peer = c_->links->Find(backup.connection);
  return peer != nullptr && MaySend(*peer, *backup.catch_up);
}

bool LeaderSide::waits_for_disk() const {
  return std::any_of(backups_.begin(), backups_.end(), [](const auto& named) {
    return named.second.catch_up != nullptr && named.second.catch_up->waits_for_disk();
  });
}

bool LeaderSide::OnStorageDone(const StorageDone& done) {
  for (auto& [life, backup] : backups_) {
    if (backup.catch_up == nullptr || backup.catch_up->token() != done.token) continue;
    backup.catch_up->OnStorageDone(done);
    return true;
  }
  return false;
}

}  // namespace ringjournal
