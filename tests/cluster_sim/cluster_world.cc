#include "tests/cluster_sim/cluster_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"
#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {
namespace {

constexpr int64_t kTickNs = 10 * kMs;
// I15: after the last fault everything is answered, and all replicas are in sync, within this.
constexpr int64_t kHealNs = 60 * kSecond;
// Before the first fault there is a leader within this.
constexpr int64_t kSetUpNs = 30 * kSecond;
constexpr uint64_t kEventsMax = 20'000'000;

}  // namespace

ClusterWorld::ClusterWorld(const RunOptions& options)
    : options_(options),
      random_(options.seed),
      fault_random_(options.seed ^ 0x5eed'f417),
      operator_random_(options.seed ^ 0x0be2'a702),
      report_(options.tracing),
      plan_(&random_),
      network_(&events_, &random_, &report_, kHostsMax),
      config_(&events_, &random_, "simulated-clust.") {
  config_.set_on_change(
      [this](const auto& before, const auto& after) { OnConfigChange(before, after); });
  config_.set_on_refusal([this](const std::string& why) {
    report_.Violation("config: a change of the config document breaks a rule: ", why);
  });
  plan_.ChooseOperations(&operator_random_);
  // Not drawn: what other seeds decide stays as it is.
  plan_.tails = options.seed % 4 == 0 ? 1 : 0;
  plan_.settlers = options.seed % 5 == 1 ? std::min(plan_.appenders, 2U) : 0;
  plan_.writers = options.seed % 5 == 2 ? 3 : 0;
  plan_.engines = options.seed % 5 == 4 ? 2 : 0;
  ApplyBias(options.bias, &plan_);
  FitPlan(options.mutant, &plan_);
  plan_.Restrict(options.allowed);
  for (uint32_t i = 0; i < plan_.nodes; ++i) {
    NodeClock clock(plan_.clock_ppm[i], static_cast<int64_t>(random_.Below(kSecond)));
    nodes_.push_back(std::make_unique<ClusterNode>(MakeNodeEnvironment(), i, clock));
    nodes_.back()->StartIn(static_cast<int64_t>(random_.Below(20)) * kMs);
  }
  next_host_ = plan_.nodes;
  report_.Trace("seed ", options.seed, ": ", plan_.Describe());
  events_.ScheduleIn(kTickNs, this, kTick, 0);
}

ClusterWorld::~ClusterWorld() = default;

NodeEnvironment ClusterWorld::MakeNodeEnvironment() {
  auto on_moment = [this](ClusterNode* node, Moment moment) { OnMoment(node, moment); };
  return {&events_, &random_, &report_, &network_, &config_, &truths_, on_moment};
}

ClientEnvironment ClusterWorld::MakeClientEnvironment(JournalTruth* truth) {
  return {&events_, &random_, &report_, &network_, truth, plan_.nodes, options_.mutant};
}

void ClusterWorld::OnEvent(uint32_t kind, uint64_t arg) {
  switch (static_cast<Kind>(kind)) {
    case kTick:
      Tick();
      return events_.ScheduleIn(kTickNs, this, kTick, 0);
    case kNextFault:
      return NextFault();
    case kAimedFault:
      return Count(AimedFault(static_cast<uint32_t>(arg & 0xff), arg >> 8));
    case kCutAgain:
      AimedFault(static_cast<uint32_t>(arg & 0xff), arg >> 8);
      return;
    case kNextOperation:
      return NextOperation();
    case kPowerOn:
      nodes_[arg]->PowerOn();
      return RestartLater(static_cast<uint32_t>(arg));
    case kCutsOff:
      return Count(CutOffAndGo(static_cast<uint32_t>(arg)));
    case kGoes:
      return Count(LetGo(static_cast<uint32_t>(arg)));
    case kReturns:
      return Return(static_cast<uint32_t>(arg));
    case kBackToNormal:
      nodes_[arg]->SlowDisk(1);
      nodes_[arg]->machine()->disk.set_full(false);
      return;
  }
}

// ---- set-up ----

void ClusterWorld::Tick() {
  RestartStopped();
  switch (phase_) {
    case Phase::kStarting:
      return SetUp();
    case Phase::kFaults: {
      if (recovery_operator_ != nullptr) recovery_operator_->Turn();
      bool long_enough = events_.now_ns() - began_ns_ >= plan_.run_min_ns;
      bool broken_enough = result_.faults >= plan_.faults_min || fault_number_ > 4000;
      if (long_enough && broken_enough) Heal();
      return;
    }
    default:
      return CheckEnd();
  }
}

void ClusterWorld::SetUp() {
  if (config_.document().nodes_size() < static_cast<int>(plan_.nodes)) return;
  if (truths_.empty()) return MakeJournals();
  if (events_.now_ns() > kSetUpNs) {
    report_.Violation("I15: nobody leads ", kSetUpNs / kSecond, " s after the start");
  }
  if (!EverybodyKnows()) return;
  uint32_t client = 1;
  for (auto& [id, truth] : truths_) {
    if (truth->config().settings().fenced()) {
      MakeWriters(truth.get());
      continue;
    }
    MakeClients(truth.get(), client);
    client += 10;
  }
  if (plan_.nodes > 1) BeginOperations();
  MakeOperator();
  config_.set_faults(plan_.store);
  phase_ = Phase::kFaults;
  began_ns_ = events_.now_ns();
  events_.ScheduleIn(plan_.fault_pause_max_ns, this, kNextFault, 0);
}

// As an operator creates them: the nodes learn of them from the document.
void ClusterWorld::MakeJournals() {
  v1::ConfigDocument next = config_.document();
  const uint32_t fenced = plan_.writers + plan_.engines > 0 ? 1 : 0;
  for (uint32_t i = 1; i <= plan_.journals + fenced; ++i) {
    JournalSpec spec;
    spec.id.bytes.fill(static_cast<uint8_t>(i));
    spec.name = i <= plan_.journals ? absl::StrCat("ledger", i) : "fenced";
    for (auto& node : nodes_) spec.members.push_back(node->name());
    spec.settings = plan_.settings;
    spec.settings.set_fenced(i > plan_.journals);
    spec.min_isr = plan_.min_isr;
    spec.change_id = "operator";
    RJ_CHECK(CreateJournal(&next, spec).ok());
    v1::JournalConfig* config = FindJournal(&next, spec.id);
    config->set_degraded_policy(plan_.degraded_policy);
    std::vector<std::string> names = spec.members;
    truths_[spec.id] = std::make_unique<JournalTruth>(*config, std::move(names), &report_);
  }
  config_.Change(std::move(next));
}

bool ClusterWorld::EverybodyKnows() const {
  for (const auto& [id, truth] : truths_) {
    if (!truth->config().has_leader() || truth->committed() == 0) return false;
    for (const auto& node : nodes_) {
      if (node->FindReplica(id) == nullptr) return false;
    }
  }
  return true;
}

void ClusterWorld::OnConfigChange(const v1::ConfigDocument& before,
                                  const v1::ConfigDocument& after) {
  if (report_.tracing()) report_.MixTrace(after.SerializeAsString());
  for (const v1::NodeRegistration& node : after.nodes()) {
    const v1::NodeRegistration* old = FindNode(before, node.node());
    if (old != nullptr && old->incarnation() != node.incarnation()) OnRegistered(node.node());
  }
  for (const v1::JournalConfig& config : after.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(config.id(), &id));
    auto truth = truths_.find(id);
    const v1::JournalConfig* old = FindJournal(before, id);
    if (truth == truths_.end() || old == nullptr) continue;
    for (const v1::ReplicaId& member : config.isr()) {
      if (IsCurrent(after, AsReplica(member))) continue;
      report_.Violation("I7: ", ReplicaText(member), " is in sync, but that process is over");
    }
    if (report_.tracing()) {
      std::string isr;
      for (const v1::ReplicaId& r : config.isr()) absl::StrAppend(&isr, " ", ReplicaText(r));
      report_.Trace("config ", after.version(), ": ", config.name(), " epoch ", config.generation(),
                    "/", config.epoch(), " leader ",
                    config.has_leader() ? ReplicaText(config.leader()) : "none", " isr", isr);
    }
    truth->second->OnConfig(*old, config, events_.now_ns());
    if (config.losses_size() > old->losses_size()) OnLossStored(config);
  }
}

// ---- the end ----

void ClusterWorld::RestartStopped() {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    ClusterNode* node = nodes_[i].get();
    if (node->powered() && !node->running() && !node->start_planned()) RestartLater(i);
    if (node->WantsToEnd()) {
      node->Kill(node->shard()->drained() ? "it has drained" : "it has not drained in time");
      RestartLater(i);
    }
  }
}

