// The name of a segment file: which journal, from which entry on, and who opened it.
#ifndef JOURNAL_SEGMENT_SEGMENT_NAME_H_
#define JOURNAL_SEGMENT_SEGMENT_NAME_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/base/types.h"

namespace ringjournal {

// Who opened a segment: a process, and how many it had opened before. No two segments of a journal
// share it. Ordered by time of opening: of overlapping segments the greater wins from its base.
struct SegmentOpener {
  Incarnation incarnation;
  uint64_t counter = 0;  // at most kSegmentCounterMax
  friend constexpr auto operator<=>(const SegmentOpener&, const SegmentOpener&) = default;
};

inline constexpr uint64_t kSegmentCounterMax = 9'999'999'999;  // ten digits of the name

// `<32 hex>-<20 digits>-<20 digits>-<10 digits>.seg`: journal, first index, incarnation, counter.
// Names of one journal sort by first index, then by opener.
struct SegmentName {
  JournalId journal;
  Index first_index{1};
  SegmentOpener opener;
  friend constexpr auto operator<=>(const SegmentName&, const SegmentName&) = default;

  // The file's name, without a directory. The counter must not exceed kSegmentCounterMax.
  std::string ToFileName() const;
  // The reverse; nullopt for anything that ToFileName would not have written.
  static std::optional<SegmentName> FromFileName(std::string_view file_name);
};

// True if the name claims to be a segment's, whether or not FromFileName accepts it.
inline bool HasSegmentSuffix(std::string_view file_name) { return file_name.ends_with(".seg"); }

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_SEGMENT_NAME_H_
