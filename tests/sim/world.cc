#include "tests/sim/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "tests/sim/world_state.h"

namespace ringjournal::sim {
namespace {

// After the last crash everything is answered within this virtual time.
constexpr int64_t kHealNs = 120 * kSecond;
constexpr uint64_t kTurnsMax = 400'000;
// Beside the peers: the config store and memory; the disk, twice as often.
constexpr uint64_t kMachineActs = 3;

}  // namespace

Plan::Plan(Random* r) {
  settings.set_ring_bytes(limits::kRingBytesMin << r->Below(3));
  settings.set_segment_bytes(limits::kSegmentBytesMin);
  settings.set_checkpoint_bytes(4096 << r->Below(5));
  settings.set_checkpoint_interval_ms(static_cast<uint32_t>(r->Between(1, 20)));
  settings.set_producers_max(static_cast<uint32_t>(r->Between(4, 20)));
  settings.set_memory_only(r->Chance(10));
  if (r->Chance(25)) settings.set_retention_bytes(limits::kMiB);
  appenders = static_cast<uint32_t>(r->Between(1, 3));
  tail_readers = static_cast<uint32_t>(r->Between(0, 2));
  payload_bytes_max = r->Chance(30) ? 200 : r->Chance(50) ? 3000 : 12000;
  kill_percent = r->Chance(20) ? 100 : 55;
  damage_percent = r->Chance(60) ? 25 : 0;
  cuts_connections = r->Chance(60);
  fills_disk = r->Chance(30);
  fails_writes = r->Chance(20);
  moves_clock = r->Chance(30);
  drains = r->Chance(30);
  restores_images = r->Chance(20);
  disk_damage_percent = r->Chance(20) ? 30 : 0;
  boundaries_max = r->Chance(50) ? 150 : 800;
}

World::World(const RunOptions& options)
    : options_(options),
      random_(options.seed),
      report_(options.tracing),
      machine_(&random_),
      plan_(&random_) {
  bool needs_memory_only =
      options.mutant == Mutant::kForgetsAckedEnd || options.mutant == Mutant::kServesChangedMemory;
  if (needs_memory_only) {  // else the disk gives the mutant away
    plan_.settings.set_memory_only(true);
    plan_.settings.clear_retention_bytes();
    plan_.kill_percent = 100;
    plan_.damage_percent = 0;
  }
  bool needs_stops =
      options.mutant == Mutant::kKeepsOrderlyStop || options.mutant == Mutant::kForgetsOrderlyStop;
  if (needs_stops) {
    plan_.drains = true;
    plan_.settings.set_memory_only(false);
    plan_.kill_percent = 0;
  }
  PeerContext context{&random_, &report_, options.mutant, &links_, &next_connection_, &models_};
  operator_ = std::make_unique<OperatorPeer>(context, kJournal, plan_.settings);
  peers_.push_back(operator_.get());
}

NodeContext World::MakeNodeContext() {
  return {&machine_,       &random_, &report_, &crash_clock_,
          options_.mutant, &links_,  &models_, &damage_};
}

PeerContext World::MakePeerContext() {
  return {&random_, &report_, options_.mutant, &links_, &next_connection_, &models_};
}

bool World::Act(uint64_t pick) {
  if (pick < peers_.size()) return peers_[pick]->Act(node(), now_, !healing_);
  if (node_ == nullptr || !node_->serving()) return false;
  if (pick == peers_.size()) return node_->AnswerBackground(now_);
  std::optional<SimDisk::Answer> answer = machine_.disk.CompleteOne();
  if (!answer.has_value()) return false;
  report_.Trace("disk: answer to token ", answer->done.token, ": ", answer->done.result);
  node_->Step(StorageAnswer{answer->journal, answer->done}, now_);
  return true;
}

// As the driver's loop: a few events, then the end of the batch.
void World::Turn() {
  report_.set_now_ns(now_.monotonic_ns);
  if (machine_.disk.full() && now_.monotonic_ns >= full_until_ns_) machine_.disk.set_full(false);
  if (node_ == nullptr && now_.monotonic_ns >= start_at_ns_) StartProcess();
  if (!healing_) RandomFaults();
  bool idle = true;
  for (uint64_t n = random_.Between(1, 12); n > 0 && !report_.failed(); --n) {
    if (Act(random_.Below(peers_.size() + kMachineActs))) idle = false;
  }
  for (uint64_t i = 0; idle && i < peers_.size() + kMachineActs; ++i) {
    if (Act(i)) idle = false;
  }
  bool serving = node_ != nullptr && node_->serving();
  if (serving && (node_->in_batch() || node_->deadline_ns() <= now_.monotonic_ns)) {
    node_->Step(EndOfBatch{}, now_);
    idle = false;
  }
  if (draining_) FollowDrain();
  if (node_ != nullptr && node_->dead() && !report_.failed()) Crash();
  if (operator_->journal_exists() && appenders_.empty()) MakeClients();
  Advance(idle);
}

int64_t World::NextDeadline() const {
  int64_t next = node_ == nullptr ? start_at_ns_ : node_->deadline_ns();
  for (const Peer* peer : peers_) next = std::min(next, peer->deadline_ns());
  if (machine_.disk.full()) next = std::min(next, full_until_ns_);
  return next;
}

void World::Advance(bool idle) {
  int64_t step = static_cast<int64_t>(random_.Skewed(500'000));
  if (idle && !machine_.disk.has_pending()) {
    int64_t next = NextDeadline();
    if (next > now_.monotonic_ns && next != INT64_MAX) step = next - now_.monotonic_ns;
  }
  now_.monotonic_ns += step;
  now_.wall_ns += step;
}

void World::MakeClients() {
  for (uint32_t i = 1; i <= plan_.appenders; ++i) {
    AppenderPlan plan;
    plan.client = i;
    plan.journal = kJournal;
    plan.producer = absl::StrCat("producer-", i);
    plan.memory_only = plan_.settings.memory_only();
    plan.payload_bytes_max = plan_.payload_bytes_max;
    plan.appends_in_flight_max = static_cast<uint32_t>(random_.Between(1, 40));
    appenders_.push_back(std::make_unique<Appender>(MakePeerContext(), plan));
    peers_.push_back(appenders_.back().get());
  }
  for (uint32_t i = 1; i <= plan_.tail_readers; ++i) {
    tail_readers_.push_back(std::make_unique<TailReader>(
        MakePeerContext(), absl::StrCat("reader ", i), kJournal, false, plan_.may_leave_gaps()));
    peers_.push_back(tail_readers_.back().get());
  }
  if (options_.mutant != Mutant::kAppendsAgain) return;
  AppenderPlan twin;
  twin.client = 1;
  twin.journal = kJournal;
  twin.producer = "twin";
  appenders_.push_back(std::make_unique<Appender>(MakePeerContext(), twin));
  peers_.push_back(appenders_.back().get());
}

bool World::AllDone() const {
  for (const Peer* peer : peers_) {
    if (!peer->done()) return false;
  }
  return !appenders_.empty();
}

void World::Heal() {
  report_.Trace("healing: no more faults");
  healing_ = true;
  crash_clock_.Set(0);
  machine_.disk.set_full(false);
  healed_at_ns_ = now_.monotonic_ns;
}

void World::CheckDisks() {
  for (auto& [id, model] : models_) {
    const Replica* replica = node_->FindReplica(kJournal);
    if (replica == nullptr) continue;
    std::string lacks = model->CheckDisk(*replica, &machine_);
    if (!lacks.empty() && !damage_[id].disk_damaged) report_.Violation(lacks);
  }
}

// The whole journal is read once more and compared.
void World::FinalChecks() {
  for (auto& appender : appenders_) appender->CheckFinal();
  CheckDisks();
  const Replica* replica = node_->FindReplica(kJournal);
  Marks marks = replica->marks();
  uint64_t kept =
      marks.committed.lsn.next() - std::min(marks.oldest.lsn, marks.committed.lsn.next());
  if (last_reader_->read() < kept && !plan_.may_leave_gaps()) {
    report_.Violation("a reader of everything got ", last_reader_->read(),
                      " transactions, kept are ", kept);
  }
}

RunResult World::Run() {
  uint64_t turns = 0;
  while (!report_.failed()) {
    Turn();
    if (!healing_ && result_.crashes >= options_.crashes && !appenders_.empty()) Heal();
    bool late = healing_ && now_.monotonic_ns - healed_at_ns_ > kHealNs;
    if (late || ++turns > kTurnsMax) {
      std::string who;
      for (Peer* peer : peers_) {
        if (!peer->done()) absl::StrAppend(&who, peer->Describe(), "; ");
      }
      report_.Violation("not everything is answered ", kHealNs / kSecond,
                        " s after healing: ", who);
      break;
    }
    if (unservable_) break;
    if (!healing_ || !AllDone() || node_ == nullptr || !node_->serving()) continue;
    if (last_reader_ != nullptr) {
      FinalChecks();
      break;
    }
    last_reader_ = std::make_unique<TailReader>(MakePeerContext(), "last reader", kJournal, true,
                                                plan_.may_leave_gaps());
    peers_.push_back(last_reader_.get());
  }
  result_.violation = report_.violation();
  result_.trace.assign(report_.lines().begin(), report_.lines().end());
  result_.fingerprint = report_.fingerprint();
  result_.boundaries = crash_clock_.passed();
  for (auto& a : appenders_) {
    result_.acknowledged += a->acknowledged();
    result_.told += a->told();
  }
  for (auto& f : tail_readers_) result_.read += f->read();
  if (model() != nullptr) {
    result_.loss_reports = model()->losses().size();
    result_.entries = model()->entries().size();
  }
  return std::move(result_);
}

RunResult RunSeed(const RunOptions& options) {
  // Destroyed before the result is used: sessions and rings are large.
  return World(options).Run();
}

}  // namespace ringjournal::sim
