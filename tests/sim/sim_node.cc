#include "tests/sim/sim_node.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal::sim {
namespace {

constexpr char kNodeName[] = "n1";

}  // namespace

LogModel* ModelOf(const NodeContext& context, const JournalId& id) {
  std::unique_ptr<LogModel>& model = (*context.models)[id];
  if (model == nullptr) model = std::make_unique<LogModel>(id, context.report);
  return model.get();
}

void NoteLosses(const NodeContext& context, const v1::ConfigDocument& document) {
  for (const v1::JournalConfig& config : document.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(config.id(), &id));
    LogModel* model = ModelOf(context, id);
    while (model->losses().size() < static_cast<size_t>(config.losses_size())) {
      v1::LossReport loss = config.losses(static_cast<int>(model->losses().size()));
      if (context.mutant == Mutant::kLossStartsLate) loss.set_first_index(loss.first_index() + 1);
      Damage* damage = &(*context.damage)[id];
      model->OnLoss(loss, *damage, context.machine);
      damage->memory_lost = damage->memory_damaged = damage->inside_step = false;
      if (context.report->failed()) return;
    }
  }
}

bool SimNode::Boundary(const char* where) {
  if (dead_) return false;
  if (!c_.crash->Due()) return true;
  c_.report->Trace("the process dies: ", where);
  Die();
  return false;
}

// What the process would write from here on never happens: the rings go back to how they are now.
void SimNode::Die() {
  if (dead_) return;
  dead_ = true;
  SaveRings();
}

void SimNode::SaveRings() {
  for (const auto& [id, model] : *c_.models) {
    TestRingMemory* ring = c_.machine->rings.Find(id);
    if (ring != nullptr) saved_rings_[id] = ring->Image();
  }
}

void SimNode::RestoreRings() {
  for (const auto& [id, image] : saved_rings_) c_.machine->rings.Find(id)->Restore(image);
  saved_rings_.clear();
}

// ---- start ----

// The start procedure's view of disk and memory. After the death nothing answers any more.
class SimNode::Storage : public JournalStorage {
 public:
  Storage(SimNode* node, const JournalId& id) : node_(node), id_(id) {}

  absl::StatusOr<std::vector<SegmentFile>> ListSegments() override {
    if (!node_->Boundary("before listing segments")) return Dead();
    return machine()->disk.ListSegments(id_);
  }
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name) override {
    if (!node_->Boundary("before reading a segment")) return Dead();
    return machine()->disk.ReadSegment(name);
  }
  void RemoveSegment(const SegmentName& name) override {
    if (node_->Boundary("before removing a segment")) machine()->disk.RemoveSegment(name);
  }
  absl::StatusOr<RingMemory> OpenRing(size_t head_bytes, size_t data_bytes) override {
    if (!node_->Boundary("before opening the ring")) return Dead();
    return machine()->rings.Open(id_, head_bytes, data_bytes);
  }
  absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) override {
    if (!node_->Boundary("before making the ring")) return Dead();
    return machine()->rings.Create(id_, head_bytes, data_bytes);
  }

 private:
  static absl::Status Dead() { return absl::UnavailableError("the process has died"); }
  Machine* machine() { return node_->c_.machine; }
  SimNode* node_;
  JournalId id_;
};

bool SimNode::Start(Time now, uint64_t start_number) {
  bool started = OpenConfig() && Register(start_number) && StartJournals(now);
  if (dead_) RestoreRings();
  return started && !dead_;
}

bool SimNode::OpenConfig() {
  if (!Boundary("before opening the config store")) return false;
  LocalFileOptions options;
  options.cluster_id = "simulated-clust.";
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(c_.machine->config), options);
  if (!store.ok()) {
    c_.report->Violation("the config store does not open: ", store.status().ToString());
    return false;
  }
  store_ = *std::move(store);
  return true;
}

