// A change of generation against the truth table of replication.md section 8.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/format/entry_layout.h"
#include "server/config_store/document.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {
namespace {

// An operator has taken it upon himself that nothing of the node is left.
bool IsDeclaredLost(const v1::LossReport& loss, const std::string& node) {
  return std::count(loss.declared_lost().begin(), loss.declared_lost().end(), node) > 0;
}

Epoch LastEpochIn(const Replica& replica) {
  const std::vector<v1::EpochHistory>& history = replica.derived().history();
  return history.empty() ? Epoch() : Epoch{history.back().generation(), history.back().epoch()};
}

}  // namespace

void JournalTruth::OnConfig(const v1::JournalConfig& before, const v1::JournalConfig& after,
                            int64_t now_ns) {
  bool loss = after.losses_size() > before.losses_size();
  if (after.generation() != before.generation() && !loss) {
    report_->Violation("I11: generation ", after.generation(), " begins without a loss report");
  }
  if (loss) OnLoss(before, after);
  CheckWaited(before, after, now_ns);
  if (before.has_leader() && !after.has_leader()) leaderless_ns_ = now_ns;
  NoteRecoverySet(before, after);
  NoteComplete(before, after);
  CheckPlanned(before, after);
  // Whoever is added later has nothing yet: a majority of few members stays one of few.
  quorum_members_ = std::min(quorum_members_, after.members_size());
  config_ = after;
  CheckHolders();
}

// Whose disks must be looked at, whatever the document says of it: the in-sync set as a leader or
// an election has made it. A registration, which has no change id, leaves it alone.
void JournalTruth::NoteRecoverySet(const v1::JournalConfig& before,
                                   const v1::JournalConfig& after) {
  if (!after.has_leader() || after.change_id() == before.change_id()) return;
  recovery_set_.clear();
  for (const v1::ReplicaId& member : after.isr()) recovery_set_.insert(member.node());
}

// Who is known to hold every committed entry: the in-sync set of the last change by which a leader
// or an election says so. Neither a registration nor a commit hint does.
void JournalTruth::NoteComplete(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  auto same = [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return AsReplica(x) == AsReplica(y); });
  };
  if (!after.has_leader() || after.change_id() == before.change_id()) return;
  if (same(after.isr(), before.isr()) && same(after.complete(), before.complete())) return;
  complete_.assign(after.isr().begin(), after.isr().end());
}

void JournalTruth::OnLoss(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  const v1::LossReport& loss = after.losses(after.losses_size() - 1);
  report_->Trace("loss report: generation ", loss.generation(), " from entry ", loss.first_index(),
                 ", LSN ", loss.first_lsn(), ", known committed LSN ", loss.known_committed_lsn(),
                 "; committed were ", entries_.size(), " entries: ", loss.reason());
  if (after.generation() != generation_ + 1) {
    report_->Violation("I11: generation ", after.generation(), " follows ", generation_);
  }
  CheckLossIsDue(before, loss);
  const uint64_t kept = KeptBy(after.leader());
  report_->Trace("the new leader keeps ", kept, " of ", entries_.size(), " committed entries");
  CheckLossRange(loss, kept);
  CheckDiskWords(loss, kept);
  if (!loss.declared_lost().empty()) CheckKeepsMost(loss, after.leader(), kept);
  if (report_->failed()) return;
  generation_ = after.generation();
  CutTo(Index(kept + 1));
  for (NodeView& view : views_) view.committed = Index();
}

// Whether that process of the node has the committed entry, or had it when it ended.
bool JournalTruth::Has(const NodeView& view, Incarnation incarnation, uint64_t index) const {
  if (view.replica != nullptr && view.incarnation == incarnation) {
    return WhyLacks(*view.replica, index).empty();
  }
  if (view.ended != incarnation) return false;
  if (index < view.tail_from.value()) return true;  // below its ring: on its disk
  const uint64_t place = index - view.tail_from.value();
  return place < view.tail.size() && view.tail[place] == entries_[index - 1].header.chain;
}

