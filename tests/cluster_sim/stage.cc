#include "tests/cluster_sim/stage.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "journal/base/limits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal::cluster_sim {
namespace {

constexpr int64_t kTickNs = 5 * kMs;
// Cuts are held in pieces, so that mending shows at once.
constexpr int64_t kCutPieceNs = 2 * kTickNs;
constexpr int64_t kStartGapNs = 3 * kMs;
constexpr int64_t kSetUpNs = 10 * kSecond;
constexpr const char* kJournal = "ledger";

std::string NamesOf(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& replicas) {
  std::set<std::string> names;
  for (const v1::ReplicaId& r : replicas) names.insert(r.node());
  return names.empty() ? " nobody" : absl::StrCat(" ", absl::StrJoin(names, " "));
}

// Who the members are goes without saying where all nodes are.
std::string DocumentText(const v1::JournalConfig& config, size_t nodes) {
  std::string text =
      absl::StrCat("the document: ", config.has_leader() ? config.leader().node() : "nobody",
                   " leads", config.has_leader() ? " epoch " : ", epoch ", config.epoch());
  if (config.generation() > 1) absl::StrAppend(&text, " of generation ", config.generation());
  absl::StrAppend(&text, ", in sync:", NamesOf(config.isr()));
  if (static_cast<size_t>(config.members_size()) == nodes) return text;
  return absl::StrCat(text, "; members: ", absl::StrJoin(config.members(), " "));
}

}  // namespace

Stage::Stage(const StageOptions& options)
    : random_(options.seed),
      report_(options.tracing),
      network_(&events_, &random_, &report_, kHostsMax),
      config_(&events_, &random_, "simulated-clust.") {
  config_.set_on_change(
      [this](const auto& before, const auto& after) { OnConfigChange(before, after); });
  config_.set_on_refusal([this](const std::string& why) {
    report_.Violation("config: a change of the config document breaks a rule: ", why);
  });
  config_.set_faults({.delay_max_ns = kMs});
  next_host_ = options.nodes;
  auto ignore = [](ClusterNode*, Moment) {};
  for (uint32_t i = 0; i < options.nodes; ++i) {
    NodeEnvironment env = {&events_, &random_, &report_, &network_, &config_, &truths_, ignore};
    nodes_.push_back(std::make_unique<ClusterNode>(env, i, NodeClock(0, 0)));
    nodes_.back()->StartIn(kMs);
  }
  said_.resize(options.nodes);
  events_.ScheduleIn(kTickNs, this, kTick, 0);
  SetUp(options);
}

Stage::~Stage() = default;

// ---- set-up ----

void Stage::SetUp(const StageOptions& options) {
  auto registered = [this] {
    return config_.document().nodes_size() == static_cast<int>(nodes_.size());
  };
  if (!WaitUntil(registered, kSetUpNs)) return report_.Violation("set-up: not all registered");
  MakeJournal(options);
  auto ready = [this] {
    return leader() == 0 && WhyNotInSync().empty() && truth_->committed() > 0;
  };
  if (!WaitUntil(ready, kSetUpNs)) {
    return report_.Violation("set-up: n1 does not lead with all in sync: ", WhyNotInSync());
  }
  appender_ = std::make_unique<StageAppender>(MakeClientEnvironment(), next_host_++, kJournal,
                                              &names_, [this](const std::string& s) { Say(s); });
  appender_->Begin();
  operator_ = std::make_unique<SimOperator>(MakeClientEnvironment(), next_host_++);
  lines_.clear();
  Say(DocumentText(config(), nodes_.size()));
}

void Stage::MakeJournal(const StageOptions& options) {
  id_.bytes.fill(1);
  JournalSpec spec;
  spec.id = id_;
  spec.name = kJournal;
  for (auto& node : nodes_) spec.members.push_back(node->name());
  spec.settings.set_ring_bytes(limits::kRingBytesMin);
  spec.settings.set_segment_bytes(limits::kSegmentBytesMin);
  spec.settings.set_checkpoint_bytes(limits::kRingBytesMin);
  spec.settings.set_checkpoint_interval_ms(options.checkpoint_interval_ms);
  spec.settings.set_producers_max(16);
  spec.settings.set_memory_only(options.memory_only);
  spec.min_isr = options.min_isr;
  spec.change_id = "operator";
  v1::ConfigDocument next = config_.document();
  RJ_CHECK(CreateJournal(&next, spec).ok());
  v1::JournalConfig* config = FindJournal(&next, id_);
  config->set_degraded_policy(options.memory_only ? v1::DEGRADED_POLICY_MEMORY : options.policy);
  truths_[id_] = std::make_unique<JournalTruth>(*config, spec.members, &report_);
  truth_ = truths_[id_].get();
  config_.Change(std::move(next));
}

ClientEnvironment Stage::MakeClientEnvironment() {
  return {&events_, &random_, &report_, &network_, truth_, nodes(), SimMutant::kNone};
}

// ---- time ----

bool Stage::RunOne() {
  if (report_.failed()) return false;
  report_.set_now_ns(events_.now_ns());
  RJ_CHECK(events_.RunOne());  // the tick never ends
  TellNodes();
  return !report_.failed();
}

