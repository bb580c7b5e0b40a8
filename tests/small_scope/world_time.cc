// Time, which passes on one node after the other, and only where that makes a difference.
#include <algorithm>

#include "journal/base/mutants.h"
#include "server/config_store/document.h"
#include "tests/small_scope/openings.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kRetryNs = limits::kPeerRetryMs * kMs;
// Shorter than the grace time, and two of them longer.
constexpr int64_t kRoundNs = (limits::kPeerGraceMs - limits::kPeerHeartbeatMs) * kMs;
// On a node that asks for logs: until it asks again, and until it waits for nobody.
constexpr int64_t kProbeNs = (limits::kPeerRetryMs + limits::kPeerHeartbeatMs) * kMs;
constexpr int64_t kLongNs = (limits::kMemoryRecoveryWaitMs + limits::kPeerHeartbeatMs) * kMs;
static_assert(2 * kRoundNs > (limits::kPeerGraceMs + limits::kPeerHeartbeatMs) * kMs);
static_assert(2 * kRoundNs > limits::kConfigSettleMs * kMs);
static_assert(2 * kRoundNs > (limits::kPeerRetryMs << 2) * kMs, "two drops of one backup");

}  // namespace

bool World::IsQuiet(uint32_t a, uint32_t b) const {
  bool connected = false;
  for (const auto& [key, wire] : wires_) {
    bool between = (key.first == a && wire.from == b) || (key.first == b && wire.from == a);
    if (!between) continue;
    if (!wire.messages.empty() || wire.ended) return false;
    connected = true;
  }
  return connected;
}

// Who answers a heartbeat before anything else happens.
std::vector<uint32_t> World::HeardBy(uint32_t leader) const {
  std::vector<uint32_t> heard;
  for (uint32_t k = 0; k < nodes_.size(); ++k) {
    if (k != leader && alive(k) && IsQuiet(leader, k)) heard.push_back(k);
  }
  return heard;
}

// Whether the node might ask for a change that could still be made.
bool World::MayAsk(uint32_t i) const {
  return changes_ < scope_.changes && !nodes_[i].shard->cluster()->config_busy();
}

// Something that the node does by time alone, apart from its role's silence.
bool World::HasTimer(uint32_t i) const {
  const Cluster& cluster = *nodes_[i].shard->cluster();
  const ConfigClient& config = ConfigOf(cluster);
  const int64_t now = nodes_[i].now_ns;
  bool settles = Unsettled(config).has_value() && !CasToken(config).has_value() &&
                 !SettleToken(config).has_value();
  if (settles) return true;
  if (MayAsk(i) && now < ProposeNotBefore(cluster)) return true;
  for (const auto& [node, target] : TargetsOf(LinksOf(cluster))) {
    if (target.connection == 0 && now < target.dial_at_ns) return true;
  }
  return false;
}

// A backup whose time passes asks its leader again where to go on, and to be elected if it is in
// sync. Both only where that may lead to something.
bool World::BackupMayPass(uint32_t i) const {
  if (HasTimer(i)) return true;
  const BackupSide& backup = *journal(i)->backup();
  bool questions = QuestionsOf(i) > 0;
  if (!IsSynced(backup)) return !questions && !IsRefused(backup);
  const NodeLife self{NameOf(i), nodes_[i].incarnation};
  const v1::JournalConfig& config = journal(i)->context().config;
  bool in_isr = Names(config.isr(), {self.node, self.incarnation});
#ifdef RINGJOURNAL_MUTANTS
  in_isr = in_isr || Mutated(Mutant::kOutsiderElected);
#endif
  return MayAsk(i) && in_isr && !questions;
}

