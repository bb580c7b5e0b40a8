// Replicas and clients against the truth; losses: truth_losses.cc.
#include "tests/cluster_sim/journal_truth.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/format/append_scan.h"
#include "journal/format/entry_layout.h"
#include "server/config_store/document.h"

namespace ringjournal::cluster_sim {
namespace {

std::string LevelText(client::Level level) { return std::string(client::LevelName(level)); }

// The chain hash of an entry in a replica's ring. False: it is not there.
bool ChainAt(const Replica& replica, Index index, uint64_t* chain) {
  std::optional<RingPlace> place = replica.ring().Find(index);
  if (!place.has_value()) return false;
  *chain = replica.ring().Record(*place).header.chain;
  return true;
}

}  // namespace

JournalTruth::JournalTruth(const v1::JournalConfig& config, std::vector<std::string> nodes,
                           Report* report)
    : config_(config),
      nodes_(std::move(nodes)),
      report_(report),
      payloads_(report),
      views_(nodes_.size()),
      wear_(nodes_.size()),
      disk_words_(nodes_.size()) {}

int JournalTruth::NodeNamed(std::string_view name) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i] == name) return static_cast<int>(i);
  }
  return -1;
}

// ---- replicas ----

void JournalTruth::Observe(uint32_t node, Incarnation incarnation, const Replica& replica,
                           const v1::ConfigDocument& known) {
  NodeView* view = &views_[node];
  const Epoch epoch = replica.options().epoch;
  const Marks marks = replica.marks();
  if (view->replica != &replica || view->incarnation != incarnation) {
    *view = view->AfterEnd();
    view->replica = &replica;
    view->incarnation = incarnation;
    memory_of_[{nodes_[node], incarnation.value()}] = wear_[node].memory_life;
  }
  newest_fence_ = std::max(newest_fence_, replica.derived().writer().epoch);
  newest_generation_ = std::max(newest_generation_, epoch.generation);
  NoteCut(marks, epoch, view);
  if (replica.leads() && epoch == StoredEpoch()) SettleMarks(known);
  view->end = marks.end.index;
  CheckOverwritten(node, replica, view);
  NoteDurable(marks.durable.index, epoch, view);
  if (epoch.generation != generation_) {
    view->committed = Index();  // I5 is per generation
    // One that was declared lost, and goes on: what it calls committed may be remembered.
    if (epoch.generation < generation_ && replica.leads()) {
      committed_ever_ = std::max(committed_ever_, marks.committed.lsn);
    }
    view->leads = false;
    view->epoch = epoch;
    return;
  }
  bool starts = replica.leads() && (!view->leads || epoch != view->epoch);
  view->epoch = epoch;
  view->leads = replica.leads();
  if (starts) OnLeads(node, *view);
  if (marks.committed.index == view->committed) return;
  if (marks.committed.index < view->committed) {
    report_->Violation("I5: committed falls from entry ", view->committed.value(), " to ",
                       marks.committed.index.value(), " on ", nodes_[node], "/",
                       incarnation.value());
    return;
  }
  view->committed = marks.committed.index;
  OnCommitted(node, *view);
}

// I13: what a leader's ring gives up is committed, and on its disk if it has one. A backup may
// begin anew at a later entry.
void JournalTruth::CheckOverwritten(uint32_t node, const Replica& replica, NodeView* view) {
  const Marks marks = replica.marks();
  const bool led_before = view->leads && view->epoch == replica.options().epoch;
  const Index gone = marks.oldest.index.prev();
  const Index before = view->oldest;
  view->oldest = marks.oldest.index;
  if (!replica.leads() || !led_before || marks.oldest.index <= before) return;
  Index allowed = marks.committed.index;
  if (!replica.memory_only()) allowed = std::min(allowed, marks.durable.index);
  if (gone <= allowed) return;
  report_->Violation("I13: the ring of ", nodes_[node], " has given up entry ", gone.value(),
                     ", committed is ", marks.committed.index.value(), ", durable ",
                     marks.durable.index.value());
}

