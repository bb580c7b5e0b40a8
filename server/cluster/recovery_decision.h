// Who leads a journal that has no leader and whose in-sync set does not elect one: a pure function
// of what the members say they have (replication.md section 7).
#ifndef SERVER_CLUSTER_RECOVERY_DECISION_H_
#define SERVER_CLUSTER_RECOVERY_DECISION_H_

#include <map>
#include <string>

#include "proto/config.pb.h"
#include "proto/peer.pb.h"

namespace ringjournal {

enum class RecoveryStep {
  kWait,            // for more answers, or for another member to act
  kLeadFromMemory,  // this node's ring holds every committed entry, and is the greatest such
  kLeadFromDisk,    // no such ring is left: this node's log is the greatest that is reachable
};
const char* RecoveryStepText(RecoveryStep step);

struct RecoveryInput {
  const v1::JournalConfig* config = nullptr;
  std::string self;
  // Fresh answers by node, this node's own among them.
  std::map<std::string, v1::LogAnswer> logs;
  // The bounded wait for all of `complete` is over.
  bool waited = false;
};

struct RecoveryDecision {
  RecoveryStep step = RecoveryStep::kWait;
  std::string reason;  // one sentence, for the log
};

RecoveryDecision DecideRecovery(const RecoveryInput& input);

// True if that node's memory is known to hold every committed entry: a ring, or a live replica,
// that counts for `complete` as (node, content) or as (node, claim), never by what the registry
// gave last.
bool CountsForComplete(const v1::JournalConfig& config, const std::string& node,
                       const v1::LogAnswer& log);

// The order of logs: by the epoch of the last entry, then by its index.
bool IsGreater(const v1::LogAnswer& a, const v1::LogAnswer& b);

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_RECOVERY_DECISION_H_
