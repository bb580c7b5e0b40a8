// Steps of a world: nodes, their time, their deaths. Links, config store, client and the quiet end
// have files of their own.
#include "tests/small_scope/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"
#include "server/start/replica_load.h"
#include "tests/cluster_sim/mutant_hook.h"

namespace ringjournal::small_scope {
namespace {

constexpr int kForcedMax = 1000;  // steps in a row

}  // namespace

// The memory of one node's processes.
class World::Storage : public JournalStorage {
 public:
  Storage(Node* node, RingRegion* region) : node_(node), region_(region) {}
  absl::StatusOr<std::vector<SegmentFile>> ListSegments() override {
    return std::vector<SegmentFile>();
  }
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName&) override {
    return absl::NotFoundError("there is no disk");
  }
  void RemoveSegment(const SegmentName&) override {}
  absl::StatusOr<RingMemory> OpenRing(size_t, size_t) override {
    if (!node_->has_ring) return absl::NotFoundError("there is no ring");
    return region_->memory();
  }
  absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) override {
    RJ_CHECK(head_bytes == region_->memory().head_bytes && data_bytes == RingRegion::kDataBytes);
    region_->Clear();
    node_->has_ring = true;
    return region_->memory();
  }

 private:
  Node* node_;
  RingRegion* region_;
};

World::World(const Scope& scope, RingRegions* rings, bool tracing)
    : scope_(scope), rings_(rings), report_(tracing), document_(NewDocument("0123456789abcdef")) {
  RJ_CHECK(scope.nodes >= 1 && scope.nodes <= kNodesMax);
  for (RingRegion& region : *rings_) region.Clear();
  nodes_.resize(scope.nodes);
  cluster_sim::SelectProductionMutant(0);
  SetUp();
  cluster_sim::SelectProductionMutant(scope.mutant);
}

World::~World() = default;

// Before the first choice: every budget is untouched then.
void World::SetUp() {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < scope_.nodes; ++i) {
    names.push_back(NameOf(i));
    auto registered = RegisterNode(&document_, {NameOf(i), NameOf(i), NameOf(i) + " start 0"});
    RJ_CHECK(registered.ok());
  }
  JournalSpec spec;
  RJ_CHECK(JournalId::FromView("0123456789ledger", &spec.id));
  id_ = spec.id;
  spec.name = kJournal;
  spec.members = names;
  spec.min_isr = scope_.min_isr;
  spec.settings.set_ring_bytes(RingRegion::kDataBytes);
  spec.settings.set_producers_max(RingRegion::kProducersMax);
  spec.settings.set_memory_only(true);
  RJ_CHECK(CreateJournal(&document_, spec).ok());
  document_.mutable_journals(0)->set_degraded_policy(v1::DEGRADED_POLICY_MEMORY);
  truth_ = std::make_unique<cluster_sim::JournalTruth>(document_.journals(0), names, &report_);
  for (uint32_t i = 0; i < scope_.nodes; ++i) Start(i);
  RunQuietly(400);
  RJ_CHECK(document_.journals(0).isr_size() == static_cast<int>(scope_.nodes));
  OpenClient(0);
  RunQuietly(20);
  RJ_CHECK(client_.open && !report_.failed());
  counts_ = true;
  all_beats_ = false;
  notes_.clear();
}

// ---- nodes ----

const ReplicatedJournal* World::journal(uint32_t i) const {
  const auto& journals = nodes_[i].shard->cluster()->journals();
  auto it = journals.find(id_);
  return it == journals.end() ? nullptr : it->second.get();
}

const Replica* World::replica(uint32_t i) const {
  for (const auto& journal : nodes_[i].shard->journals()) {
    if (journal != nullptr && journal->replica != nullptr) return journal->replica.get();
  }
  return nullptr;
}

void World::Step(uint32_t i, const ShardEvent& event) {
  if (!alive(i)) return;
  ShardEffects effects;
  nodes_[i].shard->Step(event, TimeOf(i), &effects);
  Observe(i);
  Take(i, effects);
}

