// A node's life, and the events that reach its process.
#include "tests/cluster_sim/cluster_node.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal::cluster_sim {

ClusterNode::ClusterNode(const NodeEnvironment& environment, uint32_t number,
                         const NodeClock& clock)
    : env_(environment),
      number_(number),
      name_(absl::StrCat("n", number + 1)),
      clock_(clock),
      machine_(environment.random) {
  // Boots are told apart across machines too.
  machine_.boot[15] = static_cast<uint8_t>(number + 1);
  env_.config->Watch(this, kHintKind, number_);
}

ClusterNode::~ClusterNode() = default;

// ---- life ----

void ClusterNode::StartIn(int64_t in_ns) {
  if (!powered_ || running() || start_planned_) return;
  start_planned_ = true;
  env_.events->ScheduleIn(in_ns, this, kStart, 0);
}

void ClusterNode::EndProcess() {
  ++life_;
  for (auto& [id, truth] : *env_.truths) truth->OnProcessEnd(number_);
  shard_.reset();
  store_.reset();
  env_.network->ProcessGone(number_);
  machine_.EndProcess();
  ends_.clear();
  numbers_.clear();
  journals_.clear();
  ring_answers_.clear();
  in_batch_ = dying_ = write_failed_ = false;
  wake_at_ns_ = drain_ends_ns_ = INT64_MAX;
  paused_until_ns_ = 0;
  crash_.Set(0);
}

bool ClusterNode::Kill(const std::string& why) {
  if (!running()) return false;
  env_.report->Trace(name_, "/", incarnation_.value(), " is killed: ", why);
  EndProcess();
  return true;
}

bool ClusterNode::LoseMachine() {
  if (!powered_) return false;
  env_.report->Trace(name_, " loses its machine's memory");
  if (running()) EndProcess();
  env_.network->SetUp(number_, false);
  machine_.LoseMemory();
  for (auto& [id, truth] : *env_.truths) ++truth->wear(number_)->memory_life;
  powered_ = false;
  return true;
}

void ClusterNode::PowerOn() {
  if (powered_) return;
  powered_ = true;
  env_.network->SetUp(number_, true);
}

void ClusterNode::LoseDisk() {
  RJ_CHECK(!powered_);
  env_.report->Trace(name_, " loses its disk");
  disk_is_known_ = false;
  for (auto& [id, truth] : *env_.truths) {
    machine_.disk.RemoveJournal(id);
    ++truth->wear(number_)->disk_life;
  }
}

void ClusterNode::DamageRings() {
  RJ_CHECK(!running());
  for (auto& [id, truth] : *env_.truths) {
    ++truth->wear(number_)->memory_life;
    env_.report->Trace(name_, ": memory is damaged: ", machine_.DamageRing(id));
  }
}

void ClusterNode::DamageTails() {
  RJ_CHECK(!running());
  for (auto& [id, truth] : *env_.truths) {
    TestRingMemory* ring = machine_.rings.Find(id);
    if (ring == nullptr) continue;
    ++truth->wear(number_)->memory_life;
    const RingMemory& memory = ring->memory();
    const uint64_t end = memory.control()->ends[memory.control()->active & 1].end;
    if (end < 8) continue;
    env_.report->Trace(name_, ": the newest record in memory is damaged");
    memory.data[(end - 8) & (memory.data_bytes - 1)] ^= std::byte{0x10};
  }
}

bool ClusterNode::PauseUntil(int64_t until_ns, bool suspended) {
  if (!running() || until_ns <= paused_until_ns_) return false;
  env_.report->Trace(name_, suspended ? " is suspended for " : " is paused for ",
                     (until_ns - env_.events->now_ns()) / kMs, " ms");
  paused_until_ns_ = until_ns;
  still_until_ns_ = until_ns;
  return true;
}

bool ClusterNode::Drain() {
  if (!serving()) return false;
  env_.report->Trace(name_, " is told to drain");
  drain_ends_ns_ = std::min(drain_ends_ns_, env_.events->now_ns() + kDrainTimeoutNs);
  OnEvent(kDrain, Arg());
  return true;
}