// Serves what waits in the store; dies in the middle of its writes if the crash is due by then.
bool SimNode::PollConfig(std::vector<ConfigCompletion>* completions) {
  if (!Boundary("before a change of the config store")) return false;
  MemoryDisk* disk = c_.machine->config.get();
  if (c_.crash->DueWithin(5)) disk->fail_at = disk->operations + c_.random->Between(1, 4);
  store_->Poll(Time(), completions);
  disk->fail_at = 0;
  if (!store_->health().ok()) {
    c_.report->Trace("the process dies inside a change of the config store");
    Die();
    return false;
  }
  return Boundary("after a change of the config store");
}

bool SimNode::Register(uint64_t start_number) {
  Registration registration{kNodeName, "n1.example:7000", absl::StrCat("start ", start_number)};
  RJ_CHECK(store_->Submit(ConfigRequest::Register(1, registration)).ok());
  std::vector<ConfigCompletion> done;
  if (!PollConfig(&done)) return false;
  if (done.size() != 1 || done[0].outcome != ConfigOutcome::kOk) {
    c_.report->Violation("the node cannot register: ",
                         done.empty() ? "no answer" : done[0].status.ToString());
    return false;
  }
  document_ = done[0].document;
  if (c_.mutant == Mutant::kForgetsOrderlyStop) {
    for (v1::JournalConfig& config : *document_.mutable_journals()) config.clear_orderly_stop();
  }
  incarnation_ = done[0].incarnation;
  NoteLosses(c_, document_);
  return !c_.report->failed();
}

bool SimNode::StartJournals(Time now) {
  ShardOptions options;
  options.node = kNodeName;
  options.incarnation = incarnation_;
  options.boot = c_.machine->boot;
  options.server_version = "simulated";
  options.random_seed = c_.random->Next();
  std::vector<JournalStart> starts;
  const v1::ConfigDocument at_start = document_;
  for (const v1::JournalConfig& config : at_start.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(config.id(), &id));
    JournalStartInput input{config, document_, kNodeName, incarnation_, c_.machine->boot, now};
    Storage storage(this, id);
    auto change = [this](v1::ConfigDocument next) { return ChangeConfig(std::move(next)); };
    absl::StatusOr<JournalStart> start = StartJournal(input, &storage, change);
    if (dead_) return false;
    if (!start.ok() && (*c_.damage)[id].disk_damaged) {
      refusal_ = std::string(start.status().message());
      return false;
    }
    if (!start.ok()) {
      c_.report->Violation("journal ", config.name(),
                           " is not served: ", start.status().ToString());
      return false;
    }
    c_.report->Trace("journal ", config.name(), ": ", StartActionText(start->action), ": ",
                     start->sentence);
    Damage* damage = &(*c_.damage)[id];
    ModelOf(c_, id)->OnStarted(*start->replica, *damage);
    damage->memory_lost = damage->memory_damaged = damage->inside_step = false;
    if (c_.report->failed()) return false;
    starts.push_back(*std::move(start));
  }
  options.document = document_;
  shard_ = std::make_unique<Shard>(std::move(options));
  for (JournalStart& start : starts) {
    JournalId id = start.replica->options().id;
    JournalNumber number = shard_->AddJournal(start.config, std::move(start.replica));
    numbers_[number] = id;
  }
  in_batch_ = true;
  return Boundary("after the start");
}

absl::StatusOr<v1::ConfigDocument> SimNode::ChangeConfig(v1::ConfigDocument next) {
  for (int i = 0; i < next.journals_size(); ++i) {
    if (c_.mutant != Mutant::kKeepsOrderlyStop || !document_.journals(i).has_orderly_stop())
      continue;
    *next.mutable_journals(i)->mutable_orderly_stop() = document_.journals(i).orderly_stop();
  }
  uint64_t expected = document_.version();
  RJ_CHECK(store_->Submit(ConfigRequest::Cas(2, expected, std::move(next), "start")).ok());
  std::vector<ConfigCompletion> done;
  bool alive = PollConfig(&done);
  if (done.size() == 1 && done[0].outcome == ConfigOutcome::kOk) {
    document_ = done[0].document;
    NoteLosses(c_, document_);
  }
  if (!alive) return absl::UnavailableError("the process has died");
  if (done.size() != 1 || done[0].outcome != ConfigOutcome::kOk) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the change was not made: ", done.empty() ? "no answer" : done[0].status.ToString()));
  }
  return document_;
}