// A recovery from memory waits for the rest of `complete`: what the last leader has said that it
// had received is kept if its ring is back within the wait.
void JournalTruth::CheckWaited(const v1::JournalConfig& before, const v1::JournalConfig& after,
                               int64_t now_ns) const {
  constexpr int64_t kWaitNs = int64_t{limits::kMemoryRecoveryWaitMs} * 1000 * 1000;
  const bool from_memory = !before.has_leader() && after.has_leader() &&
                           after.generation() == before.generation() && before.epoch() > 0 &&
                           !Names(before.isr(), AsReplica(after.leader()));
  if (!from_memory || now_ns - leaderless_ns_ >= kWaitNs / 100 * 98) return;
  auto led = leaders_.find(Epoch{before.generation(), before.epoch()});
  if (led == leaders_.end()) return;
  const auto [node, life] = led->second;
  const NodeView& view = views_[node];
  const bool kept = MemoryIsThere(node, life) && view.ended == life && !view.tail.empty();
  const bool counts = std::any_of(complete_.begin(), complete_.end(), [&](const auto& member) {
    return member.node() == nodes_[node] && member.incarnation() == life.value();
  });
  const int winner = NodeNamed(after.leader().node());
  if (!kept || !counts || winner < 0 || winner == static_cast<int>(node)) return;
  const Replica* replica = views_[static_cast<size_t>(winner)].replica;
  if (replica == nullptr) return;
  const Index last(view.tail_from.value() + view.tail.size() - 1);
  if (replica->ring().end().index > last) return;
  report_->Violation("received word: ", ReplicaText(after.leader()), " leads from memory ",
                     (now_ns - leaderless_ns_) / 1'000'000, " ms after the end of ", nodes_[node],
                     ", whose ring is intact and holds entry ", last.value(),
                     "; the wait for it is not over");
}

// Nodes that have the committed entry, or whose last process had it.
uint32_t JournalTruth::CopiesOf(uint64_t index) const {
  uint32_t copies = 0;
  for (const NodeView& view : views_) {
    bool now = view.replica != nullptr && WhyLacks(*view.replica, index).empty();
    copies += now || Has(view, view.ended, index);
  }
  return copies;
}

// The last committed entry that the winner of a recovery has, with all below it. The report may
// start lower: where its log is certain to be what was committed.
uint64_t JournalTruth::KeptBy(const v1::ReplicaId& winner) const {
  int node = NodeNamed(winner.node());
  const NodeView& view = views_[static_cast<size_t>(node)];
  uint64_t kept = entries_.size();
  bool lives = view.replica != nullptr && view.incarnation.value() == winner.incarnation();
  if (!lives) {
    while (kept > 0 && !Has(view, Incarnation(winner.incarnation()), kept)) --kept;
    return kept;
  }
  return KeptIn(*view.replica);
}

uint64_t JournalTruth::KeptIn(const Replica& replica) const {
  uint64_t kept = entries_.size();
  const Ring& ring = replica.ring();
  const uint64_t oldest = ring.oldest().index.value();
  while (kept >= oldest && !WhyLacks(replica, kept).empty()) --kept;
  if (kept >= oldest || oldest == ring.end().index.value()) return kept;
  return KeptBelow(ring);
}

// Whoever is known to hold every committed entry has lost its memory since, or was declared lost.
void JournalTruth::CheckLossIsDue(const v1::JournalConfig& before, const v1::LossReport& loss) {
  if (before.epoch() == 0) {
    report_->Violation("I11: a loss report for a journal that nobody has led");
  }
  for (const v1::ReplicaId& member : complete_) {
    const int node = NodeNamed(member.node());
    if (node < 0 || IsDeclaredLost(loss, member.node())) continue;
    if (!MemoryIsThere(static_cast<size_t>(node), Incarnation(member.incarnation()))) continue;
    report_->Violation("I11: a new generation, although the memory of ", ReplicaText(member),
                       " holds every committed entry and is intact");
  }
}

