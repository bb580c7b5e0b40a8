// Are members of the in-sync set dropped when they must be, and only when they may be?
#ifndef TESTS_CLUSTER_SIM_LAGGARD_AUDIT_H_
#define TESTS_CLUSTER_SIM_LAGGARD_AUDIT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "server/session/shard.h"
#include "tests/sim/report.h"

namespace ringjournal::cluster_sim {

// Looks at the leaders of one process: by what a leader knows of its backups, in the words of the
// protocol. One thread; lives as long as the process.
class LaggardAudit {
 public:
  // After a Step that ended a batch.
  void Look(const std::string& node, const Shard& shard, sim::Report* report);

 private:
  struct Seen {
    Epoch epoch;
    uint64_t proposals = 0;
  };
  std::map<JournalId, Seen> seen_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_LAGGARD_AUDIT_H_
