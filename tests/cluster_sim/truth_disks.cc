// What is on disks, and what clients are told of that.
#include <algorithm>

#include "server/config_store/document.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {
// What lies above the committed entries may be cut whenever the replica gets another leader or
// process; what it still has, its mark still covers. After a restart within one epoch its disk had
// those entries, and may have lost them: the leader counts them until it knows of the restart.
void JournalTruth::NoteDurable(Index durable, Epoch epoch, NodeView* view) {
  const bool unknown = view->epoch == Epoch() && view->ended_epoch == StoredEpoch();
  const bool may_be_cut = epoch != view->epoch || durable < view->durable_seen;
  view->durable_seen = durable;
  if (may_be_cut && !unknown) view->durable_before = Index();
  if (may_be_cut && unknown && view->durable_before < view->durable_max) {
    view->durable_before = view->durable_max;
    view->before_life = view->ended;
  }
  if (may_be_cut) view->durable_max = std::min(view->durable_max, Index(entries_.size()));
  // Of an older generation: its entries are not those that stand there now.
  if (epoch.generation != generation_) return;
  view->durable_max = std::max(view->durable_max, durable);
}

// From now on what was on its disk before counts for what has been committed only: an
// acknowledgement of that may be on its way.
void JournalTruth::SettleMark(NodeView* view) {
  const Index told = std::min(view->durable_before, Index(entries_.size()));
  view->durable_max = std::max(view->durable_max, told);
  view->durable_before = Index();
}

// The leader has read that these nodes have restarted: it counts what their new lives say.
void JournalTruth::SettleMarks(const v1::ConfigDocument& known) {
  for (size_t n = 0; n < views_.size(); ++n) {
    if (views_[n].durable_before == Index()) continue;
    const v1::NodeRegistration* registered = FindNode(known, nodes_[n]);
    if (registered == nullptr || registered->incarnation() <= views_[n].before_life.value())
      continue;
    SettleMark(&views_[n]);
  }
}

// I12: an entry counts as on a disk only once the start of the epoch that answers is there as well.
Index JournalTruth::DurableFloor(const client::AppendReceipt& receipt) const {
  auto start = epoch_starts_.find(receipt.epoch);
  return start == epoch_starts_.end() ? receipt.index : std::max(receipt.index, start->second);
}

// I12 and I14 for what the acknowledgement says of disks. A majority need not have the leader in
// it.
void JournalTruth::CheckDiskLevels(const client::AppendReceipt& receipt, client::Level asked) {
  using client::Level;
  if (asked == Level::kDisk || receipt.level == Level::kDisk) NoteLeadersDisk(receipt);
  if (receipt.level < Level::kDiskQuorum) return;
  int disks = 0;
  for (const NodeView& v : views_) {
    disks += std::max(v.durable_max, v.durable_before) >= DurableFloor(receipt);
  }
  if (2 * disks <= FewestIn(receipt.epoch).members) {
    report_->Violation("I14: entry ", receipt.index.value(), " was acknowledged at disk_quorum, ",
                       disks, " of ", FewestIn(receipt.epoch).members, " disks have it");
  }
  if (receipt.index < quorum_word_) return;
  quorum_word_ = receipt.index;
  quorum_disk_lives_ = disks_of_[receipt.epoch];
  quorum_members_ = static_cast<int>(FewestIn(receipt.epoch).members);
}

void JournalTruth::NoteLeadersDisk(const client::AppendReceipt& receipt) {
  auto led = leaders_.find(receipt.epoch);
  if (led == leaders_.end()) {
    report_->Violation("I1: an acknowledgement of epoch ", EpochText(receipt.epoch),
                       ", which nobody has led");
    return;
  }
  const uint32_t leader = led->second.first;
  const NodeView& view = views_[leader];
  bool still_there = view.replica != nullptr && view.incarnation == led->second.second;
  if (still_there && view.epoch == receipt.epoch && view.durable_seen < DurableFloor(receipt)) {
    report_->Violation("I14: entry ", receipt.index.value(), " was acknowledged as on the disk of ",
                       nodes_[leader], ", which is durable up to ", view.durable_seen.value(),
                       "; its epoch begins at entry ", epoch_starts_[receipt.epoch].value());
  }
  if (disks_of_[receipt.epoch][leader] != wear_[leader].disk_life) return;
  DiskWord* word = &disk_words_[leader];
  if (word->disk_life != wear_[leader].disk_life) word->index = Index();
  word->index = std::max(word->index, receipt.index);
  word->disk_life = wear_[leader].disk_life;
}

}  // namespace ringjournal::cluster_sim
