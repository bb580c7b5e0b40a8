// The start procedure of a simulated process: register, load each journal, serve.
#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/start/replica_load.h"
#include "tests/cluster_sim/cluster_node.h"

namespace ringjournal::cluster_sim {

// The start procedure's view of disk and memory. After the death nothing answers any more.
class ClusterNode::Storage : public JournalStorage {
 public:
  Storage(ClusterNode* node, const JournalId& id) : node_(node), id_(id) {}

  absl::StatusOr<std::vector<SegmentFile>> ListSegments() override {
    if (!Lives("before listing segments")) return Dead();
    return node_->machine_.disk.ListSegments(id_);
  }
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name) override {
    if (!Lives("before reading a segment")) return Dead();
    return node_->machine_.disk.ReadSegment(name);
  }
  void RemoveSegment(const SegmentName& name) override {
    if (Lives("before removing a segment")) node_->machine_.disk.RemoveSegment(name);
  }
  absl::StatusOr<RingMemory> OpenRing(size_t head_bytes, size_t data_bytes) override {
    if (!Lives("before opening the ring")) return Dead();
    return node_->machine_.rings.Open(id_, head_bytes, data_bytes);
  }
  absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) override {
    node_->env_.on_moment(node_, Moment::kRingMade);
    if (!Lives("before making the ring")) return Dead();
    return node_->machine_.rings.Create(id_, head_bytes, data_bytes);
  }

 private:
  static absl::Status Dead() { return absl::UnavailableError("the process has died"); }
  // What the procedure writes into memory after its death has never happened.
  bool Lives(const char* where) {
    if (node_->dying_) return false;
    if (node_->Boundary(where)) return true;
    node_->SaveRings();
    return false;
  }
  ClusterNode* node_;
  JournalId id_;
};

void ClusterNode::SaveRings() {
  for (const auto& [id, truth] : *env_.truths) {
    TestRingMemory* ring = machine_.rings.Find(id);
    if (ring != nullptr) saved_rings_[id] = ring->Image();
  }
}

void ClusterNode::RestoreRings() {
  for (const auto& [id, image] : saved_rings_) machine_.rings.Find(id)->Restore(image);
  saved_rings_.clear();
}

void ClusterNode::StartProcess() {
  ++life_;
  ++counts_.starts;
  nonce_ = absl::StrCat(name_, " start ", counts_.starts);
  store_ = std::make_unique<SimConfigStore>(env_.config, number_, this, kConfig, Arg());
  env_.report->Trace(name_, " starts process ", counts_.starts);
  Register();
}

void ClusterNode::Register() {
  Registration registration{name_, absl::StrCat(name_, ":7000"), nonce_};
  registration.empty_disk = !disk_is_known_;
  RJ_CHECK(store_->Submit(ConfigRequest::Register(1, registration)).ok());
}

void ClusterNode::TakeRegistration(ConfigCompletion done) {
  if (done.outcome == ConfigOutcome::kUnknown) {
    return env_.events->ScheduleIn(50 * kMs, this, kRegisterAgain, Arg());
  }
  if (done.outcome != ConfigOutcome::kOk) {
    env_.report->Violation("start: ", name_, " cannot register: ", done.status.ToString());
    return;
  }
  document_ = std::move(done.document);
  incarnation_ = done.incarnation;
  disk_is_known_ = true;
  env_.report->Trace(name_, " is registered as ", name_, "/", incarnation_.value());
  Serve();
}

void ClusterNode::Serve() {
  ShardOptions options;
  options.node = name_;
  options.incarnation = incarnation_;
  options.boot = machine_.boot;
  options.server_version = "simulated";
  options.random_seed = env_.random->Next();
  options.cluster = true;
  options.document = document_;
  auto shard = std::make_unique<Shard>(std::move(options));
  bool loaded = LoadJournals(shard.get());
  RestoreRings();
  if (env_.report->failed()) return;
  if (!loaded) {
    Kill(dying_ ? "in its start" : "it cannot serve");
    return;
  }
  shard_ = std::move(shard);
  env_.network->Listen(number_, this);
  Step(EndOfBatch{});
}

bool ClusterNode::LoadJournals(Shard* shard) {
  const v1::ConfigDocument at_start = document_;
  for (const v1::JournalConfig& config : at_start.journals()) {
    if (!Names(config.members(), name_)) continue;
    if (!LoadOne(config, shard)) return false;
  }
  return Boundary("after the start");
}

bool ClusterNode::LoadOne(const v1::JournalConfig& config, Shard* shard) {
  JournalId id;
  RJ_CHECK(JournalId::FromView(config.id(), &id));
  JournalStartInput input{config, document_, name_, incarnation_, machine_.boot, Now()};
  Storage storage(this, id);
  absl::StatusOr<LoadedReplica> loaded = LoadReplica(input, &storage);
  if (dying_) return false;
  if (!loaded.ok()) {
    Refuse(loaded.status().ToString());
    return false;
  }
  env_.report->Trace(name_, "/", incarnation_.value(), ": journal ", config.name(), ": ",
                     loaded->sentence);
  LogOrigin origin = OriginOf(*loaded);
  switch (loaded->content.kind) {
    case ContentKind::kRing:
      ++counts_.warm_starts;
      break;
    case ContentKind::kDisk:
      ++counts_.disk_starts;
      break;
    case ContentKind::kNothing:
      ++counts_.empty_starts;
      break;
  }
  JournalNumber number = shard->AddReplica(config, std::move(loaded->replica), origin);
  journals_[number] = id;
  return true;
}

// Nothing of what the simulation does to a disk makes it unreadable as a whole.
void ClusterNode::Refuse(const std::string& why) {
  env_.report->Violation("start: ", name_, " refuses to serve what it has: ", why);
}

}  // namespace ringjournal::cluster_sim