Lsn JournalTruth::LsnBefore(uint64_t index) const {
  return index <= 1 ? Lsn(1) : entries_[index - 2].header.next_lsn();
}

void JournalTruth::CheckLossRange(const v1::LossReport& loss, uint64_t kept) {
  const uint64_t first = loss.first_index();
  if (kept < entries_.size() && first > kept + 1) {
    report_->Violation("I11: the loss starts at entry ", first, ", but the new leader lacks ",
                       kept + 1, ", which was committed");
  }
  if (first >= 1 && first <= entries_.size() + 1 && Lsn(loss.first_lsn()) != LsnBefore(first)) {
    report_->Violation("I11: the loss starts at LSN ", loss.first_lsn(), ", but entry ", first,
                       " starts at ", LsnBefore(first).value());
  }
  if (loss.known_committed_lsn() > committed_ever_.value() + 1) {
    report_->Violation("I11: the loss report knows LSN ", loss.known_committed_lsn() - 1,
                       " as committed, the truth is ", committed_ever_.value());
  }
  const v1::LossVerdict verdicts[] = {v1::LOSS_VERDICT_UNKNOWN, loss.received(), loss.replicated(),
                                      loss.disk(), loss.disk_quorum()};
  for (int level = 2; level <= 4; ++level) {
    if (verdicts[level] != v1::LOSS_VERDICT_NONE || acked_[level].value() <= kept) continue;
    report_->Violation("I11: entry ", acked_[level].value(), " was acknowledged at level ", level,
                       " and is lost, the report says that nothing is");
  }
}

// What was acknowledged as on a disk that is whole, and that had to be read, is kept.
void JournalTruth::CheckDiskWords(const v1::LossReport& loss, uint64_t kept) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const DiskWord& word = disk_words_[i];
    if (word.index.value() <= kept || word.disk_life != wear_[i].disk_life) continue;
    if (recovery_set_.count(nodes_[i]) == 0 || IsDeclaredLost(loss, nodes_[i])) continue;
    report_->Violation("disk word: entry ", word.index.value(),
                       " was acknowledged as on the disk of ", nodes_[i],
                       ", which is whole and in the recovery set; lost is all from ", kept + 1);
  }
  if (quorum_word_.value() <= kept || quorum_disk_lives_.empty()) return;
  int disks_lost = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const bool lost = wear_[i].disk_life != quorum_disk_lives_[i];
    disks_lost += lost || IsDeclaredLost(loss, nodes_[i]) ? 1 : 0;
  }
  if (disks_lost < (quorum_members_ + 1) / 2) {
    report_->Violation("disk word: entry ", quorum_word_.value(),
                       " was acknowledged at disk_quorum; ", disks_lost,
                       " disks were lost since, and all from entry ", kept + 1, " on is lost");
  }
}

// After an operator's recovery: of those that he did not declare lost nobody keeps more than the
// winner. A hasty one may name a leader that goes on, and others may get more from it meanwhile.
// The log of the latest epoch is the greatest: it has what was committed before that epoch began.
// Which part of a longer, older one a leader that is gone has committed afterwards, nobody knows
// who answers.
void JournalTruth::CheckKeepsMost(const v1::LossReport& loss, const v1::ReplicaId& winner,
                                  uint64_t kept) {
  if (kept == entries_.size() || loss.statement().rfind("hasty", 0) == 0) return;
  const NodeView* won = LivingView(winner);
  for (size_t i = 0; i < views_.size(); ++i) {
    const Replica* replica = views_[i].replica;
    if (replica == nullptr || nodes_[i] == winner.node() || IsDeclaredLost(loss, nodes_[i])) {
      continue;
    }
    if (won != nullptr && LastEpochIn(*replica) < LastEpochIn(*won->replica)) continue;
    if (KeptIn(*replica) <= kept) continue;
    report_->Violation("operator: ", nodes_[i], " keeps entry ", kept + 1,
                       ", which was committed and which ", winner.node(), ", the winner, lacks");
  }
}

