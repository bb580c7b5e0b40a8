// Who must hold every committed entry: the in-sync set, and all that `complete` names.
#include "absl/strings/str_cat.h"
#include "server/config_store/document.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {

// I2 and I3: commit has advanced, or the in-sync set has changed.
void JournalTruth::CheckHolders() {
  for (const v1::ReplicaId& member : config_.isr()) {
    int node = NodeNamed(member.node());
    if (node < 0) continue;
    const NodeView& view = views_[static_cast<size_t>(node)];
    if (view.replica == nullptr || view.incarnation.value() != member.incarnation()) continue;
    std::string lacks = WhyLacks(*view.replica, entries_.size());
    if (lacks.empty()) continue;
    report_->Violation("I2: ", ReplicaText(member), " is in sync, but ", lacks);
  }
  if (config_.complete_size() == config_.isr_size()) return;  // the same
  for (const v1::ReplicaId& member : config_.complete()) {
    if (!Names(config_.isr(), AsReplica(member))) CheckKeeps(member);
  }
}

// What that process had in memory was neither lost nor damaged since.
bool JournalTruth::MemoryIsThere(size_t node, Incarnation life) const {
  auto then = memory_of_.find({nodes_[node], life.value()});
  return then != memory_of_.end() && then->second == wear_[node].memory_life;
}

// Nodes with a life that some document of the epoch has called in sync, and that holds the entry,
// or did when it ended: whom its leader may count. A memory that is there may lead yet, as
// `complete` names it.
uint32_t JournalTruth::InSyncCopiesOf(uint64_t index, Epoch epoch, Memories counted) const {
  auto known = fewest_.find(epoch);
  if (known == fewest_.end()) return 0;
  std::set<int> nodes;
  for (const auto& [name, life] : known->second.in_sync) {
    const int node = NodeNamed(name);
    if (node < 0) continue;
    const size_t n = static_cast<size_t>(node);
    if (counted == Memories::kThatAreThere && !MemoryIsThere(n, life)) continue;
    if (Has(views_[n], life, index)) nodes.insert(node);
  }
  return static_cast<uint32_t>(nodes.size());
}

// Its process has ended, and its memory may lead yet: it has every committed entry, or is gone.
void JournalTruth::CheckKeeps(const v1::ReplicaId& member) {
  const int node = NodeNamed(member.node());
  if (node < 0) return;
  const NodeView& view = views_[static_cast<size_t>(node)];
  const bool kept = MemoryIsThere(static_cast<size_t>(node), Incarnation(member.incarnation()));
  if (!kept || view.ended.value() != member.incarnation() || view.tail.empty()) return;
  if (entries_.empty() || Has(view, view.ended, entries_.size())) return;
  report_->Violation("I2: `complete` names ", ReplicaText(member), ", whose ring lacks entry ",
                     entries_.size());
}

}  // namespace ringjournal::cluster_sim