void JournalTruth::OnProcessEnd(uint32_t node) {
  NodeView* view = &views_[node];
  if (view->replica != nullptr) {
    const Ring& ring = view->replica->ring();
    view->ended = view->incarnation;
    view->tail_from = ring.oldest().index;
    view->tail.clear();
    for (RingPlace p = ring.oldest(); p.index < ring.end().index; p = ring.Next(p)) {
      view->tail.push_back(ring.Record(p).header.chain);
    }
  }
  *view = view->AfterEnd();
}

void JournalTruth::OnLeads(uint32_t node, const NodeView& view) {
  report_->Trace(nodes_[node], "/", view.incarnation.value(), " leads ", config_.name(),
                 " in epoch ", EpochText(view.epoch), ", log ends at ", view.end.value());
  auto [it, first] = leaders_.try_emplace(view.epoch, node, view.incarnation);
  if (first) {
    for (const NodeWear& w : wear_) disks_of_[view.epoch].push_back(w.disk_life);
    epoch_starts_[view.epoch] = FirstOfEpoch(*view.replica, view.epoch);
  }
  if (!first && it->second != std::make_pair(node, view.incarnation)) {
    report_->Violation("I1: epoch ", EpochText(view.epoch), " is led by ", nodes_[it->second.first],
                       "/", it->second.second.value(), " and by ", nodes_[node], "/",
                       view.incarnation.value());
  }
  // What somebody proposes is no change yet.
  const Epoch stored = StoredEpoch();
  if (stored < view.epoch) {
    report_->Violation("I1: ", nodes_[node], "/", view.incarnation.value(), " leads epoch ",
                       EpochText(view.epoch), ", and the document has come to epoch ",
                       EpochText(stored));
  }
  // Who learns late that it has won may lack what a later leader has committed; it commits nothing.
  bool is_newest = view.epoch == stored;
  if (!is_newest) return;
  for (NodeView& v : views_) SettleMark(&v);
  std::string lacks = WhyLacks(*view.replica, entries_.size());
  if (!lacks.empty()) {
    report_->Violation("I6: ", nodes_[node], " leads in epoch ", EpochText(view.epoch), ", but ",
                       lacks);
  }
}

// Where the newest entries of its ring that are of this epoch begin.
Index JournalTruth::FirstOfEpoch(const Replica& replica, Epoch epoch) {
  const Ring& ring = replica.ring();
  Index first = ring.end().index;
  while (first > ring.oldest().index) {
    std::optional<RingPlace> place = ring.Find(first.prev());
    if (!place.has_value() || ring.Record(*place).header.epoch != epoch) break;
    first = first.prev();
  }
  return first;
}

// Empty if the replica's log has the committed entry `index`, and with it all below.
std::string JournalTruth::WhyLacks(const Replica& replica, uint64_t index) const {
  if (index == 0) return "";
  Index end = replica.ring().end().index;
  if (end.value() <= index) {
    return absl::StrCat("its log ends at entry ", end.value() - 1, ", committed is ", index);
  }
  uint64_t chain = 0;
  if (!ChainAt(replica, Index(index), &chain)) return "";  // below its ring: on its disk
  if (chain == entries_[index - 1].header.chain) return "";
  return absl::StrCat("its entry ", index, " is not the one that was committed");
}

