// What a seed decides once for its whole run: sizes, and a random subset of the faults.
#ifndef TESTS_CLUSTER_SIM_PLAN_H_
#define TESTS_CLUSTER_SIM_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/outcome.h"
#include "proto/config.pb.h"
#include "tests/cluster_sim/sim_config_store.h"
#include "tests/sim/random.h"

namespace ringjournal::cluster_sim {

enum class Fault : uint8_t {
  kKill,            // the process; memory stays
  kKillAtBoundary,  // the same, between two effects soon
  kKillDamage,      // the process, and its rings are damaged before the next one
  kKillAll,         // every process
  kMachine,         // a machine's memory
  kMachineAndDisk,  // and everything that it had stored
  kPowerAll,        // every machine's memory
  kPause,           // the process stands still
  kSuspend,         // the machine does
  kCut,             // a connection, at any byte
  kIsolate,         // a node from all others, both ways
  kOneWay,          // one direction between two nodes
  kPartial,         // both directions between two nodes
  kFlap,            // a few short cuts of one link
  kSlowLink,        // 2 to 1,000 times slower
  kSlowDisk,
  kDiskFull,
  kDiskFails,        // one write fails: the process stops itself
  kStoreAway,        // the config store, for one node
  kStoreAwayAll,     // or for all
  kAnswerForgotten,  // a cas takes effect and nobody is told
  kChangeLate,       // a cas takes effect much later
  kWallClock,        // jumps
  kDrain,            // an orderly stop
  kAimed,            // at a moment: see Moment
  kGone,             // a machine goes, and comes back only once an operator has declared it lost
  // Only a bias puts these in.
  kKillAllTail,  // every process, and the newest record of each ring is damaged
  kKillAllSome,  // every process, and the memory of all machines but the leader's
  kTwiceDead,    // the leader, or all, lose memory; the leader again once it has registered
};
inline constexpr int kFaults = static_cast<int>(Fault::kTwiceDead) + 1;
inline constexpr int kFaultsDrawn = static_cast<int>(Fault::kAimed) + 1;  // by any seed
std::string FaultName(Fault fault);

// Which faults are allowed: all, unless somebody looks for the few that matter.
using FaultMask = uint32_t;
inline constexpr FaultMask kAllFaults = (FaultMask{1} << kFaults) - 1;
inline constexpr FaultMask MaskOf(Fault fault) { return FaultMask{1} << static_cast<int>(fault); }

// Swarm testing: few kinds of faults often find what all kinds together hide.
struct Plan {
  explicit Plan(sim::Random* random);
  // By a stream of their own: what else a seed decides stays as it is.
  void ChooseOperations(sim::Random* random);
  // Takes away what is not allowed, whoever has put it in. The last word on a plan.
  void Restrict(FaultMask allowed);
  std::string Describe() const;
  // Losing one machine's memory is among the faults.
  bool AllowsMemoryLoss() const;

  uint32_t nodes = 3;
  uint32_t journals = 1;
  uint32_t appenders = 3, readers = 1;  // of each journal
  uint32_t tails = 0;                   // who ask for its end, of each journal
  uint32_t settlers = 0;                // who ask after sequences: of as many appenders
  uint32_t engines = 0;                 // with a standby: of the same journal
  uint32_t writers = 0;                 // who fence one another on a journal of their own
  uint64_t appends = 600;               // of all appenders together
  size_t payload_bytes_max = 300;
  std::vector<client::Level> levels;
  v1::JournalSettings settings;
  uint32_t min_isr = 1;
  v1::DegradedPolicy degraded_policy = v1::DEGRADED_POLICY_DISK;
  StoreFaults store;
  std::vector<int32_t> clock_ppm;  // of each node
  std::vector<Fault> faults;       // one is drawn each time; may name one several times
  uint64_t faults_min = 110;       // before the run heals
  int64_t fault_pause_max_ns = 180 * kMs;
  int64_t restart_max_ns = kSecond;
  uint32_t fast_restart_percent = 30;  // these come back while bytes of the dead are under way
  uint32_t aim_percent[8] = {};        // by Moment
  int64_t run_min_ns = 10 * kSecond;
  // An operator moves leaders, and adds and removes members. 0: there is none.
  int64_t operation_pause_max_ns = 0;
  uint32_t move_weight = 8;  // of 16 operations so many move a leader
  // Of 100 operations so many create or remove another journal, which nobody appends to: what
  // happens to one journal changes the document, and the nodes' work, for all.
  uint32_t journals_percent = 0;
  bool has_operator = false;
  uint32_t hasty_permille = 0;  // of his looks at what there is to do, 100 a second

 private:
  void ChooseSizes(sim::Random* random);
  void ChooseFaults(sim::Random* random);
  void ChooseOperator(sim::Random random);
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_PLAN_H_
