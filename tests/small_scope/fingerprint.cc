// When two worlds are the same: everything that decides what can happen next, and nothing of how
// often something was tried. Clocks appear as what they decide: whether a wait is over.
#include <algorithm>

#include "server/config_store/document.h"
#include "tests/small_scope/openings.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kGraceNs = limits::kPeerGraceMs * kMs;
constexpr int64_t kDeafNs = limits::kPeerDeafMs * kMs;
constexpr int64_t kRetryNs = limits::kPeerRetryMs * kMs;

void PutLife(const NodeLife& life, Hasher* out) {
  out->Put(std::string_view(life.node));
  out->Put(life.incarnation);
}

void PutLives(const std::vector<NodeLife>& lives, Hasher* out) {
  out->Put(lives.size());
  for (const NodeLife& life : lives) PutLife(life, out);
}

}  // namespace

// A connection of node i by its place among those that it has; 0: one that is over.
uint64_t World::NumberOf(uint32_t i, ConnectionNumber connection) const {
  std::vector<Key> wires = WiresTo(i);
  for (size_t b = 0; b < wires.size(); ++b) {
    if (wires[b].second == connection) return b + 1;
  }
  return 0;
}

// What the node asks with now, as the backup of that epoch; 0: it is none.
uint64_t World::NonceOf(uint32_t i, Epoch epoch) const {
  if (!alive(i) || journal(i)->backup() == nullptr) return 0;
  const BackupSide& backup = *journal(i)->backup();
  return BackupEpoch(backup) == epoch ? NonceIn(backup) : 0;
}

void World::PutReplica(uint32_t i, Hasher* out) const {
  const Replica& r = *replica(i);
  const RingControl* control = (*rings_)[i].memory().control();
  out->Put(r.options().epoch);
  out->Put(r.options().config_version);
  out->Put(r.leads());
  out->Put(WantsToLead(r));
  out->Put(r.ring().oldest().index);
  out->Put(r.derived().position().next_index);
  out->Put(r.derived().position().chain);
  out->Put(r.marks().committed.index);
  out->Put(CommitAllowed(r).has_value() ? CommitAllowed(r)->value() + 1 : uint64_t{0});
  out->Put(CountedEnd(r));
  out->Put(control->ends[SealedValue(control->active)].acked_end);
  out->Put(r.ring().generation());
  out->Put(r.ring().content_incarnation());
  out->Put(r.ring().claim_incarnation());
  const auto& snapshots = SnapshotsOf(r.ring());
  bool first_is_newer = snapshots[0].sequence > snapshots[1].sequence;
  for (const auto& s : {snapshots[first_is_newer ? 0 : 1], snapshots[first_is_newer ? 1 : 0]}) {
    out->Put(s.sequence > 0);
    out->Put(s.next_index);
    out->Put(s.offset);
  }
}

void World::PutLeader(uint32_t i, Hasher* out) const {
  const LeaderSide& leader = *journal(i)->leader();
  const int64_t now = nodes_[i].now_ns;
  const InSyncSet& set = SetOf(leader);
  PutLives(set.isr(), out);
  PutLives(PendingOf(set), out);
  PutLives(RestartedOf(set), out);
  PutLives(KnownIsr(leader), out);
  out->Put(set.min_isr());
  for (const auto& [life, progress] : ProgressOf(set)) {
    if (progress.match == Index(0)) continue;
    PutLife(life, out);
    out->Put(progress.match);
  }
  out->Put(InheritedOf(leader));
  out->Put(set.has_pending() ? ProposedAt(leader) : 0);
  for (const NodeLife& life : ContradictingOf(leader)) PutLife(life, out);
  for (const auto& [life, b] : BackupsOf(leader)) {
    PutLife(life, out);
    out->Put(NumberOf(i, b.connection));
    out->Put(b.connection != 0);
    out->Put(b.leaving);
    out->Put(b.next.index);
    out->Put(b.in_flight.size());
    out->Put(b.first);
    out->Put(b.commit_sent);
    out->Put(now - std::max(b.last_heard_ns, StartedAt(leader)) > kGraceNs);
    out->Put(now - std::max(b.match_ns, StartedAt(leader)) > b.lag.StallAbove());
    out->Put(b.next.index.prev() > b.sent_anew_after);
    out->Put(now - b.last_heard_ns > kRetryNs);
    out->Put(now - b.last_heard_ns > kDeafNs);
    out->Put(now < b.add_not_before_ns);
    out->Put(b.drops);
    out->Put(b.catch_up != nullptr);
  }
  out->Put(now - StartedAt(leader) > kGraceNs);
}

void World::PutBackup(uint32_t i, Hasher* out) const {
  const BackupSide& backup = *journal(i)->backup();
  const int64_t now = nodes_[i].now_ns;
  PutLife(backup.leader(), out);
  out->Put(BackupEpoch(backup));
  const auto& asked = AskedOf(backup);
  out->Put(NumberOf(i, asked.connection));
  out->Put(asked.end);
  out->Put(asked.chain);
  out->Put(asked.needs_snapshot);
  out->Put(NonceIn(backup) > 0);
  out->Put(IsSynced(backup));
  out->Put(IsRefused(backup));
  out->Put(NeedsSnapshot(backup));
  out->Put(OwesAck(backup));
  out->Put(backup.suspects_leader());
  out->Put(now - HeardAt(backup) >= kRetryNs);
  out->Put(now >= FollowAt(backup));
}

