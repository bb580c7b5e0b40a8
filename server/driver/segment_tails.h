// The room that was made ahead in segments whose process has ended: 64 MiB for each start of a
// node, unless somebody gives it back.
#ifndef SERVER_DRIVER_SEGMENT_TAILS_H_
#define SERVER_DRIVER_SEGMENT_TAILS_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal {

// A segment that nobody writes any more.
struct OlderSegment {
  std::string path;
  std::optional<Index> next_begins;  // where the one that was opened next begins
};

// The segments of a journal in `directory` that an incarnation below `before` has opened. None if
// they cannot be listed.
std::vector<OlderSegment> OlderSegments(const std::string& directory, const JournalId& journal,
                                        Incarnation before);

struct SegmentTail {
  std::string path;
  uint64_t needed = 0;  // bytes from the file's start
  uint64_t unused = 0;  // bytes behind them
};

// The room behind what is needed of a segment (NeededBytes); none if it ends in something that was
// written. Reads a file that has some whole, into memory of its size, once in the file's life: for
// a thread of its own, which ends early once `stop` is set. What cannot be read is left alone:
// whoever needs it tells of it.
std::optional<SegmentTail> UnusedTail(const OlderSegment& segment, const std::atomic<bool>& stop);

// On the control thread, where files are renamed and removed: a name means one segment for ever,
// so a file that is gone by now is none that is in use. Bytes that were given back.
int64_t CutTail(const SegmentTail& tail);

}  // namespace ringjournal

#endif  // SERVER_DRIVER_SEGMENT_TAILS_H_
