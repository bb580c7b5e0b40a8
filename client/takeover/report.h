// What a takeover says: who is the writer now, what was lost, what is in doubt, how long it took.
#ifndef CLIENT_TAKEOVER_REPORT_H_
#define CLIENT_TAKEOVER_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/outcome.h"
#include "journal/base/types.h"

namespace ringjournal::client {

enum class Verdict {
  // Everything that was acknowledged as replicated or safer is in the journal, and was applied.
  kNothingLost,
  // A recovery since the old writer's fence may have lost acknowledged transactions from
  // `lost_from` on. What stands there now was applied.
  kMayBeLost,
};

// One effect that is to be brought about: see StateMachine::Apply.
struct Effect {
  Lsn lsn;
  std::string bytes;
};

struct TakeoverReport {
  std::string journal;
  Epoch old_writer;  // zero: there was none
  std::string old_claimant;
  Epoch new_writer;
  std::string new_claimant;
  bool forced = false;

  Lsn final_lsn;       // the last transaction of all older writers; 0: there is none
  uint64_t chain = 0;  // chain hash of the fence behind it: of the whole journal up to there
  Verdict verdict = Verdict::kNothingLost;
  Lsn lost_from;         // with kMayBeLost
  std::string lost_why;  // with kMayBeLost: the recovery's own sentence, if known

  // What the old writers said last: they had acted on everything up to here. 0: nothing was said.
  Lsn acted_lsn;
  // Transactions of the application above acted_lsn: journaled, and not known to have been acted
  // on. Rising, neighbours joined; `in_doubt_count` of them.
  std::vector<LsnRange> in_doubt;
  uint64_t in_doubt_count = 0;
  // False: there were more ranges than are kept; the oldest were joined, with what lay between
  // (transactions of the library itself, or of older ones that were acted on).
  bool in_doubt_exact = true;

  uint64_t replayed = 0;          // transactions applied between the decision and the boundary
  uint64_t digests_compared = 0;  // with the writers'; all were equal
  // Time of each phase, nanoseconds.
  int64_t silence_ns = 0;  // from the writer's last word to the decision; 0: by hand
  int64_t fence_ns = 0;    // to the committed fence
  int64_t replay_ns = 0;   // to the last transaction before it
  int64_t open_ns = 0;     // to an open Writer
};

// "nothing lost", "may be lost".
std::string VerdictText(Verdict verdict);
// A few lines `name=value` for people and scripts.
std::string ReportText(const TakeoverReport& report);

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_REPORT_H_