void World::Batch(uint32_t i) {
  for (int turn = 0; turn < 4 && alive(i); ++turn) {
    Step(i, EndOfBatch{});
    if (nodes_[i].shard->deadline_ns() > nodes_[i].now_ns) return;
  }
}

void World::StepAndBatch(uint32_t i, const ShardEvent& event) {
  Step(i, event);
  Batch(i);
}

void World::Take(uint32_t i, const ShardEffects& effects) {
  if (report_.tracing()) {
    for (const std::string& note : effects.notes) notes_.push_back(NameOf(i) + ": " + note);
  }
  if (!effects.fatal.empty()) report_.Violation(NameOf(i), " stops itself: ", effects.fatal);
  for (const ShardEffects::Send& s : effects.sends) {
    Send(i, s.connection, std::string(AsView(s.head)) + std::string(AsView(s.body)));
  }
  for (ConnectionNumber c : effects.closes) Cut(i, c);
  for (const ShardEffects::Dial& dial : effects.dials) nodes_[i].dials.push_back(dial);
  for (const ConfigRequest& request : effects.config) TakeRequest(i, request);
  RJ_CHECK(effects.rings.empty());
}

void World::Observe(uint32_t i) {
  const Replica* observed = replica(i);
  if (observed == nullptr) return;
  truth_->Observe(i, nodes_[i].incarnation, *observed, nodes_[i].shard->cluster()->document());
  if (truth_->committed() == committed_seen_) return;
  committed_seen_ = truth_->committed();
  std::optional<RingPlace> place = observed->ring().Find(Index(committed_seen_));
  if (place.has_value()) committed_chain_ = observed->ring().Record(*place).header.chain;
}

// A process registers, and finds what memory is left.
void World::Start(uint32_t i) {
  Node* node = &nodes_[i];
  std::string nonce = absl::StrCat(NameOf(i), " start ", ++node->starts);
  v1::ConfigDocument next = document_;
  absl::StatusOr<Incarnation> incarnation = RegisterNode(&next, {NameOf(i), NameOf(i), nonce});
  RJ_CHECK(incarnation.ok());
  next.set_version(document_.version() + 1);
  node->incarnation = *incarnation;
  node->lives.push_back({*incarnation, node->memory_life});
  SetDocument(std::move(next));
  ShardOptions options;
  options.node = NameOf(i);
  options.incarnation = node->incarnation;
  options.document = document_;
  options.cluster = true;
  options.random_seed = i + 1;
  auto shard = std::make_unique<Shard>(std::move(options));
  const v1::JournalConfig& config = document_.journals(0);
  JournalStartInput input{config, document_, NameOf(i), node->incarnation, {}, TimeOf(i)};
  Storage storage(node, &(*rings_)[i]);
  absl::StatusOr<LoadedReplica> loaded = LoadReplica(input, &storage);
  if (!loaded.ok()) {
    return report_.Violation(NameOf(i),
                             " refuses to serve what it has: ", loaded.status().ToString());
  }
  LogOrigin origin = OriginOf(*loaded);
  shard->AddReplica(config, std::move(loaded->replica), origin);
  node->shard = std::move(shard);
  node->read_token.reset();
  Batch(i);
}

void World::Crash(uint32_t i, bool lose_memory) {
  Node* node = &nodes_[i];
  Hasher remains;
  PutReplica(i, &remains);
  node->remains = lose_memory ? Digest() : remains.digest();
  truth_->OnProcessEnd(i);
  if (lose_memory) {
    node->has_ring = false;
    ++node->memory_life;
    ++truth_->wear(i)->memory_life;
  }
  node->shard.reset();
  for (ConfigRequest& request : node->asked) late_.push_back({i, std::move(request)});
  node->asked.clear();
  node->outcomes.clear();
  node->dials.clear();
  node->read_token.reset();
  std::vector<ConnectionNumber> ends;
  for (auto& [key, wire] : wires_) {
    if (key.first == i) ends.push_back(key.second);
  }
  for (ConnectionNumber c : ends) Cut(i, c);
  if (client_.node == static_cast<int>(i)) EndClient();
  ForgetDeadRequests();
}

