#include "client/takeover/standby_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/errors.h"
#include "client/takeover/records.h"
#include "journal/base/mutants.h"

namespace ringjournal::client {

StandbyCore::StandbyCore(const StandbyCoreOptions& options)
    : options_(options), in_doubt_(options.in_doubt_ranges_max) {}

void StandbyCore::StartBehind(Lsn applied, Lsn acted) {
  next_lsn_ = applied.next();
  acted_ = acted;
  // What the checkpoint holds and was not acted on then: a mark may still come.
  if (applied > acted) in_doubt_.Add({acted.next(), applied});
}

// Every transaction of a replay comes through here: what is made for a record, or for a sentence,
// is made where there is one.
absl::StatusOr<StandbyCore::Do> StandbyCore::Take(const ReadTransaction& transaction,
                                                  int64_t now_ns) {
  if (transaction.lsn != next_lsn_) return Hole(transaction.lsn);
  // Behind its own fence stands what a newer writer has appended: it was replaced before it came so
  // far, and follows again.
  if (granted_ && transaction.lsn >= boundary_) OnReplaced(now_ns);
  Hear(transaction, now_ns);
  if (!HasOnlyPayload(transaction)) {
    auto own = TakeOwn(transaction);
    if (!own.ok()) return own.status();
    if (*own) {
      next_lsn_ = next_lsn_.next();
      return Do::kPass;
    }
  }
  next_lsn_ = next_lsn_.next();
  ++applied_count_;
  if (transaction.lsn > acted_) in_doubt_.Add({transaction.lsn, transaction.lsn});
  return Do::kApply;
}

absl::Status StandbyCore::Hole(Lsn lsn) const {
  return MakeError(
      ErrorCode::kTrimmed,
      absl::StrCat("journal ", options_.journal, " goes on at LSN ", lsn.value(),
                   ", and the state holds what is below ", next_lsn_.value(),
                   ": what lies between was trimmed; start from a newer application checkpoint"));
}

// True: it is of the library itself, and what it says is taken note of.
absl::StatusOr<bool> StandbyCore::TakeOwn(const ReadTransaction& transaction) {
  v1::WriterRecord record;
  const RecordKind kind = ReadRecord(transaction, &record);
  if (kind == RecordKind::kMalformed) {
    return MakeError(
        ErrorCode::kBadRecord,
        absl::StrCat("LSN ", transaction.lsn.value(), " of journal ", options_.journal,
                     " calls itself a ", std::string(kWriterRecordType),
                     " and is none: an application must not use types of ringjournal's"));
  }
  if (kind == RecordKind::kWriterRecord) {
    if (absl::Status status = TakeRecord(record, transaction); !status.ok()) return status;
  }
  return kind != RecordKind::kUser;
}

void StandbyCore::Hear(const ReadTransaction& transaction, int64_t now_ns) {
  heard_ns_ = now_ns;
  heard_through_ = std::max(heard_through_, transaction.epoch);
  asked_ = false;
  if (transaction.writer == writer_) return;
  writer_ = transaction.writer;
  claimant_.clear();
}

absl::Status StandbyCore::TakeRecord(const v1::WriterRecord& record,
                                     const ReadTransaction& transaction) {
  claimant_ = record.claimant();
  const Lsn acted(record.acted_lsn());
  if (acted >= transaction.lsn) {
    return MakeError(ErrorCode::kBadRecord,
                     absl::StrCat("writer ", claimant_, " says at LSN ", transaction.lsn.value(),
                                  " that it has acted on LSN ", acted.value(),
                                  ", which was not journaled by then: its effects cannot be "
                                  "trusted; find out what it did, then start from a checkpoint"));
  }
  for (const v1::StateDigest& digest : record.digests()) {
    if (absl::Status status = Compare(digest); !status.ok()) return status;
  }
  MarkActed(Mutated(Mutant::kInDoubtForgotten) ? transaction.lsn : acted);
  return absl::OkStatus();
}

absl::Status StandbyCore::Compare(const v1::StateDigest& theirs) {
  const Lsn lsn(theirs.lsn());
  while (!digests_.empty() && digests_.front().lsn < lsn) digests_.pop_front();
  if (digests_.empty() || digests_.front().lsn != lsn) return absl::OkStatus();
  const uint64_t own = digests_.front().value;
  digests_.pop_front();
  ++compared_;
  if (own == theirs.value()) return absl::OkStatus();
  return MakeError(
      ErrorCode::kStateDiverged,
      absl::StrFormat("behind LSN %d the writer %s had a state of digest %016x, and this standby "
                      "has one of %016x: one of the two did not apply the same transactions, or "
                      "Apply is not deterministic; this standby must not take over",
                      lsn.value(), claimant_, theirs.value(), own));
}

void StandbyCore::MarkActed(Lsn lsn) {
  if (lsn <= acted_) return;
  acted_ = lsn;
  in_doubt_.ForgetUpTo(lsn);
  while (!effects_.empty() && effects_.front().lsn <= lsn) {
    effect_bytes_ -= effects_.front().bytes.size();
    effects_.pop_front();
  }
}

absl::Status StandbyCore::Applied(std::string effect) {
  const Lsn lsn = next_lsn_.prev();
  if (effect.empty() || lsn <= acted_) return absl::OkStatus();
  effect_bytes_ += effect.size();
  effects_.push_back({lsn, std::move(effect)});
  if (effect_bytes_ <= options_.effect_bytes_max) return absl::OkStatus();
  return MakeError(
      ErrorCode::kEffectsFull,
      absl::StrCat("effects of LSN ", effects_.front().lsn.value(), " to ", lsn.value(), " take ",
                   effect_bytes_, " bytes, more than the ", options_.effect_bytes_max,
                   " that are kept for what the writer has not marked as acted on (up to LSN ",
                   acted_.value(), "): let it call MarkActed, or raise effect_bytes_max"));
}

void StandbyCore::OnDigest(uint64_t value) {
  digests_.push_back({next_lsn_.prev(), value});
  if (digests_.size() > limits::kStateDigestsKept) digests_.pop_front();
}

// ---- is the writer there? ----

bool StandbyCore::Suspects(int64_t now_ns) const {
  return !granted_ && now_ns >= silent_at() && !must_read();
}

void StandbyCore::OnAnswer(Epoch leader, Lsn committed, int64_t now_ns) {
  if (leader > heard_through_) {
    heard_through_ = leader;
    heard_ns_ = now_ns;
    asked_ = false;
    return;
  }
  asked_ = true;
  answered_ = committed;
}

void StandbyCore::OnWriter(Epoch granted, int64_t now_ns) {
  if (granted <= newest_writer_) return;
  newest_writer_ = granted;
  heard_ns_ = now_ns;
  asked_ = false;
}

bool StandbyCore::writer_is_silent(int64_t now_ns) const {
  return asked_ && !must_read() && now_ns >= silent_at();
}

// ---- taking over ----

void StandbyCore::OnGranted(const WriterInfo& granted, const WriterInfo& replaced) {
  granted_ = true;
  grant_ = granted;
  replaced_ = replaced;
  boundary_ = granted.next_lsn;
}

void StandbyCore::OnReplaced(int64_t now_ns) {
  granted_ = false;
  heard_ns_ = now_ns;
  asked_ = false;
}

void StandbyCore::OnLoss(const Loss& loss) {
  // What a leader has answered for may be gone, and would be waited for.
  if (losses_.count(loss.generation) == 0) asked_ = false;
  losses_[loss.generation] = loss;
}

// What older writers were told is kept within the generation of their fence: whoever writes in a
// later one had to be granted anew.
void StandbyCore::Judge(TakeoverReport* report) const {
  if (replaced_.epoch == Epoch() || Mutated(Mutant::kVerdictIgnoresLoss)) return;
  for (uint32_t g = replaced_.epoch.generation + 1; g <= grant_.epoch.generation; ++g) {
    const auto loss = losses_.find(g);
    const bool reported = loss != losses_.end();
    if (reported && !loss->second.lost) continue;
    // Not reported any more: nothing is known of it.
    const Lsn first = reported ? loss->second.first : Lsn(1);
    if (report->verdict == Verdict::kMayBeLost && first >= report->lost_from) continue;
    report->verdict = Verdict::kMayBeLost;
    report->lost_from = first;
    report->lost_why = reported ? loss->second.why : "a recovery of which no report is left";
  }
}

absl::Status StandbyCore::CheckHistory() const {
  if (Mutated(Mutant::kHistoryUnchecked)) return absl::OkStatus();
  for (uint32_t g = read_in_ + 1; g <= grant_.epoch.generation; ++g) {
    const auto loss = losses_.find(g);
    const Lsn first = loss != losses_.end() ? loss->second.first : Lsn(1);
    if (first >= next_lsn_) continue;
    return MakeError(ErrorCode::kDataLoss,
                     absl::StrCat("generation ", g, " of journal ", options_.journal,
                                  " began with a loss from LSN ", first.value(),
                                  " on, and this standby has applied all below ", next_lsn_.value(),
                                  ": its state may hold what the journal does not; start anew"));
  }
  return absl::OkStatus();
}

bool StandbyCore::at_boundary() const {
  return granted_ && (next_lsn_ >= boundary_ || Mutated(Mutant::kTakeoverBeforeBoundary));
}

TakeoverReport StandbyCore::Report() const {
  TakeoverReport report;
  report.journal = options_.journal;
  report.old_writer = replaced_.epoch;
  report.old_claimant = replaced_.claimant;
  report.new_writer = grant_.epoch;
  report.new_claimant = grant_.claimant;
  report.final_lsn = final_lsn();
  report.chain = grant_.chain;
  report.acted_lsn = acted_;
  report.in_doubt = in_doubt_.AtOrAbove(acted_.next(), &report.in_doubt_exact);
  for (const LsnRange& range : report.in_doubt) {
    report.in_doubt_count += range.last.value() - range.first.value() + 1;
  }
  report.digests_compared = compared_;
  Judge(&report);
  return report;
}

std::vector<Effect> StandbyCore::TakeEffects() {
  std::vector<Effect> effects(std::make_move_iterator(effects_.begin()),
                              std::make_move_iterator(effects_.end()));
  effects_.clear();
  effect_bytes_ = 0;
  return effects;
}

}  // namespace ringjournal::client