bool ClusterNode::WantsToEnd() const {
  if (!serving()) return false;
  return shard_->drained() || env_.events->now_ns() >= drain_ends_ns_;
}

bool ClusterNode::leads_any() const {
  if (shard_ == nullptr) return false;
  for (const auto& journal : shard_->journals()) {
    if (journal != nullptr && journal->replica != nullptr && journal->replica->leads()) return true;
  }
  return false;
}

const Replica* ClusterNode::FindReplica(const JournalId& id) const {
  if (shard_ == nullptr) return nullptr;
  for (const auto& journal : shard_->journals()) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    if (journal->replica->options().id == id) return journal->replica.get();
  }
  return nullptr;
}

// ---- events ----

// What comes while the process stands still reaches it afterwards, in the same order.
bool ClusterNode::DeferWhilePaused(uint32_t kind, uint64_t arg) {
  if (!paused()) return false;
  const bool last = kind == kTurn && wakes_to_all_;
  if (last) wake_at_ns_ = paused_until_ns_ + kUs;
  env_.events->Schedule(last ? wake_at_ns_ : paused_until_ns_, this, kind, arg);
  return true;
}

void ClusterNode::OnEvent(uint32_t kind, uint64_t arg) {
  if (kind == kStart) {
    start_planned_ = false;
    if (powered_ && !running()) StartProcess();
    return;
  }
  if (kind == kHintKind) arg = Arg();
  if (!running() || arg != Arg() || DeferWhilePaused(kind, arg)) return;
  switch (kind) {
    case kTurn:
      if (wake_at_ns_ > env_.events->now_ns()) return;  // an earlier plan
      wake_at_ns_ = INT64_MAX;
      in_batch_ = false;
      return Step(EndOfBatch{});
    case kDisk:
      if (std::optional<sim::SimDisk::Answer> answer = machine_.disk.CompleteOne()) {
        const uint64_t life = life_;
        write_failed_ = answer->done.result == -EIO;
        Step(StorageAnswer{answer->journal, answer->done});
        if (life == life_) write_failed_ = false;
      }
      return;
    case kRing: {
      if (ring_answers_.empty()) return;
      RingAnswer answer = std::move(ring_answers_.front());
      ring_answers_.erase(ring_answers_.begin());
      return Step(answer);
    }
    case kConfig:
      return OnConfigReady();
    case kRegisterAgain:
      return Register();
    case kDrain:
      return Step(DrainRequested{});
    case kHintKind:
      if (serving()) TakeHint(env_.config->told());
      return;
  }
}

void ClusterNode::TakeHint(const v1::ConfigDocument* told) {
  if (told == nullptr) return Step(ConfigHint{});
  env_.report->Trace(name_, "/", incarnation_.value(), ": told of version ", told->version());
  Step(ConfigHint{*told});
}

void ClusterNode::OnConfigReady() {
  std::vector<ConfigCompletion> done;
  store_->Poll(Now(), &done);
  const uint64_t life = life_;
  for (ConfigCompletion& completion : done) {
    if (life != life_) return;
    if (!serving()) {
      TakeRegistration(std::move(completion));
      continue;
    }
    bool was_cas = completion.kind == ConfigRequest::Kind::kCas;
    env_.report->Trace(name_, "/", incarnation_.value(), ": ", was_cas ? "cas" : "read", " is ",
                       ConfigOutcomeText(completion.outcome), ", version ",
                       completion.document.version());
    if (was_cas) env_.on_moment(this, Moment::kCasAnswered);
    Step(ConfigAnswer{std::move(completion)});
  }
}

void ClusterNode::Step(const ShardEvent& event) {
  if (shard_ == nullptr) return;
  effects_.Clear();
  effects_.fatal.clear();
  ++counts_.steps;
  env_.report->Mix(static_cast<uint64_t>(env_.events->now_ns()));
  bool ends_batch = std::holds_alternative<EndOfBatch>(event);
  counts_.turns += ends_batch ? 1 : 0;
  shard_->Step(event, Now(), &effects_);
  ObserveReplicas();
  if (ends_batch) laggard_audit_.Look(name_, *shard_, env_.report);
  if (env_.report->failed()) return;
  if (!effects_.fatal.empty()) return StopItself();
  if (!Carry(effects_)) {
    Kill("at a boundary between two effects");
    return;
  }
  in_batch_ = in_batch_ || !ends_batch;
  ScheduleTurn();
}

