// What the replicas show at the end of a run.
#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/recovery/disk_recovery.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {

namespace {

// Compares what a disk holds with what was committed, up to the entry that is called durable.
class DiskComparison : public RecoveryVisitor {
 public:
  using Differs = std::function<bool(const RecordView& view)>;
  explicit DiskComparison(Differs differs) : differs_(std::move(differs)) {}
  void OnStart(const v1::StateSnapshot&) override {}
  void OnEntry(const RecordView& view) override {
    if (first_wrong_ == Index() && differs_(view)) first_wrong_ = view.header.index;
  }
  // 0: none.
  Index first_wrong() const { return first_wrong_; }

 private:
  Differs differs_;
  Index first_wrong_;
};

}  // namespace

void JournalTruth::CheckDisk(uint32_t node, sim::SimDisk* disk) const {
  const Replica* replica = views_[node].replica;
  if (replica == nullptr || replica->memory_only()) return;
  const JournalId id = replica->options().id;
  const Index durable = replica->marks().durable.index;
  std::vector<SegmentFile> files = disk->ListSegments(id);
  DiskRecoveryOptions options;
  options.journal = id;
  DiskComparison comparison([&](const RecordView& view) {
    const uint64_t i = view.header.index.value();
    return i <= durable.value() && i <= entries_.size() &&
           AsView(view.record) != entries_[i - 1].record;
  });
  auto bytes = [&](size_t i) { return disk->ReadSegment(files[i].name); };
  DiskRecovery found = RecoverDisk(files, bytes, options, &comparison);
  if (found.end.next_index <= durable) {
    report_->Violation("disk: ", nodes_[node], " calls entry ", durable.value(),
                       " durable, its disk ends with ", found.end.next_index.value() - 1, ": ",
                       found.sentence);
  }
  if (comparison.first_wrong() == Index()) return;
  report_->Violation("disk: entry ", comparison.first_wrong().value(), " on the disk of ",
                     nodes_[node], " is durable and has other bytes than were committed");
}

bool JournalTruth::AReplicaKeepsNothing() const {
  return config_.settings().memory_only() &&
         std::any_of(views_.begin(), views_.end(), [&](const NodeView& view) {
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
