#include "client/core/acked_ranges.h"

#include <algorithm>

namespace ringjournal::client {

void AckedRanges::Add(LsnRange range) {
  if (!ranges_.empty()) {
    LsnRange& newest = ranges_.back();
    if (range.first <= newest.last) return;
    if (range.first == newest.last.next()) {
      newest.last = range.last;
      return;
    }
  }
  ranges_.push_back(range);
  if (ranges_.size() <= ranges_max_) return;
  ranges_[1].first = ranges_[0].first;
  ranges_.pop_front();
  merged_to_ = ranges_[0].last;
}

void AckedRanges::ForgetFrom(Lsn lsn) {
  while (!ranges_.empty() && ranges_.back().first >= lsn) ranges_.pop_back();
  if (!ranges_.empty() && ranges_.back().last >= lsn) ranges_.back().last = lsn.prev();
}

void AckedRanges::ForgetUpTo(Lsn lsn) {
  while (!ranges_.empty() && ranges_.front().last <= lsn) ranges_.pop_front();
  if (!ranges_.empty() && ranges_.front().first <= lsn) ranges_.front().first = lsn.next();
}

std::vector<LsnRange> AckedRanges::AtOrAbove(Lsn lsn, bool* complete) const {
  std::vector<LsnRange> found;
  *complete = lsn > merged_to_;
  for (const LsnRange& range : ranges_) {
    if (range.last < lsn) continue;
    found.push_back({std::max(range.first, lsn), range.last});
  }
  return found;
}

}  // namespace ringjournal::client
