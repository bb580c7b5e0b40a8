// Planned changes against their rules: a handover leaves nothing behind, and who leaves the members
// has left the in-sync set before.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/config_store/document.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {

// Before the change is stored as the truth.
void JournalTruth::CheckPlanned(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  for (const v1::ReplicaId& member : before.isr()) {
    if (Names(after.members(), member.node())) continue;
    report_->Violation("members: ", ReplicaText(member),
                       " left them while it was in the in-sync set");
  }
  const Epoch epoch{after.generation(), after.epoch()};
  auto [fewest, is_new] = fewest_.try_emplace(epoch, after.members_size(), after.target_copies());
  if (is_new && before.epoch() == after.epoch()) {
    fewest->second = {before.members_size(), before.target_copies()};
  }
  fewest->second.members = std::min(fewest->second.members, after.members_size());
  fewest->second.target = std::min(fewest->second.target, after.target_copies());
  int* widest = &fewest->second.widest;
  *widest = is_new ? after.isr_size() : std::max(*widest, after.isr_size());
  if (before.epoch() == after.epoch()) *widest = std::max(*widest, before.isr_size());
  for (const v1::JournalConfig* config : {&before, &after}) {
    if (config->epoch() != after.epoch()) continue;
    for (const v1::ReplicaId& id : config->isr()) {
      fewest->second.in_sync.insert({id.node(), Incarnation(id.incarnation())});
    }
  }
  CheckHandover(before, after);
}

// Another leads, and who led has made the change: a handover.
void JournalTruth::CheckHandover(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  if (!before.has_leader() || !after.has_leader() || before.epoch() == after.epoch()) return;
  if (before.generation() != after.generation()) return;
  const ReplicaName old = AsReplica(before.leader()), next = AsReplica(after.leader());
  const std::string by = absl::StrCat(before.leader().node(), "-", old.incarnation.value(), "-");
  if (old == next || after.change_id().compare(0, by.size(), by) != 0) return;
  ++handovers_;
  // A leader that stops leaves the in-sync set in this change, but not where min_isr needs it: what
  // was acknowledged would be in fewer memories that count.
  const bool leaves = after.isr_size() < before.isr_size();
  if (leaves && static_cast<uint32_t>(after.isr_size()) < after.min_isr()) {
    report_->Violation("handover: with ", ReplicaText(old), " gone ", after.isr_size(),
                       " are in sync, min_isr is ", after.min_isr());
  }
  const NodeView* from = LivingView(before.leader());
  const NodeView* to = LivingView(after.leader());
  if (from == nullptr || to == nullptr) return;  // dead since it was asked for
  const LogPosition& was = from->replica->derived().position();
  const LogPosition& has = to->replica->derived().position();
  if (has.next_index == was.next_index && has.chain == was.chain) return;
  report_->Violation("handover: the log of ", ReplicaText(old), " ends at entry ",
                     was.last().index.value(), ", that of ", ReplicaText(next),
                     ", which leads from now on, at entry ", has.last().index.value());
}

const JournalTruth::NodeView* JournalTruth::LivingView(const v1::ReplicaId& id) const {
  const int node = NodeNamed(id.node());
  if (node < 0) return nullptr;
  const NodeView& view = views_[static_cast<size_t>(node)];
  bool lives = view.replica != nullptr && view.incarnation.value() == id.incarnation();
  return lives ? &view : nullptr;
}

// What its majorities and copies had to be, at least, while an acknowledgement of the epoch may
// have left.
JournalTruth::Fewest JournalTruth::FewestIn(Epoch epoch) const {
  auto it = fewest_.find(epoch);
  return it != fewest_.end() ? it->second : Fewest(config_.members_size(), config_.target_copies());
}

void JournalTruth::OnRetired(uint32_t node) { views_[node] = views_[node].AfterEnd(); }

}  // namespace ringjournal::cluster_sim