bool JournalTruth::IsLostBy(const v1::LossReport& loss, uint32_t node) const {
  return IsDeclaredLost(loss, nodes_[node]);
}

// Whether a leader that was declared lost, and lived, has acknowledged this alone: the operator was
// wrong, and the report says so.
bool JournalTruth::WasDeclaredLost(Epoch epoch, Index index) const {
  auto led = leaders_.find(epoch);
  if (led == leaders_.end()) return false;
  for (const v1::LossReport& loss : config_.losses()) {
    if (loss.generation() != epoch.generation + 1) continue;
    return IsDeclaredLost(loss, nodes_[led->second.first]) && index.value() >= loss.first_index();
  }
  return false;
}

// Its chain hash says what stands before an entry.
bool JournalTruth::Precedes(const EntryHeader& h, const RecordView& next) {
  LogPosition position{h.index.next(), h.next_lsn(), h.chain, h.epoch};
  return position.Advance(next).empty();
}

const JournalTruth::Entry* JournalTruth::LostBefore(uint64_t index, const RecordView& next) const {
  for (auto [it, end] = lost_.equal_range(index); it != end; ++it) {
    if (Precedes(it->second.header, next)) return &it->second;
  }
  return nullptr;
}

// The same for a log of which the ring holds only entries above all that are committed: below it
// may stand what an older generation had there.
uint64_t JournalTruth::KeptBelow(const Ring& ring) const {
  RecordView next = ring.Record(ring.oldest());
  for (uint64_t index = ring.oldest().index.value() - 1; index > 0; --index) {
    if (index <= entries_.size() && Precedes(entries_[index - 1].header, next)) return index;
    const Entry* lost = LostBefore(index, next);
    if (lost == nullptr) return std::min<uint64_t>(index, entries_.size());
    if (ParseRecord(AsBytes(lost->record), &next) != RecordVerdict::kOk) return 0;
  }
  return 0;
}

// The log of an older generation has won, from a node that was not there when the loss was made:
// what lies below its ring is on its disk, and was committed once.
void JournalTruth::BringBack(uint32_t node, const Ring& ring) {
  if (ring.oldest().index == ring.end().index) return;
  std::vector<const Entry*> back;
  RecordView next = ring.Record(ring.oldest());
  for (uint64_t index = ring.oldest().index.value() - 1; index > entries_.size(); --index) {
    back.push_back(LostBefore(index, next));
    // Nobody had committed that: the caller says so.
    if (back.back() == nullptr) return;
    if (ParseRecord(AsBytes(back.back()->record), &next) != RecordVerdict::kOk) return;
  }
  for (auto it = back.rbegin(); it != back.rend(); ++it) {
    RecordView record;
    record.record = AsBytes((*it)->record);
    Add(node, record);
  }
}

// Entries from `next` on are gone.
void JournalTruth::CutTo(Index next) {
  Lsn lsn = LsnBefore(next.value());
  while (entries_.size() + 1 > next.value()) {
    uint64_t index = entries_.size();
    lost_.emplace(index, std::move(entries_.back()));
    entries_.pop_back();
  }
  payloads_.CutFrom(lsn);
  CutFences(next);
  position_ = LogPosition();
  if (!entries_.empty()) {
    const EntryHeader& h = entries_.back().header;
    position_ = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
  }
  for (Index& mark : acked_) mark = std::min(mark, next.prev());
  known_lsn_ = std::min(known_lsn_, lsn.prev());
  for (NodeView& view : views_) {
    view.durable_max = std::min(view.durable_max, next.prev());
    view.durable_before = Index();
  }
  for (DiskWord& word : disk_words_) word.index = std::min(word.index, next.prev());
  quorum_word_ = std::min(quorum_word_, next.prev());
}

}  // namespace ringjournal::cluster_sim