// ---- choices ----

// What a node asks of the store is carried out at once, or its outcome is unknown and it may be
// carried out at any time: to ask late is the same as to be served late.
bool World::AddUrgent(std::vector<Choice>* out) const {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    for (size_t b = 0; b < node.asked.size(); ++b) {
      const ConfigRequest& request = node.asked[b];
      bool dead = request.expected_version != document_.version();
      if (!dead && IsChange(request) && changes_ >= scope_.changes) continue;
      auto at = [&](Choice::Kind kind) {
        out->push_back({kind, static_cast<uint8_t>(i), static_cast<uint8_t>(b)});
      };
      at(Choice::Kind::kExecute);
      if (!dead && unknowns_ < scope_.unknowns) at(Choice::Kind::kUnknown);
      return true;
    }
  }
  return false;
}

void World::Choices(std::vector<Choice>* out) const {
  out->clear();
  using Kind = Choice::Kind;
  auto add = [&](Kind kind, size_t a, size_t b = 0) {
    out->push_back({kind, static_cast<uint8_t>(a), static_cast<uint8_t>(b)});
  };
  if (AddUrgent(out) || AddFlow(out)) return;
  AddArrivals(out);
  if (MayAppend()) add(Kind::kAppend, 0);
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (!alive(i)) {
      add(Kind::kRestart, i);
      continue;
    }
    if (MayOpen(i)) add(Kind::kOpen, i);
    AddPasses(i, out);
    if (crashes_ < scope_.crashes) {
      add(Kind::kCrash, i, 0);
      if (scope_.memory_loss) add(Kind::kCrash, i, 1);
    }
  }
  for (size_t b = 0; b < late_.size(); ++b) {
    if (changes_ < scope_.changes || !IsChange(late_[b].request)) add(Kind::kLate, 0, b);
  }
}

// What must happen next, as nothing else can, is no step of its own.
void World::Apply(const Choice& choice) {
  ApplyOne(choice);
  std::vector<Choice> next;
  for (int left = kForcedMax; report_.violation().empty(); --left) {
    Choices(&next);
    if (!IsForced(next)) return;
    if (left == 0) return report_.Violation("messages without an end");
    if (report_.tracing()) notes_.push_back("then " + Describe(next[0]));
    ApplyOne(next[0]);
  }
}

void World::ApplyOne(const Choice& c) {
  switch (c.kind) {
    case Choice::Kind::kDeliver:
      Release(wires_.at(WiresTo(c.a)[c.b]).from, c.a);
      DeliverSome(WiresTo(c.a)[c.b]);
      break;
    case Choice::Kind::kPass:
      Pass(c.a, c.b);
      break;
    case Choice::Kind::kPassLong:
      PassLong(c.a);
      break;
    case Choice::Kind::kExecute:
      Execute(c.a, c.b);
      break;
    case Choice::Kind::kAnswer: {
      ConfigCompletion done = std::move(nodes_[c.a].outcomes[c.b]);
      nodes_[c.a].outcomes.erase(nodes_[c.a].outcomes.begin() + c.b);
      Release(c.a, c.a);
      Answer(c.a, done);
      break;
    }
    case Choice::Kind::kUnknown:
      Release(c.a, c.a);
      AnswerUnknown(c.a, c.b);
      break;
    case Choice::Kind::kLate:
      ExecuteLate(c.b);
      break;
    case Choice::Kind::kLearn:
      Release(c.a, c.a);
      Learn(c.a);
      break;
    case Choice::Kind::kAppend:
      Append();
      break;
    case Choice::Kind::kOpen:
      ++client_.opens;
      OpenClient(c.a);
      break;
    case Choice::Kind::kCrash:
      ++crashes_;
      Crash(c.a, c.b == 1);
      break;
    case Choice::Kind::kRestart:
      Start(c.a);
      break;
    case Choice::Kind::kHold:
      ++delays_;
      held_ |= uint32_t{1} << WayOf(c.a, c.b);
      break;
  }
  Settle();
  ForgetEmptyWays();
}

}  // namespace ringjournal::small_scope
