#include "server/cluster/leader_side.h"

#include <algorithm>

#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

std::vector<NodeLife> Lives(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set) {
  std::vector<NodeLife> lives;
  for (const v1::ReplicaId& id : set) lives.push_back(LifeOf(id));
  return lives;
}

}  // namespace

LeaderSide::LeaderSide(JournalContext* context)
    : c_(context),
      set_(context->self, Lives(context->config.isr()), Lives(context->config.complete()),
           context->config.min_isr()),
      started_ns_(context->now.monotonic_ns),
      known_isr_(set_.isr()) {
  head_.set_journal_id(std::string(context->id.view()));
  head_.set_generation(context->epoch().generation);
  head_.set_epoch(context->epoch().epoch);
  bool alone = set_.isr().size() == 1 && set_.Restarted() == nullptr;
  if (alone) inherited_ = context->replica->derived().position().last().index;
  NoteLearners();
}

LeaderSide::~LeaderSide() {
  for (auto& [life, backup] : backups_) StopCatchUp(&backup);
}

void LeaderSide::OnConfig() {
  // Until a newer version is known, what was proposed may still come true.
  const bool newer = c_->config_version > proposed_at_version_;
  if (set_.has_pending() && !newer && !Mutated(Mutant::kSameVersionSettles)) return;
  std::vector<NodeLife> isr = Lives(c_->config.isr());
  for (const NodeLife& life : known_isr_) {
    if (std::find(isr.begin(), isr.end(), life) != isr.end()) continue;
    bool left = life.node == leaving_ || !Names(c_->config.members(), life.node);
    if (left && Mutated(Mutant::kRemovedStaysCounted)) {
      isr.push_back(life);
      continue;
    }
    Backup* backup = &backups_[life];
    backup->drops = std::min(backup->drops + 1, limits::kPeerBackOffDoublingsMax);
    backup->add_not_before_ns =
        c_->now.monotonic_ns + (limits::kPeerRetryMs * kMs << backup->drops);
    if (!backup->leaving) continue;
    backup->connection = 0;  // it takes no more, and waits for the news
    StopCatchUp(backup);
    c_->tells_peers = true;
  }
  for (const NodeLife& life : isr) {
    bool is_new = std::find(known_isr_.begin(), known_isr_.end(), life) == known_isr_.end();
    if (!is_new) continue;
    Backup& b = backups_[life];
    b.last_heard_ns = b.progress_ns = b.match_ns = c_->now.monotonic_ns;
  }
  set_.SetIsr(isr, Lives(c_->config.complete()), c_->config.min_isr());
  known_isr_ = std::move(isr);
  ForgetOlderLives();
  NoteLearners();
}

// Of a node that starts again and again only its newest life can come back. What a member that was
// removed had acknowledged says nothing of what it has once it is added again.
void LeaderSide::ForgetOlderLives() {
  for (auto it = backups_.begin(); it != backups_.end();) {
    auto next = std::next(it);
    bool newer = next != backups_.end() && next->first.node == it->first.node;
    bool over = newer && it->second.connection == 0;
    over |= !Names(c_->config.members(), it->first.node) && !Mutated(Mutant::kOldMembershipCounts);
    if (over && !set_.Counts(it->first)) {
      StopCatchUp(&it->second);
      set_.Forget(it->first);
      backups_.erase(it);
    }
    it = next;
  }
}

void LeaderSide::Propose(const IsrChange& change) {
  std::vector<NodeLife> isr = set_.isr();
  if (change.kind == IsrChange::Kind::kAdd) isr.push_back(change.backup);
  if (change.kind == IsrChange::Kind::kDrop) std::erase(isr, change.backup);
  proposed_at_version_ = c_->config_version;
  proposed_ = change;
  ++proposals_;
  set_.Propose(std::move(isr));
}

// ---- backups ----

