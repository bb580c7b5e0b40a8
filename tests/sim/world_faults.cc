// What goes wrong in a run: deaths, damage, full disks, cut connections, restarts.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "tests/sim/world_state.h"

namespace ringjournal::sim {

void World::SetCrash() {
  if (healing_) return crash_clock_.Set(0);
  // Often early: in the start procedure and around the first messages.
  uint64_t max = random_.Chance(30) ? 30 : plan_.boundaries_max;
  crash_clock_.Set(random_.Between(1, max));
}

void World::StartProcess() {
  SetCrash();
  ApplyRestartMutants();
  machine_.disk.set_answers_before_durable(options_.mutant == Mutant::kAnswersBeforeDurable);
  node_ = std::make_unique<SimNode>(MakeNodeContext());
  report_.Trace("process ", ++starts_, " starts");
  bool was_damaged = !damage_.empty() && damage_.begin()->second.memory_damaged;
  size_t losses = model() == nullptr ? 0 : model()->losses().size();
  bool started = node_->Start(now_, starts_);
  if (!node_->refusal().empty()) {
    unservable_ = true;
    report_.Trace("the damaged journal is refused: ", node_->refusal());
    return;
  }
  if (!started) {
    if (!report_.failed()) Crash();
    return;
  }
  ++served_;
  if (was_damaged && model()->losses().size() == losses) ++result_.warm_after_damage;
  if (random_.Chance(25)) CheckDisks();
}

void World::EndProcess() {
  ForgiveDisk();
  draining_ = false;
  node_.reset();
  machine_.EndProcess();
  for (Peer* peer : peers_) peer->OnProcessGone();
  KeepImages();
}

// What a warm start wrote anew makes a damaged disk whole: it is held to its word again.
void World::ForgiveDisk() {
  if (node_ == nullptr || !node_->started()) return;
  const Replica* replica = node_->FindReplica(kJournal);
  for (auto& [id, damage] : damage_) {
    if (!damage.disk_damaged || replica == nullptr) continue;
    if (model()->CheckDisk(*replica, &machine_).empty()) damage.disk_damaged = false;
  }
}

// What a change of the config that was cut off in the middle has become is settled before new
// damage counts.
void World::SettleConfig() {
  LocalFileOptions options;
  options.cluster_id = "simulated-clust.";
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(machine_.config), options);
  if (!store.ok()) return;
  std::vector<ConfigCompletion> done;
  RJ_CHECK((*store)->Submit(ConfigRequest::Read(1)).ok());
  (*store)->Poll(now_, &done);
  NoteLosses(MakeNodeContext(), done[0].document);
  for (const v1::JournalConfig& config : done[0].document.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(config.id(), &id));
    models_[id]->set_stopped_in_order(config.has_orderly_stop());
  }
}

void World::Crash() {
  ++result_.crashes;
  EndProcess();
  bool machine_lost = random_.Below(100) >= plan_.kill_percent;
  bool damaged = !machine_lost && random_.Chance(plan_.damage_percent);
  if (machine_lost) {
    machine_.LoseMemory();
    ++result_.memory_losses;
    report_.Trace("the machine loses its memory");
  }
  SettleConfig();
  for (auto& [id, model] : models_) {
    Damage* damage = &damage_[id];
    damage->memory_lost = damage->memory_lost || machine_lost || damaged;
    damage->memory_damaged = damage->memory_damaged || damaged;
    if (damaged) report_.Trace("memory is damaged: ", machine_.DamageRing(id));
  }
  if (!machine_lost && !damaged && !RestoreImage()) DamageDisk();
  start_at_ns_ = now_.monotonic_ns + static_cast<int64_t>(random_.Skewed(500) * kMs);
}

void World::DamageDisk() {
  if (!random_.Chance(plan_.disk_damage_percent)) return;
  for (auto& [id, model] : models_) {
    if (!machine_.disk.DamageSynced(id)) continue;
    damage_[id].disk_damaged = true;
    model->NoteDiskDamage();
    report_.Trace("a synced byte on the disk changes");
  }
}