void JournalTruth::OnCommitted(uint32_t node, const NodeView& view) {
  const uint64_t known = entries_.size();
  const uint64_t common = std::min(known, view.committed.value());
  std::string lacks = WhyLacks(*view.replica, common);
  if (!lacks.empty()) {
    report_->Violation("I4: ", nodes_[node], " has committed up to entry ", view.committed.value(),
                       ", but ", lacks);
    return;
  }
  if (view.committed.value() <= known) return;
  const Ring& ring = view.replica->ring();
  BringBack(node, ring);
  std::optional<RingPlace> place = ring.Find(Index(entries_.size() + 1));
  if (!place.has_value()) {
    report_->Violation("I4: ", nodes_[node], " has committed entry ", view.committed.value(),
                       ", its ring lacks entry ", known + 1, ", which nobody had committed");
    return;
  }
  for (; place->index <= view.committed && !report_->failed(); place = ring.Next(*place)) {
    if (place->index >= ring.end().index) {
      report_->Violation("I4: ", nodes_[node], " has committed entry ", view.committed.value(),
                         ", its log ends before");
      return;
    }
    Add(node, ring.Record(*place));
  }
  CheckHolders();
}

void JournalTruth::Add(uint32_t node, const RecordView& trusted) {
  RecordView view;
  RecordVerdict verdict = ParseRecord(trusted.record, &view);
  if (verdict == RecordVerdict::kOk) verdict = VerifyBody(view);
  if (verdict != RecordVerdict::kOk) {
    report_->Violation("record: entry ", entries_.size() + 1, " on ", nodes_[node], ": ",
                       RecordVerdictText(verdict));
    return;
  }
  std::string wrong = position_.Advance(view);
  if (!wrong.empty()) {
    report_->Violation("I4: entry ", entries_.size() + 1, " as ", nodes_[node],
                       " has committed it: ", wrong);
  }
  if (view.header.epoch.generation > generation_) {
    report_->Violation("I11: entry ", view.header.index.value(), " is of generation ",
                       view.header.epoch.generation, ", the journal of ", generation_);
  }
  if (!entries_.empty() && view.header.log_time_ns < entries_.back().header.log_time_ns) {
    report_->Violation("log time: it goes back at entry ", view.header.index.value());
  }
  payloads_.Note(view);
  NoteWriter(view);
  report_->Mix(view.header.chain);
  entries_.push_back({std::string(AsView(view.record)), view.header});
  Entry* entry = &entries_.back();
  if (config_.min_isr() > 1) entry->copies = CopiesOf(entries_.size());
  if (config_.degraded_policy() != v1::DEGRADED_POLICY_MEMORY) {
    entry->in_sync_copies =
        InSyncCopiesOf(entries_.size(), views_[node].epoch, Memories::kThatHadIt);
  }
  committed_ever_ = std::max(committed_ever_, position_.last().lsn);
}

// ---- clients ----

const JournalTruth::Entry* JournalTruth::FindLost(Index index, uint64_t chain) const {
  for (auto [it, end] = lost_.equal_range(index.value()); it != end; ++it) {
    if (it->second.header.chain == chain) return &it->second;
  }
  return nullptr;
}