void Stage::Wait(int64_t ns) {
  const int64_t end = events_.now_ns() + ns;
  while (events_.now_ns() < end && RunOne()) {
  }
}

bool Stage::WaitUntil(const std::function<bool()>& done, int64_t within_ns) {
  const int64_t end = events_.now_ns() + within_ns;
  while (!done()) {
    if (events_.now_ns() >= end || !RunOne()) return false;
  }
  return !report_.failed();
}

void Stage::OnEvent(uint32_t, uint64_t) {
  events_.ScheduleIn(kTickNs, this, kTick, 0);
  HoldCuts();
  for (auto& node : nodes_) {
    if (node->serving() && node->shard()->drained()) node->Kill("it has drained");
  }
}

// ---- what is broken ----

void Stage::HoldCuts() {
  const int64_t until_ns = events_.now_ns() + kCutPieceNs;
  auto block = [&](HostNumber a, HostNumber b) {
    network_.Block(a, b, until_ns);
    network_.Block(b, a, until_ns);
  };
  for (auto [from, to] : one_way_cuts_) network_.Block(from, to, until_ns);
  for (auto [a, b] : cuts_) {
    if (b == kStore) {
      config_.SetUnreachable(a, until_ns);
    } else if (b == kClients) {
      for (HostNumber host = nodes(); host < next_host_; ++host) block(a, host);
    } else {
      block(a, b);
    }
  }
}

void Stage::Cut(HostNumber a, HostNumber b) {
  cuts_.insert({a, b});
  HoldCuts();
}

void Stage::CutOneWay(HostNumber from, HostNumber to) {
  one_way_cuts_.insert({from, to});
  HoldCuts();
}

void Stage::CutOff(uint32_t n) {
  for (uint32_t other = 0; other < nodes(); ++other) {
    if (other != n) Cut(n, other);
  }
  Cut(n, kStore);
  Cut(n, kClients);
}

bool Stage::Start(uint32_t n) {
  if (nodes_[n]->running() || nodes_[n]->start_planned()) return false;
  nodes_[n]->PowerOn();
  // One behind the other, so that who registers first does not depend on chance.
  nodes_[n]->StartIn((1 + n) * kStartGapNs);
  return true;
}

bool Stage::DamageDisk(uint32_t n) { return nodes_[n]->machine()->disk.DamageSynced(id_); }

bool Stage::Pause(uint32_t n, int64_t for_ns) {
  return nodes_[n]->PauseUntil(events_.now_ns() + for_ns, false);
}

bool Stage::PauseWithOneBatch(uint32_t n, int64_t for_ns) {
  nodes_[n]->WakeToAll();
  return Pause(n, for_ns);
}

// ---- clients ----

void Stage::Append(const std::string& name, client::Level level, size_t payload_bytes) {
  appender_->Append(name, level, payload_bytes);
}

bool Stage::Read(int64_t within_ns, std::vector<std::string>* names) {
  readers_.push_back(
      std::make_unique<StageReader>(MakeClientEnvironment(), next_host_++, kJournal, &names_));
  StageReader* reader = readers_.back().get();
  reader->Begin();
  const bool ended = WaitUntil([&] { return reader->done(); }, within_ns);
  *names = reader->names();
  return ended && reader->status().ok();
}

// ---- what is told ----

int Stage::leader() const {
  if (truth_ == nullptr || !config().has_leader()) return -1;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Replica* replica = nodes_[i]->FindReplica(id_);
    if (replica == nullptr || !replica->leads()) continue;
    const Epoch epoch{config().generation(), config().epoch()};
    if (replica->options().epoch == epoch) return static_cast<int>(i);
  }
  return -1;
}

void Stage::TellNodes() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const ClusterNode& node = *nodes_[i];
    const NodeCounts& now = node.counts();
    Said* said = &said_[i];
    if (now.warm_starts > said->counts.warm_starts) Say(node.name() + " starts with its memory");
    if (now.disk_starts > said->counts.disk_starts) Say(node.name() + " starts from its disk");
    if (now.empty_starts > said->counts.empty_starts) Say(node.name() + " starts with nothing");
    if (said->running && !node.running()) Say(node.name() + "'s process is over");
    *said = {now, node.running()};
  }
}

void Stage::OnConfigChange(const v1::ConfigDocument&, const v1::ConfigDocument& after) {
  const v1::JournalConfig* next = FindJournal(after, id_);
  if (truth_ == nullptr || next == nullptr) return;
  const v1::JournalConfig before = truth_->config();
  truth_->OnConfig(before, *next, events_.now_ns());
  std::string text = DocumentText(*next, nodes_.size());
  if (text != last_told_) Say(text);
  last_told_ = text;
  for (int i = before.losses_size(); i < next->losses_size(); ++i) {
    const v1::LossReport& loss = next->losses(i);
    Say(absl::StrCat("a loss report: generation ", loss.generation(), " begins at LSN ",
                     loss.first_lsn(), "; known to be committed was all below LSN ",
                     loss.known_committed_lsn()));
  }
}

}  // namespace ringjournal::cluster_sim