void World::KeepImages() {
  if (!plan_.restores_images || !images_.empty() || !random_.Chance(30)) return;
  for (auto& [id, model] : models_) {
    TestRingMemory* ring = machine_.rings.Find(id);
    if (ring != nullptr) images_[id] = ring->Image();
  }
  images_served_ = served_;
}

// The memory of an earlier process comes back, as with a snapshot of a virtual machine: same boot,
// whole, and old. It must not be served.
bool World::RestoreImage() {
  if (images_.empty() || served_ < images_served_ + 2 || !random_.Chance(30)) return false;
  bool restored = false;
  for (auto& [id, image] : images_) {
    TestRingMemory* ring = machine_.rings.Find(id);
    if (ring == nullptr || ring->Image().size() != image.size()) continue;
    ring->Restore(image);
    damage_[id].memory_lost = true;
    restored = true;
    report_.Trace("an old image of the memory comes back");
  }
  images_.clear();
  return restored;
}

// Wrappers that break the promise which a checker is there for.
void World::ApplyRestartMutants() {
  LogModel* journal = model();
  if (journal == nullptr || journal->entries().size() < 20) return;
  TestRingMemory* ring = machine_.rings.Find(journal->id());
  if (options_.mutant == Mutant::kWrongDiskBytes) machine_.disk.DamageSynced(journal->id());
  if (ring == nullptr) return;
  const RingMemory& m = ring->memory();
  RingEnds* ends = &m.control()->ends[m.control()->active & 1];
  uint64_t last_bytes = journal->entries().back().record.size();
  if (options_.mutant == Mutant::kForgetsAckedEnd) {
    ends->end -= last_bytes;
    ends->acked_end = std::min(ends->acked_end, ends->end);
  }
  if (options_.mutant == Mutant::kServesChangedMemory) {
    std::byte* record = m.data + ((ends->end - last_bytes) & (m.data_bytes - 1));
    EntryHeader header = journal->entries().back().header;
    header.log_time_ns += 1;
    uint64_t before = journal->entries()[journal->entries().size() - 2].header.chain;
    EncodeRecordHead(header, before, record);
  }
}

void World::RandomFaults() {
  if (plan_.cuts_connections && random_.Chance(2)) {
    Peer* peer = peers_[random_.Below(peers_.size())];
    report_.Trace("the connection of ", peer->name(), " is cut");
    peer->Cut(node(), now_);
  }
  if (plan_.fails_writes && random_.Below(1000) == 0) machine_.disk.FailNextWrite();
  if (plan_.fills_disk && !machine_.disk.full() && random_.Below(400) == 0) {
    machine_.disk.set_full(true);
    full_until_ns_ = now_.monotonic_ns + static_cast<int64_t>(random_.Skewed(8000) * kMs);
    report_.Trace("the disk is full");
  }
  if (plan_.moves_clock && random_.Below(200) == 0) {
    now_.wall_ns += static_cast<int64_t>(random_.Below(120)) * kSecond - 60 * kSecond;
  }
  bool serving = node_ != nullptr && node_->serving();
  if (plan_.drains && serving && !draining_ && random_.Below(300) == 0) {
    report_.Trace("the server is told to drain");
    draining_ = true;
    node_->Step(DrainRequested{}, now_);
  }
}

// An orderly end leaves everything on the disk; then the process goes, perhaps with its machine.
void World::FollowDrain() {
  if (node_ == nullptr || !node_->serving() || !node_->shard().drained()) return;
  const Replica* replica = node_->FindReplica(kJournal);
  bool all = replica == nullptr || replica->memory_only() ||
             replica->marks().durable.index.value() == model()->entries().size();
  if (!all) report_.Violation("drained, but not everything is on disk");
  // After a trim that ran ahead on a full disk nobody may rely on that disk.
  bool lacks_front = false;
  if (replica != nullptr && plan_.may_leave_gaps()) {
    const auto& segments = replica->checkpointer().catalog().segments();
    lacks_front =
        !segments.empty() && segments.front().first_index > replica->derived().oldest().index;
  }
  for (const v1::JournalConfig& config : node_->shard().document().journals()) {
    if (config.has_orderly_stop() || config.settings().memory_only() || lacks_front) continue;
    report_.Violation("drained, but the config does not say so");
  }
  report_.Trace("drained");
  Crash();
}

}  // namespace ringjournal::sim
