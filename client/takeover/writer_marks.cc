#include "client/takeover/writer_marks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/base/mutants.h"

namespace ringjournal::client {
namespace {

absl::Status NotYet(const char* what, Lsn lsn, Lsn committed) {
  return MakeError(ErrorCode::kBadMark,
                   absl::StrCat(what, " of LSN ", lsn.value(), ", and only what is up to LSN ",
                                committed.value(),
                                " is acknowledged: a transaction must not be "
                                "acted on before its append has its outcome"));
}

}  // namespace

WriterMarks::WriterMarks(const WriterMarksOptions& options)
    : options_(options), committed_(options.committed), acted_(options.acted) {}

void WriterMarks::OnCommitted(Lsn last) { committed_ = std::max(committed_, last); }

absl::Status WriterMarks::MarkActed(Lsn through) {
  if (through > committed_) return NotYet("an act marker", through, committed_);
  acted_ = std::max(acted_, through);
  return absl::OkStatus();
}

absl::Status WriterMarks::AddDigest(Lsn lsn, uint64_t value) {
  if (lsn > committed_) return NotYet("a digest", lsn, committed_);
  if (next_.digests_size() >= static_cast<int>(limits::kStateDigestsKept)) {
    return MakeError(ErrorCode::kBadMark,
                     absl::StrCat("a digest of LSN ", lsn.value(), ", with ", next_.digests_size(),
                                  " waiting for the next heartbeat: take fewer"));
  }
  v1::StateDigest* digest = next_.add_digests();
  digest->set_lsn(lsn.value());
  digest->set_value(value);
  return absl::OkStatus();
}

std::optional<v1::WriterRecord> WriterMarks::Next(int64_t now_ns) {
  if (now_ns < due_ns_ || under_way_.has_value()) return std::nullopt;
  due_ns_ = now_ns + options_.heartbeat_ns;
  next_.set_writer_generation(options_.writer.generation);
  next_.set_writer_epoch(options_.writer.epoch);
  next_.set_claimant(options_.claimant);
  next_.set_acted_lsn((Mutated(Mutant::kMarkBeforeAct) ? committed_ : acted_).value());
  under_way_ = std::exchange(next_, {});
  return under_way_;
}

void WriterMarks::OnOutcome(bool applied) {
  if (applied && under_way_.has_value()) said_ = Lsn(under_way_->acted_lsn());
  if (!applied && under_way_.has_value()) {
    for (v1::StateDigest& later : *next_.mutable_digests()) under_way_->add_digests()->Swap(&later);
    next_ = *std::move(under_way_);
  }
  under_way_.reset();
}

}  // namespace ringjournal::client
