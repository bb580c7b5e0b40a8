#include "tools/ringjournal/reverse.h"

#include <algorithm>
#include <utility>

#include "journal/base/limits.h"

namespace ringjournal::cli {

absl::Status ReverseRun::Run(const client::Reader& first) {
  Lsn low = first.from_lsn();
  high_ = std::min(first.until_lsn().value_or(Lsn(UINT64_MAX)), first.visible_lsn().next());
  uint64_t window = limits::kReverseWindowTransactions;
  while (high_ > low && (count_max_ == 0 || count_ < count_max_)) {
    Lsn piece_low = high_ - low > window ? high_ - window : low;
    if (absl::Status s = ReadPiece(piece_low); !s.ok()) return s;
    if (absl::Status s = PrintPiece(); !s.ok()) return s;
    uint64_t covered = high_ - piece_low_;
    high_ = piece_low_;
    window = std::clamp<uint64_t>(piece_low_ > piece_low ? covered : 2 * covered, 1, UINT32_MAX);
  }
  return writer_->Flush();
}

absl::Status ReverseRun::ReadPiece(Lsn low) {
  piece_.clear();
  piece_bytes_ = 0;
  piece_low_ = low;
  client::ReaderOptions options = options_;
  options.from = client::Position::At(low);
  options.until.reset();
  options.until_lsn = high_;
  options.follow = false;
  auto reader = client::Reader::Open(client_, options);
  if (!reader.ok()) return reader.status();
  for (;;) {
    client::ReadTransaction t;
    auto step = (*reader)->Next(&t);
    if (!step.ok()) return step.status();
    if (*step == client::ReadStep::kFinished) return absl::OkStatus();
    if (*step == client::ReadStep::kTransaction && (!filter_ || filter_->Matches(t))) Keep(t);
  }
}

// What does not fit is read again with the next piece: the newest are wanted first.
void ReverseRun::Keep(const client::ReadTransaction& transaction) {
  Printed* printed = &piece_.emplace_back();
  printed->lsn = transaction.lsn;
  FormatTransaction(transaction, spec_, &printed->text);
  piece_bytes_ += printed->text.size() + sizeof *printed;
  while (piece_bytes_ > limits::kReverseBytesMax && piece_.size() > 1) {
    piece_bytes_ -= piece_.front().text.size() + sizeof *printed;
    piece_low_ = piece_.front().lsn.next();
    piece_.pop_front();
  }
}

absl::Status ReverseRun::PrintPiece() {
  for (; !piece_.empty(); piece_.pop_back()) {
    if (count_max_ > 0 && count_ >= count_max_) return absl::OkStatus();
    ++count_;
    absl::Status status = writer_->WriteText(piece_.back().text, piece_.back().lsn);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::cli
