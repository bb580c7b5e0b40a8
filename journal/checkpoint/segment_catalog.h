// Which segments a journal has on disk, in the order of their entries.
#ifndef JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_
#define JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_

#include <algorithm>
#include <iterator>
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
  // A file that a later-opened segment makes useless from its base on. It must not outlive that
  // one: it would count again.
  void AddSuperseded(std::string name, Index first_index) {
    superseded_.push_back({std::move(name), first_index, Lsn(0)});
  }

  // The log was cut: segments that start at or above `first_gone` hold nothing of it any more.
  void Supersede(Index first_gone) {
    auto kept =
        std::stable_partition(segments_.begin(), segments_.end(),
                              [&](const CatalogSegment& s) { return s.first_index < first_gone; });
    for (auto it = kept; it != segments_.end(); ++it) superseded_.push_back(std::move(*it));
    segments_.erase(kept, segments_.end());
  }

  // The segment that holds the entry, if it is not older than all.
  std::optional<size_t> Find(Index index) const {
    return FindBy(&CatalogSegment::first_index, index);
  }
  std::optional<size_t> Find(Lsn lsn) const { return FindBy(&CatalogSegment::first_lsn, lsn); }

  // Takes out the segments whose entries all lie below `oldest`; never the last one. To be removed
  // in this order, one after the other: first what is superseded, then from the oldest on, so that
  // what a crash leaves has no hole.
  std::vector<CatalogSegment> TakeBelow(Index oldest) {
    size_t n = 0;
    while (n + 1 < segments_.size() && segments_[n + 1].first_index <= oldest) ++n;
    if (n == 0) return {};
    auto end = segments_.begin() + static_cast<ptrdiff_t>(n);
    Index kept_from = end->first_index;
    auto kept =
        std::stable_partition(superseded_.begin(), superseded_.end(),
                              [&](const CatalogSegment& s) { return s.first_index < kept_from; });
    std::vector<CatalogSegment> taken(std::make_move_iterator(superseded_.begin()),
                                      std::make_move_iterator(kept));
    superseded_.erase(superseded_.begin(), kept);
    taken.insert(taken.end(), std::make_move_iterator(segments_.begin()),
                 std::make_move_iterator(end));
    segments_.erase(segments_.begin(), end);
    return taken;
  }

  // Takes out all of them, likewise in the order of their removal.
  std::vector<CatalogSegment> TakeAll() {
    std::vector<CatalogSegment> taken = std::move(superseded_);
    taken.insert(taken.end(), std::make_move_iterator(segments_.begin()),
                 std::make_move_iterator(segments_.end()));
    superseded_.clear();
    segments_.clear();
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
  std::vector<CatalogSegment> superseded_;
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_SEGMENT_CATALOG_H_
