// What the replicas show at the end of a run.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {

// Without a disk a replica that has begun anew has only what came after; a reader may have met it
// while it led, or still thought so.
bool JournalTruth::AReplicaKeepsNothing() const {
  if (!config_.settings().memory_only()) return oldest_kept() == next_lsn();
  return std::any_of(views_.begin(), views_.end(), [&](const NodeView& view) {
    return view.replica != nullptr && view.replica->marks().oldest.lsn == next_lsn();
  });
}

std::string JournalTruth::DescribeViews() const {
  std::string text;
  for (size_t i = 0; i < views_.size(); ++i) {
    if (views_[i].replica == nullptr) continue;
    const Marks marks = views_[i].replica->marks();
    absl::StrAppend(&text, nodes_[i], views_[i].leads ? " (leads)" : "", ": oldest ",
                    marks.oldest.index.value(), ", durable ", marks.durable.index.value(),
                    ", committed ", marks.committed.index.value(), ", end ",
                    marks.end.index.value(), "; ");
  }
  return text;
}

std::string JournalTruth::WhyNotConverged() const {
  if (!config_.has_leader()) return "nobody leads";
  if (config_.isr_size() != config_.members_size()) {
    return absl::StrCat("in sync are ", config_.isr_size(), " of ", config_.members_size());
  }
  for (const v1::ReplicaId& member : config_.isr()) {
    int node = NodeNamed(member.node());
    const NodeView& view = views_[static_cast<size_t>(node)];
    if (view.replica == nullptr) return absl::StrCat(member.node(), " has no replica");
    if (view.end.value() != entries_.size() || view.committed.value() != entries_.size()) {
      return absl::StrCat(member.node(), " ends at entry ", view.end.value(), ", committed ",
                          view.committed.value(), ", others have committed ", entries_.size());
    }
  }
  return "";
}

}  // namespace ringjournal::cluster_sim
