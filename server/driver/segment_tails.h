// The room that was made ahead in segments whose process has ended: 64 MiB for each start of a
// node, unless somebody gives it back.
#ifndef SERVER_DRIVER_SEGMENT_TAILS_H_
#define SERVER_DRIVER_SEGMENT_TAILS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "journal/base/types.h"

namespace ringjournal {

struct SegmentTail {
  std::string path;
  uint64_t needed = 0;  // bytes from the file's start
  uint64_t unused = 0;  // bytes behind them
};

// Of the segments in `directory` that an incarnation below `before` has opened, those that end in
// room that is not needed (NeededBytes). Reads such files whole, once in their life: for a thread
// of its own, which ends early once `stop` is set. What cannot be read is left alone: whoever needs
// it tells of it.
std::vector<SegmentTail> FindUnusedTails(const std::string& directory, Incarnation before,
                                         const std::atomic<bool>& stop);

// On the control thread, where files are renamed and removed: a name means one segment for ever,
// so a file that is gone by now is none that is in use. Bytes that were given back.
int64_t CutTails(const std::vector<SegmentTail>& tails);

}  // namespace ringjournal

#endif  // SERVER_DRIVER_SEGMENT_TAILS_H_