// ---- serving ----

void SimNode::Observe() {
  for (const auto& journal : shard_->journals()) {
    if (journal == nullptr) continue;
    ModelOf(c_, journal->replica->options().id)->Observe(*journal->replica);
  }
}

void SimNode::Step(const ShardEvent& event, Time now) {
  if (dead_) return;
  if (c_.crash->DueWithin(4) && c_.random->Chance(3)) return StepAndDieInside(event, now);
  effects_.Clear();
  effects_.fatal.clear();
  shard_->Step(event, now, &effects_);
  in_batch_ = !std::holds_alternative<EndOfBatch>(event);
  Observe();
  if (!effects_.fatal.empty()) {
    fatal_ = effects_.fatal;
    c_.report->Trace("the process stops: ", fatal_);
    dead_ = true;
    return;
  }
  Carry(effects_);
}

// Killed between two stores: some of the records are published, nothing of them is acknowledged.
void SimNode::StepAndDieInside(const ShardEvent& event, Time now) {
  std::map<JournalId, RingControl> before;
  for (const auto& [id, model] : *c_.models) {
    TestRingMemory* ring = c_.machine->rings.Find(id);
    if (ring != nullptr) before[id] = *ring->memory().control();
  }
  effects_.Clear();
  shard_->Step(event, now, &effects_);
  for (const auto& [id, control] : before) {
    const RingMemory& m = c_.machine->rings.Find(id)->memory();
    RingControl* after = m.control();
    (*c_.damage)[id].inside_step = true;
    // Where old bytes were given up, or a snapshot moved on, the later state stays.
    if (after->oldest != control.oldest || after->active != control.active) continue;
    uint64_t end = control.ends[control.active & 1].end;
    uint64_t new_end = after->ends[control.active & 1].end;
    if (end == new_end) continue;
    RecordView view;
    while (end < new_end && c_.random->Chance(60)) {
      ReadTrustedRecord(m.data + (end & (m.data_bytes - 1)), &view);
      end += view.record.size();
    }
    size_t slot_bytes = (m.head_bytes - kControlPageBytes) / 2;
    SnapshotSlotHeader slots[2];
    for (int i = 0; i < 2; ++i) {
      std::memcpy(&slots[i], m.snapshot_slot(i, slot_bytes), sizeof slots[i]);
    }
    end = std::max({end, slots[0].ring_offset, slots[1].ring_offset});
    after->ends[control.active & 1].end = end;
    after->ends[control.active & 1].acked_end = control.ends[control.active & 1].acked_end;
  }
  c_.report->Trace("the process dies inside a step");
  dead_ = true;
}

int64_t SimNode::deadline_ns() const {
  if (!serving()) return INT64_MAX;
  return shard_->has_more_to_read() ? 0 : shard_->deadline_ns();
}

const Replica* SimNode::FindReplica(const std::string& name) const {
  if (shard_ == nullptr) return nullptr;
  for (const auto& journal : shard_->journals()) {
    if (journal != nullptr && journal->config.name() == name) return journal->replica.get();
  }
  return nullptr;
}

bool SimNode::AnswerBackground(Time now) {
  if (!serving()) return false;
  if (!ring_answers_.empty()) {
    RingAnswer answer = std::move(ring_answers_.front());
    ring_answers_.erase(ring_answers_.begin());
    Step(answer, now);
    return true;
  }
  if (store_->in_flight() == 0) return false;
  std::vector<ConfigCompletion> done;
  if (!PollConfig(&done)) return true;
  for (ConfigCompletion& completion : done) Step(ConfigAnswer{std::move(completion)}, now);
  return true;
}

}  // namespace ringjournal::sim
