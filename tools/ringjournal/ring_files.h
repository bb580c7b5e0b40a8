// Ring files in shared memory, and who needs them.
#ifndef TOOLS_RINGJOURNAL_RING_FILES_H_
#define TOOLS_RINGJOURNAL_RING_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ringjournal::cli {

enum class RingUse {
  kInUse,    // a process has it mapped, or the server of its data directory runs
  kNeeded,   // a data directory that was named has its journal: the next start wants it
  kOrphan,   // nothing can use it any more
  kUnknown,  // nobody uses it now, and its data directory was not named
};
const char* RingUseText(RingUse use);

struct RingFile {
  std::string path;
  std::string cluster;     // 32 hex digits: the id of the data directory it belongs to
  std::string journal_id;  // 32 hex digits, of the file's name
  std::string journal;     // its name, where a named data directory knows it
  uint64_t bytes = 0;
  uint32_t generation = 0;
  RingUse use = RingUse::kUnknown;
  std::string why;  // one sentence
};

// The rings below `ring_dir` (one folder for each data directory), sorted by path; none if there is
// no such directory. `data_dirs`: directories whose journals are known by it. Blocking; looks into
// /proc for the processes of this user (of all, as root) and at the locks of the data directories.
absl::StatusOr<std::vector<RingFile>> FindRings(const std::string& ring_dir,
                                                const std::vector<std::string>& data_dirs);

// A server holds the lock of this data directory. False also where that cannot be seen, because the
// lock is another user's. Blocking.
bool IsServed(const std::string& data_dir);

// Removes one, and its folder when that is empty then. FailedPrecondition if it is in use.
absl::Status RemoveRing(const RingFile& ring);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_RING_FILES_H_