void ClusterNode::ObserveReplicas() {
  for (const ShardEffects::Release& release : effects_.releases) {
    env_.report->Trace(name_, "/", incarnation_.value(), " has given up a replica");
    auto truth = env_.truths->find(release.id);
    if (truth != env_.truths->end()) truth->second->OnRetired(number_);
  }
  for (const std::string& note : effects_.notes) {
    env_.report->Trace(name_, "/", incarnation_.value(), ": ", note);
  }
  for (const auto& journal : shard_->journals()) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    auto truth = env_.truths->find(journal->replica->options().id);
    if (truth == env_.truths->end()) continue;
    const uint64_t leaders = truth->second->leaders();
    truth->second->Observe(number_, incarnation_, *journal->replica, shard_->cluster()->document());
    truth->second->CheckDiskAfterCut(number_, &machine_.disk);
    if (truth->second->leaders() == leaders) continue;
    env_.on_moment(this, Moment::kLeads);
  }
}

// At the answer that a write has failed; for any other reason it is evidence of a broken promise.
void ClusterNode::StopItself() {
  if (!write_failed_) {
    env_.report->Violation("fatal: ", name_, " stops itself: ", effects_.fatal);
    return;
  }
  Kill(absl::StrCat("it stops itself: ", effects_.fatal));
}

void ClusterNode::ScheduleTurn() {
  const int64_t now = env_.events->now_ns();
  if (in_batch_ || shard_->has_more_to_read()) {
    return Wake(now + 2 * kUs + static_cast<int64_t>(env_.random->Skewed(40 * kUs)));
  }
  const int64_t deadline = shard_->deadline_ns();
  if (deadline == INT64_MAX) return;
  // One that is due again at once and has done nothing has not done what it woke up for. (A
  // catch-up from segments goes on like that, a piece in each turn.)
  const bool idle = effects_.sends.empty() && effects_.storage.empty();
  if (idle && clock_.WhenLocal(deadline) <= now) ++counts_.spins;
  Wake(std::max(clock_.WhenLocal(deadline), now + kUs));
}

void ClusterNode::Wake(int64_t at_ns) {
  if (at_ns >= wake_at_ns_) return;
  wake_at_ns_ = at_ns;
  env_.events->Schedule(at_ns, this, kTurn, Arg());
}

// ---- connections ----

ConnectionNumber ClusterNode::NumberOf(EndNumber end) {
  auto it = numbers_.find(end);
  return it == numbers_.end() ? 0 : it->second;
}

EndNumber ClusterNode::EndOf(ConnectionNumber number) const {
  auto it = ends_.find(number);
  return it == ends_.end() ? kNoEnd : it->second;
}

void ClusterNode::Forget(ConnectionNumber number) {
  auto it = ends_.find(number);
  if (it == ends_.end()) return;
  numbers_.erase(it->second);
  ends_.erase(it);
}

void ClusterNode::OnAccepted(EndNumber end, bool peer) {
  ConnectionNumber number = next_connection_++;
  ends_[number] = end;
  numbers_[end] = number;
  peer ? Step(PeerAccepted{number}) : Step(Accepted{number});
}

void ClusterNode::OnDialed(EndNumber end, int error) {
  ConnectionNumber number = NumberOf(end);
  if (number == 0) return;
  if (error != 0) Forget(number);
  Step(Dialed{number, error});
}

void ClusterNode::OnBytes(EndNumber end, ByteSpan bytes) {
  if (ConnectionNumber number = NumberOf(end)) Step(Received{number, bytes});
}

void ClusterNode::OnEnded(EndNumber end, int error) {
  if (ConnectionNumber number = NumberOf(end)) Step(ReceiveEnded{number, error});
}

void ClusterNode::OnQueue(EndNumber end, uint64_t queued_bytes) {
  if (ConnectionNumber number = NumberOf(end)) Step(SendQueue{number, queued_bytes});
}

}  // namespace ringjournal::cluster_sim