void ClusterWorld::Heal() {
  report_.Trace("healing: no more faults");
  phase_ = Phase::kHealed;
  healed_at_ns_ = events_.now_ns();
  gone_.clear();
  network_.HealAll();
  config_.HealAll();
  config_.set_faults(StoreFaults());
  for (auto& node : nodes_) {
    node->PowerOn();
    node->SlowDisk(1);
    node->machine()->disk.set_full(false);
    node->machine()->disk.FailNoWrite();
    node->crash_clock()->Set(0);
    node->StartIn(kMs);
  }
  for (auto& appender : appenders_) appender->Hurry();
  for (auto& settler : settlers_) settler->Finish();
  for (auto& tail : tails_) tail->Finish();
  for (auto& writer : writers_) writer->Finish(writer == writers_.back());
  for (auto& engine : engines_) engine->Finish(engine == engines_.back());
}

std::string ClusterWorld::WhyNotDone() const {
  std::string why;
  for (const auto& appender : appenders_) {
    if (!appender->done()) absl::StrAppend(&why, appender->Describe(), "; ");
  }
  for (const auto& reader : last_readers_) {
    if (!reader->done()) absl::StrAppend(&why, reader->Describe(), "; ");
  }
  for (const auto& writer : writers_) {
    if (!writer->done()) absl::StrAppend(&why, writer->Describe(), "; ");
  }
  for (const auto& engine : engines_) {
    if (!engine->done()) absl::StrAppend(&why, engine->Describe(), "; ");
  }
  for (const auto& tail : tails_) {
    if (!tail->done()) absl::StrAppend(&why, tail->Describe(), "; ");
  }
  for (const auto& [id, truth] : truths_) {
    std::string converged = truth->WhyNotConverged();
    if (!converged.empty()) absl::StrAppend(&why, truth->config().name(), ": ", converged, "; ");
  }
  if (why.empty()) return why;
  for (const auto& [id, truth] : truths_) absl::StrAppend(&why, truth->DescribeViews());
  return why;
}