void LeaderSide::OnAck(PeerConnection* peer, const v1::ReplicateAck& ack) {
  if (EpochOf(ack) > c_->epoch()) c_->wants_config_read = true;
  // Another epoch's acknowledgement is about another log.
  if (EpochOf(ack) != c_->epoch() && !Mutated(Mutant::kAckOfAnotherEpoch)) return;
  auto it = backups_.find(peer->life);
  if (Mutated(Mutant::kAckOfAnotherEpoch)) it = backups_.try_emplace(peer->life).first;
  bool follows = it != backups_.end() && it->second.connection == peer->number;
  if (!follows && !Mutated(Mutant::kAckOfAnotherEpoch)) return;
  Backup* backup = &it->second;
  backup->last_heard_ns = c_->now.monotonic_ns;
  backup->leaving = ack.leaving();
  Index end = c_->replica->derived().position().last().index;
  const NodeLife* life = &it->first;
  if (Mutated(Mutant::kAckOfAnotherLife)) {
    for (const NodeLife& member : set_.isr()) life = member.node == life->node ? &member : life;
  }
  Index match = std::min(Index(ack.end_index()), end);
  Index durable = std::min(Index(ack.durable_index()), end);
  if (match > set_.MatchOf(*life) || durable > set_.DurableOf(*life)) {
    backup->progress_ns = c_->now.monotonic_ns;
  }
  if (match > set_.MatchOf(*life)) backup->match_ns = c_->now.monotonic_ns;
  set_.Acknowledge(*life, match, durable);
  set_.AcknowledgeRound(*life, ack.lease_seq());
  if (backup->catch_up != nullptr) backup->catch_up->OnDurable(Index(ack.durable_index()));
  while (!backup->in_flight.empty() && backup->in_flight.front().last <= Index(ack.end_index())) {
    backup->acked_end = backup->in_flight.front().end;
    backup->lag.AddAge(c_->now.monotonic_ns - backup->in_flight.front().at_ns);
    backup->in_flight.pop_front();
  }
}

void LeaderSide::OnDown(const PeerConnection& peer) {
  auto it = backups_.find(peer.life);
  if (it == backups_.end() || it->second.connection != peer.number) return;
  it->second.connection = 0;
  StopCatchUp(&it->second);
}

// ---- batches ----

void LeaderSide::BeforeBatch() {
  Index end = c_->replica->derived().position().last().index;
  c_->replica->AllowCommit(std::max(set_.Committed(end), inherited_));
  bool degraded = set_.FewestInSync() < c_->config.target_copies();
  marks_.members = static_cast<uint32_t>(c_->config.members_size());
  marks_.disk_for_replicated = degraded &&
                               c_->config.degraded_policy() == v1::DEGRADED_POLICY_DISK &&
                               !Mutated(Mutant::kDegradedIgnored);
  marks_.blocked = degraded && c_->config.degraded_policy() == v1::DEGRADED_POLICY_BLOCK &&
                   !Mutated(Mutant::kBlockIgnored);
  marks_.backups.clear();
  std::string_view counted;
  for (auto& [life, backup] : backups_) {
    if (set_.MatchOf(life) >= end) backup.progress_ns = backup.match_ns = c_->now.monotonic_ns;
    bool has_left = life.node == leaving_ && !set_.Counts(life);
    if (has_left && !Mutated(Mutant::kLeavingDiskCounts)) continue;
    // One copy for each node: lives are in order, and the newest counts.
    if (life.node == counted && !Mutated(Mutant::kTwoLivesTwoDisks)) marks_.backups.pop_back();
    counted = life.node;
    marks_.backups.push_back({backup.first, set_.MatchOf(life), DurableOf(life)});
  }
  c_->replica->SetReplicationMarks(marks_);
}

bool LeaderSide::serving() const {
  Index start = c_->replica->epoch_start();
  if (Mutated(Mutant::kServesBeforeEpochStart)) return c_->replica->leads();
  return c_->replica->leads() && start > Index(0) && c_->replica->marks().committed.index >= start;
}

const v1::Replicate& LeaderSide::Head(Index first) {
  head_.set_commit_index(c_->replica->marks().committed.index.value());
  head_.set_lease_seq(lease_seq_);
  head_.set_first_index(first.value());
  return head_;
}

