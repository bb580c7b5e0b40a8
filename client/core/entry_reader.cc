#include "client/core/entry_reader.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::client {

void EntryReader::Restart() {
  rest_ = {};
  cursor_ = TransactionCursor(ByteSpan());
  restarted_ = true;
}

void EntryReader::Forget() {
  Restart();
  known_ = false;
}

void EntryReader::Expect(Index index, Lsn next_lsn, uint64_t chain, Epoch epoch) {
  Restart();
  known_ = true;
  log_ = {index.next(), next_lsn, chain, epoch};
}

bool EntryReader::NextRecord(RecordView* view, absl::Status* error) {
  return TakeRecord(view, error);
}

size_t EntryReader::Next(std::span<ReadTransaction> into, absl::Status* error) {
  size_t taken = Walk(into);
  while (taken < into.size() && NextEntry(error)) taken += Walk(into.subspan(taken));
  // What is whole comes first; the damage behind it is found again by the next call.
  if (taken > 0) *error = absl::OkStatus();
  return taken;
}

// The next ones of the entry that is being walked.
size_t EntryReader::Walk(std::span<ReadTransaction> into) {
  size_t taken = 0;
  for (ByteSpan encoded; taken < into.size() && cursor_.Next(&encoded); ++taken) {
    into[taken] = {.lsn = lsn_,
                   .index = header_.index,
                   .epoch = header_.epoch,
                   .writer = header_.writer,
                   .log_time_ns = header_.log_time_ns,
                   .chain = header_.chain,
                   .encoded = encoded,
                   .payload = TransactionPayload(encoded)};
    lsn_ = lsn_.next();
  }
  return taken;
}

bool EntryReader::NextEntry(absl::Status* error) {
  RecordView view;
  if (!TakeRecord(&view, error)) return false;
  header_ = view.header;
  lsn_ = header_.first_lsn;
  cursor_ = TransactionCursor(header_.count > 0 ? view.body : ByteSpan());
  return true;
}

bool EntryReader::TakeRecord(RecordView* out, absl::Status* error) {
  SkipFraming();
  if (rest_.empty()) return false;
  RecordView& view = *out;
  RecordVerdict verdict = ParseRecord(rest_, &view);
  if (verdict == RecordVerdict::kOk) verdict = VerifyBody(view);
  std::string what;
  if (verdict != RecordVerdict::kOk) {
    what = RecordVerdictText(verdict);
  } else {
    what = CheckContinuity(view);
  }
  if (!what.empty()) {
    *error = MakeError(ErrorCode::kDamaged,
                       absl::StrCat("an entry received behind LSN ", log_.last().lsn.value(),
                                    " is damaged or out of place (", what,
                                    "): nothing of it was delivered; read again, and if it stays "
                                    "so run `ringjournal verify` on the server's files"));
    return false;
  }
  rest_ = rest_.subspan(view.record.size());
  return true;
}

// Skips descriptions, group headers and padding, which segments hold between entries. On malformed
// ones leaves them to ParseRecord, which refuses them.
void EntryReader::SkipFraming() {
  while (!rest_.empty() &&
         (rest_[0] == kDescriptionTag || rest_[0] == kGroupTag || rest_[0] == kPaddingTag)) {
    const std::byte* pos = rest_.data() + 1;
    const std::byte* end = rest_.data() + rest_.size();
    uint64_t length;
    if (!ReadVarint(&pos, end, &length) || length > static_cast<size_t>(end - pos)) return;
    rest_ = rest_.subspan(static_cast<size_t>(pos - rest_.data()) + length);
  }
}

// Empty if the entry fits behind what was seen. Moves log_ behind it.
std::string EntryReader::CheckContinuity(const RecordView& view) {
  bool first_of_read = std::exchange(restarted_, false);
  const EntryHeader& h = view.header;
  if (known_ && first_of_read && h.index.next() == log_.next_index) {
    log_.next_lsn = h.next_lsn();  // a cursor may have named a place inside it
    return h.chain == log_.chain ? "" : "the last entry has changed";
  }
  bool skips_control =
      known_ && first_of_read && h.index > log_.next_index && h.first_lsn == log_.next_lsn;
  if (known_ && !skips_control) return log_.Advance(view);
  known_ = true;
  log_ = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
  return "";
}

}  // namespace ringjournal::client