// A leader whose time passes drops who is silent, or takes one back that it had to wait for.
void World::AddLeaderPasses(uint32_t i, std::vector<Choice>* out) const {
  auto add = [&](uint32_t skip) {
    out->push_back({Choice::Kind::kPass, static_cast<uint8_t>(i), static_cast<uint8_t>(skip)});
  };
  const LeaderSide& leader = *journal(i)->leader();
  const int64_t now = nodes_[i].now_ns;
  bool waits = false;
  for (const auto& [life, b] : BackupsOf(leader)) {
    bool wanted = b.connection != 0 && !SetOf(leader).Contains(life);
    waits = waits || (wanted && (now < b.add_not_before_ns || now - b.last_heard_ns > kRetryNs));
  }
  std::vector<uint32_t> heard = HeardBy(i);
  bool drops = MayAsk(i) && SetOf(leader).isr().size() > std::max<size_t>(1, scope_.min_isr);
  bool silent = false;
  for (const NodeLife& life : SetOf(leader).isr()) {
    uint32_t k = static_cast<uint32_t>(life.node[1] - '1');
    if (k == i) continue;
    bool is_heard = std::find(heard.begin(), heard.end(), k) != heard.end();
    silent = silent || !is_heard;
    if (drops && is_heard) add(k);
  }
  if (HasTimer(i) || (MayAsk(i) && waits) || (drops && silent)) add(i);
}

void World::AddPasses(uint32_t i, std::vector<Choice>* out) const {
  auto add = [&](Choice::Kind kind) {
    out->push_back({kind, static_cast<uint8_t>(i), static_cast<uint8_t>(i)});
  };
  if (journal(i)->leads()) return AddLeaderPasses(i, out);
  if (journal(i)->backup() != nullptr) {
    if (BackupMayPass(i)) add(Choice::Kind::kPass);
    return;
  }
  // Nobody leads: all that time brings is a change of that.
  if (!HasTimer(i) && changes_ >= scope_.changes) return;
  if (QuestionsOf(i) == 0) add(Choice::Kind::kPass);
  bool waited =
      nodes_[i].now_ns - LeaderlessSince(*journal(i)) > limits::kMemoryRecoveryWaitMs * kMs;
  bool may_wait = !waited || QuestionsOf(i) == 0;
  if (journal(i)->wants_probes() && may_wait && changes_ < scope_.changes) {
    add(Choice::Kind::kPassLong);
  }
}

void World::PassLong(uint32_t i) {
  nodes_[i].now_ns += kLongNs;
  Batch(i);
}

void World::Pass(uint32_t i, int skip) {
  if (journal(i)->leads()) return PassAsLeader(i, skip);
  nodes_[i].now_ns += journal(i)->wants_probes() ? kProbeNs : 2 * kRoundNs;
  Batch(i);
}

// A leader's heartbeats are answered, but for those to one backup: so it knows who is silent.
void World::PassAsLeader(uint32_t i, int skip) {
  HeartbeatRound(i, skip);
  if (alive(i)) HeartbeatRound(i, skip);
}

uint32_t World::SenderOf(const Key& key) const {
  auto wire = wires_.find(key);
  return wire == wires_.end() ? 0 : wire->second.from;
}

void World::HeartbeatRound(uint32_t i, int skip) {
  beat_leader_ = static_cast<int>(i);
  heard_ = HeardBy(i);
  std::erase(heard_, static_cast<uint32_t>(skip));
  nodes_[i].now_ns += kRoundNs;
  // The heartbeats leave first, so that nobody is missed who would have answered.
  Step(i, EndOfBatch{});
  while (!beats_.empty()) {
    // By nodes, not by who connected first: two worlds that differ in that alone are one.
    auto first =
        std::min_element(beats_.begin(), beats_.end(), [this](const auto& a, const auto& b) {
          return std::pair(a.first.first, SenderOf(a.first)) <
                 std::pair(b.first.first, SenderOf(b.first));
        });
    auto [key, bytes] = std::move(*first);
    beats_.erase(first);
    StepAndBatch(key.first, Received{key.second, AsBytes(bytes)});
  }
  Batch(i);
  beats_.clear();
  beat_leader_ = -1;
  heard_.clear();
}

}  // namespace ringjournal::small_scope