void World::PutJournal(uint32_t i, Hasher* out) const {
  const ReplicatedJournal& j = *journal(i);
  const JournalContext& c = j.context();
  const int64_t now = nodes_[i].now_ns;
  out->Put(static_cast<int>(c.origin.source));
  out->Put(c.origin.content);
  out->Put(c.origin.claim);
  out->Put(c.origin.committed);
  out->Put(c.config_version);
  out->Put(c.epoch());
  out->Put(RoleEpoch(j));
  out->Put(ElectedOf(j));
  out->Put(j.leads() ? 1 : j.backup() != nullptr ? 2 : 3);
  if (j.leads()) PutLeader(i, out);
  if (j.backup() != nullptr) PutBackup(i, out);
  if (c.config.has_leader()) return;
  out->Put(now - LeaderlessSince(j) > limits::kMemoryRecoveryWaitMs * kMs);
  out->Put(now < DecideAt(j));
  out->Put(now < ProbeAt(*nodes_[i].shard->cluster()));
  for (const auto& [node, answer] : AnswersOf(j)) {
    if (now - answer.at_ns > limits::kProbeFreshMs * kMs) continue;
    out->Put(std::string_view(node));
    out->Put(std::string_view(answer.log.SerializeAsString()));
  }
}

void World::PutLinks(uint32_t i, Hasher* out) const {
  const PeerLinks& links = LinksOf(*nodes_[i].shard->cluster());
  const int64_t now = nodes_[i].now_ns;
  // The wires' order is that of the connections.
  for (const Key& key : WiresTo(i)) {
    auto it = ConnectionsOf(links).find(key.second);
    if (it == ConnectionsOf(links).end()) continue;
    const PeerConnection& peer = *it->second;
    out->Put(NumberOf(i, key.second));
    out->Put(peer.up);
    PutLife(peer.life, out);
    out->Put(!peer.up && now - peer.since_ns > kGraceNs);
  }
  for (const auto& [node, target] : TargetsOf(links)) {
    PutLife(target.life, out);
    out->Put(NumberOf(i, target.connection));
    out->Put(target.connection == 0);
    out->Put(target.refused);
    out->Put(target.connection == 0 && now < target.dial_at_ns);
  }
}

void World::PutWires(uint32_t i, Hasher* out) const {
  for (const Key& key : WiresTo(i)) {
    const Wire& wire = wires_.at(key);
    out->Put(wire.from);
    out->Put(wire.dialed);
    out->Put(wire.from_incarnation);
    out->Put(wire.to_incarnation);
    out->Put(wire.ended);
    auto other = wires_.find(wire.other);
    bool open = other != wires_.end() && other->second.other == key;
    out->Put(open ? NumberOf(wire.from, wire.other.second) : 0);
    out->Put(wire.last_ack);
    out->Put(wire.last_commit);
    out->Put(wire.known_commit);
    out->Put(wire.messages.size());
    for (const Message& m : wire.messages) {
      out->Put(m.digest);
      if (m.kind != Message::Kind::kFollow && m.kind != Message::Kind::kFollowOk) continue;
      uint32_t backup = m.kind == Message::Kind::kFollow ? wire.from : i;
      out->Put(NonceOf(backup, m.epoch) - m.nonce);
    }
  }
}

void World::PutNode(uint32_t i, Hasher* out) const {
  const Node& node = nodes_[i];
  out->Put(node.incarnation);
  out->Put(node.memory_life);
  for (const auto& [incarnation, life] : node.lives) {
    out->Put(incarnation);
    out->Put(life);
  }
  out->Put(alive(i));
  if (!alive(i)) return out->Put(node.remains);
  PutReplica(i, out);
  PutJournal(i, out);
  const Cluster& cluster = *node.shard->cluster();
  const ConfigClient& config = ConfigOf(cluster);
  out->Put(digests_.at(config.version()));
  out->Put(config.version());
  out->Put(CasToken(config).has_value());
  out->Put(SettleToken(config).has_value());
  out->Put(Unsettled(config).value_or(0));
  bool settles = Unsettled(config).has_value() && !CasToken(config).has_value();
  out->Put(settles && node.now_ns < SettleAt(config));
  out->Put(node.now_ns < ProposeNotBefore(cluster));
  out->Put(config.busy() ? ProposersOf(cluster).size() : 0);
  for (const ConfigRequest& request : node.asked) {
    out->Put(request.expected_version);
    out->Put(DigestOf(request.document));
    out->Put(CasToken(config) == request.token);
  }
  for (const ConfigCompletion& done : node.outcomes) {
    out->Put(done.document.version());
    out->Put(CasToken(config) == done.token);
  }
  PutLinks(i, out);
  PutWires(i, out);
}

Digest World::Fingerprint() const {
  Hasher h;
  h.Put(document_.version());
  h.Put(digests_.at(document_.version()));
  for (uint32_t i = 0; i < nodes_.size(); ++i) PutNode(i, &h);
  for (const LateRequest& late : late_) {
    h.Put(late.node);
    h.Put(DigestOf(late.request.document));
  }
  h.Put(truth_->generation());
  h.Put(truth_->committed());
  h.Put(committed_chain_);
  h.Put(client_.node);
  h.Put(client_.open);
  h.Put(client_.refused);
  h.Put(client_.offered);
  h.Put(client_.acked);
  h.Put(client_.sent);
  h.Put(client_.opens);
  h.Put(crashes_);
  h.Put(changes_);
  h.Put(unknowns_);
  h.Put(held_);
  return h.digest();
}

}  // namespace ringjournal::small_scope
