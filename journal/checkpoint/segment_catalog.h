// Which segments a journal has on disk, in the order of their entries.
#ifndef JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_
#define JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_

#include <optional>
#include <string>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal {

struct CatalogSegment {
  std::string name;
  Index first_index;
  Lsn first_lsn;
  uint64_t first_log_time_ns = 0;  // log time before its first entry
  uint64_t bytes = 0;              // written so far
};

// Segments overlap only after a truncation or a restart; then the one opened later counts from its
// base, and the earlier one ends there. Thread: the journal's.
class SegmentCatalog {
 public:
  void Add(CatalogSegment segment) { segments_.push_back(std::move(segment)); }
  void set_bytes_of_last(uint64_t bytes) { segments_.back().bytes = bytes; }

  // The segment that holds the entry, if it is not older than all.
  std::optional<size_t> Find(Index index) const {
    return FindBy(&CatalogSegment::first_index, index);
  }
  std::optional<size_t> Find(Lsn lsn) const { return FindBy(&CatalogSegment::first_lsn, lsn); }

  // Takes out the segments whose entries all lie below `oldest`; never the last one.
  std::vector<CatalogSegment> TakeBelow(Index oldest) {
    std::vector<CatalogSegment> taken;
    size_t n = 0;
    while (n + 1 < segments_.size() && segments_[n + 1].first_index <= oldest) ++n;
    auto end = segments_.begin() + static_cast<ptrdiff_t>(n);
    taken.assign(std::make_move_iterator(segments_.begin()), std::make_move_iterator(end));
    segments_.erase(segments_.begin(), end);
    return taken;
  }

  const std::vector<CatalogSegment>& segments() const { return segments_; }
  uint64_t total_bytes() const {
    uint64_t total = 0;
    for (const CatalogSegment& s : segments_) total += s.bytes;
    return total;
  }

 private:
  template <class T>
  std::optional<size_t> FindBy(T CatalogSegment::*key, T wanted) const {
    // From the end: of several that start at or below it, the one opened last counts.
    for (size_t i = segments_.size(); i > 0; --i) {
      if (segments_[i - 1].*key <= wanted) return i - 1;
    }
    return std::nullopt;
  }

  std::vector<CatalogSegment> segments_;
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_