void ClusterWorld::CheckEnd() {
  std::string why = WhyNotDone();
  if (!why.empty()) {
    if (events_.now_ns() - healed_at_ns_ <= kHealNs) return;
    report_.Violation("I15: ", kHealNs / kSecond, " s after healing: ", why);
    return;
  }
  if (phase_ == Phase::kHealed && !LastOperationsAreDone()) return;
  if (phase_ == Phase::kReading) {
    FinalChecks();
    phase_ = Phase::kDone;
    return;
  }
  phase_ = Phase::kReading;
  for (auto& [id, truth] : truths_) {
    last_readers_.push_back(std::make_unique<SimReader>(MakeClientEnvironment(truth.get()),
                                                        next_host_++, "last reader",
                                                        truth->config().name(), true));
    last_readers_.back()->Begin();
  }
}

void ClusterWorld::FinalChecks() {
  for (auto& appender : appenders_) appender->CheckFinal();
  for (auto& writer : writers_) writer->CheckFinal();
  for (auto& engine : engines_) engine->CheckFinal();
  for (auto& history : histories_) {
    std::string why = WhyNotLinearizable(history->operations());
    if (!why.empty()) report_.Violation("linearizable: the log is not: ", why);
  }
  for (auto& [id, ledger] : takeovers_) ledger->CheckFinal(*truths_[id]);
  size_t i = 0;
  for (auto& [id, truth] : truths_) {
    for (uint32_t n = 0; n < nodes_.size(); ++n) truth->CheckDisk(n, &nodes_[n]->machine()->disk);
    CheckLastReader(*last_readers_[i++], *truth);
  }
}