// Whole records, at most kReplicateBytesMax of them but always one.
void LeaderSide::SendRun(PeerConnection* peer, Backup* backup) {
  const Ring& ring = c_->replica->ring();
  // Once only for what it has: one that comes and goes and gets no further holds everybody up.
  if (backup->in_flight.empty() && backup->next.index.prev() > backup->sent_anew_after) {
    backup->sent_anew_after = backup->next.index.prev();
    backup->match_ns = c_->now.monotonic_ns;
  }
  RingPlace to = ring.end();
  if (to.offset - backup->next.offset > limits::kReplicateBytesMax) {
    to = ring.Next(backup->next);
    while (to.index < ring.end().index) {
      RingPlace further = ring.Next(to);
      if (further.offset - backup->next.offset > limits::kReplicateBytesMax) break;
      to = further;
    }
  }
  c_->links->SendReplicate(peer, Head(backup->next.index),
                           ring.Bytes(backup->next.offset, to.offset));
  backup->in_flight.push_back({to.index.prev(), to.offset, c_->now.monotonic_ns});
  backup->next = to;
}

void LeaderSide::SendEntries(PeerConnection* peer, Backup* backup) {
  const Ring& ring = c_->replica->ring();
  Index committed = c_->replica->marks().committed.index;
  bool sent = false;
  while (backup->next.index < ring.end().index &&
         peer->queued_bytes < limits::kPeerSendQueueBytesMax &&
         backup->next.offset - backup->acked_end < limits::kReplicateWindowBytes) {
    SendRun(peer, backup);
    sent = true;
  }
  bool due = c_->now.monotonic_ns - backup->last_sent_ns >= limits::kPeerHeartbeatMs * kMs;
  bool news =
      committed > backup->commit_sent && peer->queued_bytes < limits::kPeerSendQueueBytesMax;
  if (!sent && !due && !news && !round_wanted_) return;
  if (!sent) c_->links->SendReplicate(peer, Head(backup->next.index), {});
  backup->commit_sent = committed;
  backup->last_sent_ns = c_->now.monotonic_ns;
}

// What is said to it then would be heard, perhaps, by one whose answers are lost: where that goes
// for all, with the config store's, this leader can neither commit nor drop anybody, and as long as
// they hear it nobody else would lead. Who is silent is asked for its log again, so both begin anew
// once anything gets through.
bool LeaderSide::HearsNothingOf(const Backup& backup) const {
  const int64_t silent_ns = c_->now.monotonic_ns - backup.last_heard_ns;
  return silent_ns > limits::kPeerDeafMs * kMs && !Mutated(Mutant::kDeafGoesOn);
}

void LeaderSide::AfterBatch() {
  ++lease_seq_;
  for (auto& [life, backup] : backups_) {
    if (backup.connection == 0) continue;
    PeerConnection* peer = c_->links->Find(backup.connection);
    // What it needs next is no longer in the ring: hearing nothing, it follows again.
    bool too_slow =
        backup.catch_up == nullptr && backup.next.offset < c_->replica->ring().oldest().offset;
    if (peer == nullptr || too_slow) {
      backup.connection = 0;
      StopCatchUp(&backup);
    } else if (backup.catch_up != nullptr) {
      CatchUpTurn(peer, &backup);
    } else if (!HearsNothingOf(backup)) {
      SendEntries(peer, &backup);
    }
  }
  round_wanted_ = false;
  LookForLaggards();
}

int64_t LeaderSide::deadline_ns() const {
  int64_t deadline = INT64_MAX;
  for (const auto& [life, backup] : backups_) {
    if (backup.connection != 0) {
      if (!HearsNothingOf(backup)) {
        deadline = std::min(deadline, backup.last_sent_ns + limits::kPeerHeartbeatMs * kMs);
      }
      if (CatchUpIsDue(backup)) deadline = std::min(deadline, c_->now.monotonic_ns);
    }
  }
  for (const NodeLife& life : set_.isr()) {
    if (life == c_->self) continue;
    auto it = backups_.find(life);
    int64_t heard = it == backups_.end() ? started_ns_ : it->second.last_heard_ns;
    // Once it is over, what follows depends on others: nothing happens by time alone.
    int64_t over = std::max(heard, started_ns_) + limits::kPeerGraceMs * kMs + 1;
    if (over > c_->now.monotonic_ns) deadline = std::min(deadline, over);
  }
  return deadline;
}

}  // namespace ringjournal