void JournalTruth::OnAck(const client::AppendReceipt& receipt, client::Level asked, ByteSpan run) {
  if (receipt.level < client::Level::kReplicated) return;
  const uint64_t i = receipt.index.value();
  const Entry* entry = i > 0 && i <= entries_.size() ? &entries_[i - 1] : nullptr;
  bool in_log = entry != nullptr && entry->header.chain == receipt.chain;
  if (!in_log) entry = FindLost(receipt.index, receipt.chain);
  if (entry == nullptr && WasDeclaredLost(receipt.epoch, receipt.index)) return;
  if (entry == nullptr) {
    report_->Violation("I14: an acknowledgement at level ", LevelText(receipt.level),
                       " names entry ", i, ", committed is ", entries_.size(),
                       i <= entries_.size() ? " with another chain hash there" : "");
    return;
  }
  if (entry->header.first_lsn != receipt.first_lsn || entry->header.count != receipt.count) {
    report_->Violation("I14: an acknowledgement says LSN ", receipt.first_lsn.value(), ", entry ",
                       i, " starts at ", entry->header.first_lsn.value());
  }
  if (std::string_view(entry->record).substr(kRecordOverheadBytes) != AsView(run)) {
    report_->Violation("I14: entry ", i, " was acknowledged for other bytes");
  }
  if (!in_log) return;
  // A duplicate may be answered by a later leader, which knows of fewer copies; and a copy may have
  // ended since it was counted.
  bool too_few = receipt.memory_copies < config_.min_isr() && entry->copies < config_.min_isr();
  if (!receipt.duplicate && too_few) {
    report_->Violation("I3: entry ", i, " was acknowledged at level ", LevelText(receipt.level),
                       " with ", receipt.memory_copies, " copies, min_isr is ", config_.min_isr());
  }
  // Below target_copies, and by the policy `disk`, it is on the leader's disk. Where so many had it
  // when it was committed, or have it now, one may have started again since then, and is not
  // counted yet. A copy that no document of the epoch has called in sync counts for nobody who
  // recovers.
  auto led = leaders_.find(receipt.epoch);
  const Fewest fewest = FewestIn(receipt.epoch);
  uint32_t copies = std::max(receipt.memory_copies, entry->in_sync_copies);
  if (copies < fewest.target)
    copies = std::max(copies, InSyncCopiesOf(i, receipt.epoch, Memories::kThatAreThere));
  const uint32_t counted = std::min(copies, static_cast<uint32_t>(fewest.widest));
  const bool degraded = !receipt.duplicate && counted < fewest.target;
  if (degraded && config_.degraded_policy() == v1::DEGRADED_POLICY_BLOCK) {
    report_->Violation("I14: entry ", i, " was acknowledged with ", receipt.memory_copies,
                       " copies of ", FewestIn(receipt.epoch).target,
                       ", and the policy is `block`");
  }
  bool needs_disk =
      degraded && config_.degraded_policy() == v1::DEGRADED_POLICY_DISK && led != leaders_.end();
  if (needs_disk && views_[led->second.first].durable_max < DurableFloor(receipt)) {
    report_->Violation("I14: entry ", i, " was acknowledged with ", receipt.memory_copies,
                       " copies of ", FewestIn(receipt.epoch).target,
                       ", and is not on the disk of ", nodes_[led->second.first], ", its leader");
  }
  for (int level = 2; level <= static_cast<int>(receipt.level); ++level) {
    acked_[level] = std::max(acked_[level], receipt.index);
  }
  known_lsn_ = std::max(known_lsn_, receipt.last_lsn());
  // What a report has declared lost since its holders may lose as well; that is told.
  if (!WasDeclaredLost(receipt.epoch, receipt.index)) CheckDiskLevels(receipt, asked);
}

Lsn JournalTruth::oldest_in_ring() const {
  for (const NodeView& view : views_) {
    if (view.replica != nullptr && view.leads) return view.replica->ring().oldest().first_lsn;
  }
  return Lsn();
}

void JournalTruth::OnRead(const client::ReadTransaction& t) {
  const uint64_t i = t.index.value();
  const Entry* entry = i > 0 && i <= entries_.size() ? &entries_[i - 1] : nullptr;
  if (entry == nullptr || entry->header.chain != t.chain) entry = FindLost(t.index, t.chain);
  if (entry == nullptr && WasDeclaredLost(t.epoch, t.index)) return;
  if (entry == nullptr) {
    report_->Violation("I10: a reader got entry ", i, " of epoch ", EpochText(t.epoch),
                       ", committed is ", entries_.size());
    return;
  }
  TransactionCursor cursor(AsBytes(entry->record).subspan(kRecordOverheadBytes));
  ByteSpan transaction;
  Lsn lsn = entry->header.first_lsn;
  while (cursor.Next(&transaction) && lsn < t.lsn) lsn = lsn.next();
  if (lsn != t.lsn || AsView(transaction) != AsView(t.encoded)) {
    report_->Violation("I10: a reader got other bytes for LSN ", t.lsn.value());
  }
  const bool lost = i > entries_.size() || entries_[i - 1].header.chain != t.chain;
  if (!lost) known_lsn_ = std::max(known_lsn_, lsn);
}

}  // namespace ringjournal::cluster_sim