// Without a disk a replica that has begun anew lacks what came before; with one nothing is missing.
void ClusterWorld::CheckLastReader(const SimReader& reader, const JournalTruth& truth) {
  const Lsn next = reader.next_lsn();
  if (truth.next_lsn() == Lsn(1)) return;  // nothing to read
  if (next != truth.next_lsn() && !(next == Lsn() && truth.AReplicaKeepsNothing())) {
    report_.Violation("I10: a reader of everything ends before LSN ", next.value(),
                      ", committed is all before ", truth.next_lsn().value());
  }
  if (truth.config().settings().memory_only() || reader.read_from_the_start()) return;
  report_.Violation("I10: a reader of everything has not got LSN 1 of ", truth.config().name());
}

void ClusterWorld::Collect() {
  result_.violation = report_.violation();
  result_.plan = plan_.Describe();
  result_.trace.assign(report_.lines().begin(), report_.lines().end());
  result_.fingerprint = report_.fingerprint();
  report_.MixTrace(report_.fingerprint());
  result_.trace_hash = report_.trace_hash();
  result_.simulated_ns = events_.now_ns() - kSecond;
  result_.events = events_.events();
  result_.fault_numbers = fault_number_;
  for (auto& node : nodes_) {
    result_.steps += node->counts().steps;
    result_.turns += node->counts().turns;
    result_.spins += node->counts().spins;
    result_.intact_restarts += node->counts().warm_starts;
    result_.amnesiac_restarts += node->counts().disk_starts + node->counts().empty_starts;
  }
  if (recovery_operator_ != nullptr) {
    result_.operator_recoveries = recovery_operator_->recoveries();
  }
  for (auto& [id, truth] : truths_) {
    result_.failovers += truth->leaders() - std::min<uint64_t>(truth->leaders(), 1);
    result_.losses += truth->losses().size();
    result_.handovers += truth->handovers();
  }
  if (operator_ != nullptr) result_.operations = operator_->succeeded();
  for (auto& appender : appenders_) {
    result_.acknowledged += appender->acknowledged();
    result_.told += appender->told();
  }
  for (auto& writer : writers_) {
    result_.acknowledged += writer->acknowledged();
    result_.grants += writer->grants();
    result_.fenced += writer->fenced();
  }
  for (auto& engine : engines_) result_.acknowledged += engine->acknowledged();
  for (auto& [id, ledger] : takeovers_) result_.takeovers += ledger->takeovers();
  for (auto& reader : readers_) result_.read += reader->read();
}

RunResult ClusterWorld::Run() {
  while (phase_ != Phase::kDone && !report_.failed()) {
    report_.set_now_ns(events_.now_ns());
    if (!events_.RunOne()) break;
    report_.MixTrace(static_cast<uint64_t>(events_.now_ns()));
    if (events_.events() > kEventsMax) {
      report_.Violation("I15: ", kEventsMax, " events and no end: ", WhyNotDone());
    }
  }
  Collect();
  return std::move(result_);
}

RunResult ClusterWorld::Aborted() {
  report_.Violation("check: one of the production code failed; its message is on stderr");
  result_.violation = report_.violation();
  result_.plan = plan_.Describe();
  result_.trace.assign(report_.lines().begin(), report_.lines().end());
  result_.simulated_ns = events_.now_ns() - kSecond;
  return std::move(result_);
}

}  // namespace ringjournal::cluster_sim
