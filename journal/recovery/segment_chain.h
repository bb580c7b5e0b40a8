// Which segments form the log: the overlap rule, from descriptions alone.
#ifndef JOURNAL_RECOVERY_SEGMENT_CHAIN_H_
#define JOURNAL_RECOVERY_SEGMENT_CHAIN_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "journal/segment/segment_scan.h"

namespace ringjournal {

// What is known of a segment from its name and its description.
struct SegmentHead {
  size_t file = 0;
  SegmentName name;
  SegmentVerdict verdict = SegmentVerdict::kEmpty;  // kOpenEnd: the description is fine
  std::string sentence;
  LogPosition before;     // the first entry, if the description is fine
  Index oldest_index{1};  // that the journal kept when the segment was opened
  uint64_t size_bytes = 0;

  bool is_readable() const { return verdict == SegmentVerdict::kOpenEnd; }
  // True if it takes part in the log: also when it is damaged, since it was opened and used.
  bool counts() const { return is_readable() || verdict == SegmentVerdict::kDamaged; }
};

// Reads the head of a segment.
SegmentHead ReadSegmentHead(ByteSpan bytes, const SegmentName& name, const JournalId& journal);

// Those that hold entries of the log, in the order of their entries: each counts up to the base of
// the next. `superseded` gets the others of those that count.
struct SegmentChain {
  std::vector<SegmentHead> links;
  std::vector<SegmentHead> superseded;
};
SegmentChain BuildChain(std::vector<SegmentHead> heads);

// Entries below this index had been synced, since a writer describes a segment only when everything
// before its base was; Index(0) for the last link, of which nothing shows anything.
Index KnownDurableBefore(std::span<const SegmentHead> links, size_t link);

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_SEGMENT_CHAIN_H_
