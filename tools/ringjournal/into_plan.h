// replay --into, again: what an earlier run has copied, and where this one goes on.
#ifndef TOOLS_RINGJOURNAL_INTO_PLAN_H_
#define TOOLS_RINGJOURNAL_INTO_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "journal/base/types.h"
#include "tools/ringjournal/filter.h"

namespace ringjournal::cli {

// A producer of the target, as it stands there.
struct CopyProducer {
  std::string name;
  uint64_t count = 0;  // transactions that it has appended: its last sequence
};

// From this LSN on the source may hold something else since that generation began.
struct SourceLoss {
  uint32_t generation = 0;
  Lsn first_lsn;
};

struct IntoRequest {
  // Names of the copies are the prefix, the LSN that the copy began with, "g" and the source's
  // generation then unless it was the first, and the suffix.
  std::string prefix;              // "replay-1c6f…-"
  std::string suffix;              // "" or, with a filter, "-0a1b2c3d"
  Lsn from;                        // what is asked for, resolved
  Lsn oldest;                      // of the source
  uint32_t generation = 1;         // of the source
  std::vector<SourceLoss> losses;  // of the source, oldest first
  bool filtered = false;
  std::string source, target;  // names, for messages
};

struct IntoPlan {
  std::string producer;  // its last sequence says how many are copied
  Lsn base;  // first LSN of the copy; without a filter, that of the producer's sequence 1
};

// What the names of the copies of a source begin with, so that no other source's are taken for
// them. `name`: of --producer; empty: none was given.
std::string CopyPrefix(const std::string& name, const JournalId& source);

// The same for every run with the same filter, and for no other; empty without one.
std::string CopySuffix(const FilterOptions& filter);

// `producers`: of the target, those with the prefix at least. Goes on with the copy that the range
// begins in or right behind, wherever in it: so a command may be repeated although its --from has
// moved on, because the journal was trimmed or has grown. Where the source has lost something
// behind the copy's end, it goes on as another part of the copy, with a producer of its own.
// FailedPrecondition where it would leave a hole in the copy or go back, where the source has lost
// what is copied and may hold something else there, and where the producer's name would be too
// long; the message says what to do.
absl::StatusOr<IntoPlan> PlanInto(const IntoRequest& request,
                                  const std::vector<CopyProducer>& producers);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_INTO_PLAN_H_
