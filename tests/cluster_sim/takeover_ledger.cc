#include "tests/cluster_sim/takeover_ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/node/writer_state.h"

namespace ringjournal::cluster_sim {
namespace {

std::string Text(PayloadId payload) { return absl::StrCat(payload.first, ".", payload.second); }

bool IsIn(const std::vector<client::LsnRange>& ranges, Lsn lsn) {
  return std::any_of(ranges.begin(), ranges.end(), [lsn](const client::LsnRange& range) {
    return range.first <= lsn && lsn <= range.last;
  });
}

}  // namespace

void TakeoverLedger::OnAcked(Epoch writer, PayloadId payload, Lsn lsn) {
  acked_.push_back({writer, payload, lsn});
  // The acknowledgement may come behind the takeover that ended who gets it.
  for (const SimTakeover& t : takeovers_) CheckVerdict(t, acked_.back());
}

void TakeoverLedger::OnActed(PayloadId payload, bool in_doubt) {
  ++acted_[payload];
  if (in_doubt || acted_by_writer_.insert(payload).second) return;
  report_->Violation("I16: ", Text(payload), " was acted on twice by who appended it");
}

void TakeoverLedger::OnTakeover(const SimTakeover& takeover, const JournalTruth& truth) {
  CheckApplied(takeover, truth);
  CheckInDoubt(takeover);
  for (const Acked& acked : acked_) CheckVerdict(takeover, acked);
  takeovers_.push_back(takeover);
}

// Everything below the fence, once (LSNs are keys), and nothing else.
void TakeoverLedger::CheckApplied(const SimTakeover& t, const JournalTruth& truth) const {
  if (truth.generation() != t.report.new_writer.generation) return;  // taken back since
  std::map<Lsn, PayloadId> committed = truth.Transactions(t.report.final_lsn);
  committed.erase(committed.begin(), committed.upper_bound(t.base));
  if (committed == t.applied) return;
  const auto [a, b] =
      std::mismatch(committed.begin(), committed.end(), t.applied.begin(), t.applied.end());
  report_->Violation("I16: ", t.who, " takes over as ", WriterText(t.report.new_writer),
                     " behind LSN ", t.report.final_lsn.value(), " with ", t.applied.size(),
                     " transactions, and there are ", committed.size(), "; they differ at LSN ",
                     a != committed.end() ? a->first.value() : b->first.value());
}

void TakeoverLedger::CheckInDoubt(const SimTakeover& t) const {
  std::vector<Lsn> in_doubt;
  for (const auto& [lsn, payload] : t.applied) {
    const bool listed = IsIn(t.report.in_doubt, lsn);
    if (listed != (lsn > t.report.acted_lsn)) {
      report_->Violation("I16: ", t.who, " is told of LSN ", lsn.value(), " as ",
                         listed ? "in doubt" : "acted on", ", and the act marker stands at ",
                         t.report.acted_lsn.value());
    }
    if (listed) in_doubt.push_back(lsn);
    if (listed || lsn <= given_up_ || acted_.count(payload) > 0) continue;
    report_->Violation("I16: ", t.who, " is told that LSN ", lsn.value(), " (", Text(payload),
                       ") was acted on, and nobody has done so");
  }
  if (in_doubt != t.effects) {
    report_->Violation("I16: ", t.who, " is given the effects of ", t.effects.size(),
                       " transactions, and ", in_doubt.size(), " are in doubt");
  }
  if (t.report.in_doubt_exact && t.report.in_doubt_count != in_doubt.size()) {
    report_->Violation("I16: ", t.who, " is told of ", t.report.in_doubt_count,
                       " transactions in doubt, and ", in_doubt.size(), " are");
  }
}

// What the writer that it has replaced was acknowledged is there, or above what may be lost.
void TakeoverLedger::CheckVerdict(const SimTakeover& t, const Acked& acked) const {
  if (acked.writer != t.report.old_writer || acked.lsn <= t.base) return;
  const auto found = t.applied.find(acked.lsn);
  if (found != t.applied.end() && found->second == acked.payload) return;
  if (t.report.verdict == client::Verdict::kMayBeLost && acked.lsn >= t.report.lost_from) return;
  report_->Violation("I16: ", t.who, " takes over from ", WriterText(t.report.old_writer),
                     " with the verdict ", client::VerdictText(t.report.verdict), " from LSN ",
                     t.report.lost_from.value(), " on, and LSN ", acked.lsn.value(), " (",
                     Text(acked.payload), "), which was acknowledged, is not there");
}

void TakeoverLedger::CheckFinal(const JournalTruth& truth) const {
  if (takeovers_.empty()) return;
  // The last writer has acted on all that it has taken over.
  const SimTakeover& last = takeovers_.back();
  for (const auto& [lsn, payload] : truth.Transactions(last.report.final_lsn)) {
    if (lsn <= given_up_ || acted_.count(payload) > 0) continue;
    report_->Violation("I16: LSN ", lsn.value(), " (", Text(payload),
                       ") is committed, and nobody has acted on it");
  }
}

}  // namespace ringjournal::cluster_sim
