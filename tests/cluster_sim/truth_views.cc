// What the replicas show at the end of a run.
#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "journal/recovery/disk_recovery.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {

namespace {

// After a cut so many rises of `durable` are checked: by then what was in flight is over.
constexpr uint32_t kRisesAfterCut = 4;

// Compares what a disk holds with what it should, as `differs` tells.
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

// `replay_bytes` as of a recovery: 0 for everything. `differs` is asked up to what is durable.
void JournalTruth::CompareDisk(uint32_t node, sim::SimDisk* disk, uint64_t replay_bytes,
                               EntryDiffers differs) const {
  const Replica* replica = views_[node].replica;
  if (replica == nullptr || replica->memory_only()) return;
  const JournalId id = replica->options().id;
  const Index durable = replica->marks().durable.index;
  std::vector<SegmentFile> files = disk->ListSegments(id);
  DiskRecoveryOptions options;
  options.journal = id;
  options.replay_bytes = replay_bytes;
  DiskComparison comparison(
      [&](const RecordView& view) { return view.header.index <= durable && differs(view); });
  auto bytes = [&](size_t i) { return disk->ReadSegment(files[i].name); };
  DiskRecovery found = RecoverDisk(files, bytes, options, &comparison);
  if (found.end.next_index <= durable) {
    report_->Violation("disk: ", nodes_[node], " calls entry ", durable.value(),
                       " durable, its disk ends with ", found.end.next_index.value() - 1, ": ",
                       found.sentence);
  }
  if (comparison.first_wrong() == Index()) return;
  report_->Violation("disk: entry ", comparison.first_wrong().value(), " on the disk of ",
                     nodes_[node], " is durable and has other bytes than ",
                     replay_bytes == 0 ? "were committed" : "its log");
}

void JournalTruth::CheckDisk(uint32_t node, sim::SimDisk* disk) const {
  CompareDisk(node, disk, 0, [&](const RecordView& view) {
    const uint64_t i = view.header.index.value();
    return i <= entries_.size() && AsView(view.record) != entries_[i - 1].record;
  });
}

// A log is cut when its replica gets another leader, and what follows may come in the same step.
void JournalTruth::NoteCut(const Marks& marks, Epoch epoch, NodeView* view) const {
  if (epoch != view->epoch || marks.end.index < view->end) view->rises_to_check = kRisesAfterCut;
  if (marks.durable.index <= view->durable_seen || view->rises_to_check == 0) return;
  --view->rises_to_check;
  view->disk_is_due = true;
}

void JournalTruth::CheckDiskAfterCut(uint32_t node, sim::SimDisk* disk) {
  if (!std::exchange(views_[node].disk_is_due, false)) return;
  const Ring& ring = views_[node].replica->ring();
  CompareDisk(node, disk, 1, [&](const RecordView& view) {
    std::optional<RingPlace> own = ring.Find(view.header.index);
    return own.has_value() && ring.Record(*own).header.chain != view.header.chain;
  });
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
