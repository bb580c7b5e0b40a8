#include "tests/sim/log_model.h"

#include <algorithm>

#include "journal/base/check.h"
#include "journal/format/append_scan.h"

namespace ringjournal::sim {
namespace {

ModelEntry CopyOf(const RecordView& view) {
  return {std::string(AsView(view.record)), view.header};
}

// Compares what the disk holds with the model, entry by entry.
class DiskComparison : public RecoveryVisitor {
 public:
  DiskComparison(const std::vector<ModelEntry>& entries, Report* report)
      : entries_(entries), report_(report) {}
  void OnStart(const v1::StateSnapshot&) override {}
  void OnEntry(const RecordView& view) override {
    uint64_t i = view.header.index.value();
    if (i == 0 || i > entries_.size()) {
      report_->Violation("the disk holds entry ", i, ", the journal has ", entries_.size());
    } else if (AsView(view.record) != entries_[i - 1].record) {
      report_->Violation("entry ", i, " on disk has other bytes than the journal's");
    }
  }

 private:
  const std::vector<ModelEntry>& entries_;
  Report* report_;
};

}  // namespace

void LogModel::Observe(const Replica& replica) {
  const Ring& ring = replica.ring();
  Index next(entries_.size() + 1);
  if (ring.end().index < next) {
    report_->Violation("the ring ends at entry ", ring.end().index.value() - 1, ", published were ",
                       entries_.size());
    return;
  }
  std::optional<RingPlace> place = ring.Find(next);
  while (place.has_value() && place->index < ring.end().index) {
    Add(ring.Record(*place));
    place = ring.Next(*place);
  }
  Marks marks = replica.marks();
  oldest_held_ = marks.oldest.lsn;
  oldest_in_ring_ = ring.oldest().first_lsn;
  committed_ = std::max(committed_, marks.committed.lsn);
  committed_ever_ = std::max(committed_ever_, committed_);
  durable_claimed_ = std::max(durable_claimed_, marks.durable.index);
}

void LogModel::Add(const RecordView& trusted) {
  RecordView view;
  RecordVerdict verdict = ParseRecord(trusted.record, &view);
  if (verdict == RecordVerdict::kOk) verdict = VerifyBody(view);
  if (verdict != RecordVerdict::kOk) {
    report_->Violation("entry ", entries_.size() + 1, ": ", RecordVerdictText(verdict));
    return;
  }
  std::string wrong = position_.Advance(view);
  if (!wrong.empty()) report_->Violation("entry ", entries_.size() + 1, ": ", wrong);
  if (view.header.epoch.generation != generation_) {
    report_->Violation("entry ", view.header.index.value(), " is of generation ",
                       view.header.epoch.generation, ", the journal of ", generation_);
  }
  if (!entries_.empty() && view.header.log_time_ns < entries_.back().header.log_time_ns) {
    report_->Violation("log time goes back at entry ", view.header.index.value());
  }
  payloads_.Note(view);
  report_->Mix(view.header.chain);
  entries_.push_back(CopyOf(view));
}

Lsn LogModel::LsnBefore(Index index) const {
  uint64_t n = index.value() - 1;
  return n == 0 ? Lsn(1) : entries_[n - 1].header.next_lsn();
}

void LogModel::OnLoss(const v1::LossReport& loss, const Damage& damage, Machine* machine) {
  losses_.push_back(loss);
  report_->Trace("loss report: from entry ", loss.first_index(), ", LSN ", loss.first_lsn(),
                 ", known committed ", loss.known_committed_lsn(), "; the journal had ",
                 entries_.size(), " entries, on disk acknowledged ", acked_on_disk_.value());
  CheckLoss(loss, damage, *machine);
  if (report_->failed()) return;
  generation_ = loss.generation();
  CutTo(Index(loss.first_index()), true);
  machine->disk.ForgetCommitAbove(id_, loss.first_lsn() - 1);
}

void LogModel::CheckLoss(const v1::LossReport& loss, const Damage& damage, const Machine& machine) {
  Index first(loss.first_index());
  if (!damage.memory_lost) {
    report_->Violation("a new generation, although the ring was intact: ", loss.reason());
  }
  if (stopped_in_order_ && !damage.disk_damaged) {
    report_->Violation("a new generation after an orderly stop: ", loss.reason());
  }
  if (loss.generation() != generation_ + 1) {
    report_->Violation("generation ", loss.generation(), " follows ", generation_);
  }
  if (first == Index(0) || first.value() > entries_.size() + 1) {
    report_->Violation("the loss starts at entry ", first.value(), ", the journal had ",
                       entries_.size());
    return;
  }
  if (Lsn(loss.first_lsn()) != LsnBefore(first)) {
    report_->Violation("the loss starts at LSN ", loss.first_lsn(), ", but entry ", first.value(),
                       " starts at ", LsnBefore(first).value());
  }
  bool disk_lost = acked_on_disk_ >= first || durable_claimed_ >= first;
  // Damage in the newest group cannot be told from a torn tail: nothing shows that it was synced.
  if (disk_lost && !damage.disk_damaged) {
    report_->Violation("entries from ", first.value(), " on are lost, acknowledged as on disk was ",
                       acked_on_disk_.value(), ", claimed durable ", durable_claimed_.value(),
                       ": the disk had it all");
  }
  // Groups of an earlier generation may still say what was committed then.
  if (loss.known_committed_lsn() > committed_ever_.value() + 1) {
    report_->Violation("the loss report knows LSN ", loss.known_committed_lsn() - 1,
                       " as committed, the truth is ", committed_ever_.value());
  }
  if (loss.known_committed_lsn() <= machine.disk.durable_commit_lsn(id_) && !damage.disk_damaged) {
    report_->Violation("the loss report knows only LSN ", loss.known_committed_lsn() - 1,
                       " as committed, a synced group says ", machine.disk.durable_commit_lsn(id_));
  }
  bool certain = loss.replicated() == v1::LOSS_VERDICT_CERTAIN;
  if (certain != (loss.known_committed_lsn() > loss.first_lsn())) {
    report_->Violation("verdict ", v1::LossVerdict_Name(loss.replicated()), " for a loss from ",
                       loss.first_lsn(), " with ", loss.known_committed_lsn(), " known committed");
  }
  if (!certain && loss.replicated() != v1::LOSS_VERDICT_POSSIBLE) {
    report_->Violation("no evidence of loss is called no loss");
  }
}

// Entries from `next` on are gone.
void LogModel::CutTo(Index next, bool was_loss) {
  Lsn lsn = LsnBefore(next);
  while (entries_.size() + 1 > next.value()) {
    if (was_loss) {
      uint64_t index = entries_.size();
      lost_.emplace(index, std::move(entries_.back()));
    }
    entries_.pop_back();
  }
  payloads_.CutFrom(lsn);
  position_ = LogPosition();
  if (!entries_.empty()) {
    const EntryHeader& h = entries_.back().header;
    position_ = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
  }
  for (Index* mark : {&durable_claimed_, &acked_, &acked_on_disk_, &seen_}) {
    *mark = std::min(*mark, next.prev());
  }
  committed_ = std::min(committed_, lsn.prev());
}

void LogModel::OnStarted(const Replica& replica, const Damage& damage) {
  Index first_new = replica.ring().end().index.prev();  // of the epoch start
  Index expected(entries_.size() + 1);
  if (first_new < expected && damage.memory_damaged) {
    if (first_new <= acked_ || first_new <= seen_) {
      report_->Violation("the ring was cut to entry ", first_new.value() - 1, ", acknowledged was ",
                         acked_.value(), ", read was ", seen_.value());
      return;
    }
    CutTo(first_new, false);
  } else if (first_new < expected) {
    report_->Violation("the new process serves ", first_new.value() - 1, " entries of ",
                       entries_.size(), " that were published");
    return;
  } else if (first_new > expected && !damage.inside_step) {
    report_->Violation("the new process serves entries up to ", first_new.value() - 1,
                       ", published were ", entries_.size());
  }
  CompareRing(replica);
  Observe(replica);
  if (!entries_.empty() && entries_.back().header.kind != v1::ENTRY_KIND_EPOCH_START) {
    report_->Violation("the new leader's first entry is not an epoch start");
  }
}

void LogModel::CompareRing(const Replica& replica) {
  const Ring& ring = replica.ring();
  for (RingPlace p = ring.oldest(); p.index < ring.end().index; p = ring.Next(p)) {
    if (p.index.value() > entries_.size()) return;
    if (AsView(ring.Record(p).record) == entries_[p.index.value() - 1].record) continue;
    report_->Violation("entry ", p.index.value(), " in the ring has other bytes than before");
    return;
  }
}

std::string LogModel::CheckDisk(const Replica& replica, Machine* machine) {
  if (replica.memory_only()) return "";
  std::vector<SegmentFile> files = machine->disk.ListSegments(id_);
  DiskRecoveryOptions options;
  options.journal = id_;
  DiskComparison comparison(entries_, report_);
  auto bytes = [&](size_t i) { return machine->disk.ReadSegment(files[i].name); };
  DiskRecovery found = RecoverDisk(files, bytes, options, &comparison);
  if (durable_claimed_ < found.end.next_index) return "";
  return absl::StrCat("entry ", durable_claimed_.value(),
                      " was called durable, the disk ends with ", found.end.next_index.value() - 1,
                      ": ", found.sentence);
}

const ModelEntry* LogModel::FindByChain(Index index, uint64_t chain, bool* lost) const {
  uint64_t i = index.value();
  *lost = false;
  if (i > 0 && i <= entries_.size() && entries_[i - 1].header.chain == chain) {
    return &entries_[i - 1];
  }
  *lost = true;
  for (auto [it, end] = lost_.equal_range(i); it != end; ++it) {
    if (it->second.header.chain == chain) return &it->second;
  }
  return nullptr;
}

const ModelEntry* LogModel::FindByEpoch(Index index, Epoch epoch, bool* lost) const {
  uint64_t i = index.value();
  *lost = false;
  if (i > 0 && i <= entries_.size() && entries_[i - 1].header.epoch == epoch) {
    return &entries_[i - 1];
  }
  *lost = true;
  for (auto [it, end] = lost_.equal_range(i); it != end; ++it) {
    if (it->second.header.epoch == epoch) return &it->second;
  }
  return nullptr;
}

void LogModel::OnAck(const client::AppendReceipt& receipt, ByteSpan run) {
  bool lost = false;
  const ModelEntry* entry = FindByChain(receipt.index, receipt.chain, &lost);
  if (entry == nullptr) {
    report_->Violation("an acknowledgement names entry ", receipt.index.value(),
                       " with a chain hash that the journal never had there");
    return;
  }
  if (entry->header.first_lsn != receipt.first_lsn || entry->header.count != receipt.count) {
    report_->Violation("an acknowledgement says LSN ", receipt.first_lsn.value(), ", entry ",
                       receipt.index.value(), " starts at ", entry->header.first_lsn.value());
  }
  if (std::string_view(entry->record).substr(kRecordOverheadBytes) != AsView(run)) {
    report_->Violation("entry ", receipt.index.value(), " was acknowledged for other bytes");
  }
  bool on_disk = receipt.level >= client::Level::kDisk;
  if (lost) {
    if (on_disk && !losses_.empty() && losses_.back().disk() == v1::LOSS_VERDICT_NONE) {
      report_->Violation("entry ", receipt.index.value(), " was acknowledged as on disk and lost");
    }
    return;
  }
  acked_ = std::max(acked_, receipt.index);
  if (on_disk) acked_on_disk_ = std::max(acked_on_disk_, receipt.index);
}

void LogModel::OnRead(const client::ReadTransaction& t) {
  bool lost = false;
  const ModelEntry* entry = FindByEpoch(t.index, t.epoch, &lost);
  if (entry == nullptr) {
    report_->Violation("a reader got entry ", t.index.value(), " of epoch ", t.epoch.generation,
                       "/", t.epoch.epoch, ", which the journal never had");
    return;
  }
  if (!lost) {
    if (t.lsn > committed_) {
      report_->Violation("a reader got LSN ", t.lsn.value(), ", committed is ", committed_.value());
    }
    seen_ = std::max(seen_, t.index);
  }
  TransactionCursor cursor(AsBytes(entry->record).subspan(kRecordOverheadBytes));
  ByteSpan transaction;
  Lsn lsn = entry->header.first_lsn;
  while (cursor.Next(&transaction) && lsn < t.lsn) lsn = lsn.next();
  if (lsn != t.lsn || AsView(transaction) != AsView(t.encoded)) {
    report_->Violation("a reader got other bytes for LSN ", t.lsn.value());
  }
}

}  // namespace ringjournal::sim
