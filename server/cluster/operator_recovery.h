// An operator's recovery: what is asked, and what speaks against it (replication.md section 7).
#ifndef SERVER_CLUSTER_OPERATOR_RECOVERY_H_
#define SERVER_CLUSTER_OPERATOR_RECOVERY_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "server/cluster/recovery_decision.h"

namespace ringjournal {

// Nodes that are gone for good are passed over, and what only they held may be lost.
struct RecoverRequest {
  std::set<std::string> lost;
  uint64_t accept_from_lsn = 0;  // the report must not start below it
  std::string statement;         // that their processes are dead, in the operator's words
  bool dry_run = false;
};

struct RecoverVerdict {
  // Empty: nothing speaks against it. Else what does, why, and what to do next.
  std::string refusal;
  std::string leader;  // whose log is the greatest of those that are left; empty: refused
};

// Pure. `in.logs` holds what was answered within the last kRecoverAskMs, the own log among it;
// `answering` those of `request.lost` from which anything at all was heard in that time. All others
// of the recovery set, and of the members as many as hold whatever was acknowledged at disk_quorum,
// must have answered: a disk that nobody declared lost is never passed over.
RecoverVerdict JudgeRecovery(const RecoveryInput& in, const RecoverRequest& request,
                             const std::set<std::string>& answering);

// Empty, or by how much the report goes beyond what the operator accepts.
std::string WhyLosesTooMuch(const RecoverRequest& request, const v1::LossReport& report);

// What became of a request.
struct RecoverResult {
  enum class Kind {
    kRefused,    // `message` says why
    kElsewhere,  // another node's log is the greatest: it has to be asked
    kPlanned,    // a dry run: `report` is what would be stored
    kDone,       // `report` is stored, and this node leads
    kUnknown,    // the config store has not said
  } kind = Kind::kRefused;
  std::string message;
  std::string leader;
  v1::LossReport report;
};

// A request on its way; held by the journal on the node that was asked.
struct OperatorRecovery {
  RecoverRequest request;
  int64_t began_ns = 0;
  int64_t decide_at_ns = 0;
  bool ready = false;  // nothing speaks against it as of the last look: `report` may be proposed
  v1::LossReport report;
  // The document's version that was to be changed; nullopt: nothing is proposed.
  std::optional<uint64_t> proposed_to;
  std::optional<RecoverResult> result;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_OPERATOR_RECOVERY_H_
