// Faults put in on purpose: a checker counts only if it finds its mutant.
#ifndef TESTS_CLUSTER_SIM_MUTANT_HOOK_H_
#define TESTS_CLUSTER_SIM_MUTANT_HOOK_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cluster_sim/bias.h"
#include "tests/cluster_sim/plan.h"

namespace ringjournal::cluster_sim {

// Promises that are broken around the production code, which has nothing of it.
enum class SimMutant {
  kNone,
  kAcksOtherPlace,    // a client sees another LSN in an acknowledgement
  kReadsFuture,       // a reader gets an entry that is never committed
  kAppendsAgain,      // another producer appends the same payloads
  kSwallowsAnswers,   // a client's answers are lost without an end of the connection
  kMemoryLossUntold,  // memory is lost where the fault model says that it is not
  kDiskLossUntold,    // the same of a disk
  kForgetsAckedEnd,   // a restart finds a ring without its last acknowledged entries
};

// Either one of these, or one of the production code's own (journal/base/mutants.h).
struct MutantChoice {
  std::string_view name;
  SimMutant sim = SimMutant::kNone;
  int production = 0;  // its number there; 0: none
  Bias bias = Bias::kNone;
  uint64_t seed = 0;  // known to kill it; 0: none is
  // Another one of the production code beside it, which guards the same promise and alone breaks
  // none; 0: none.
  int second = 0;
};

// Every mutant that this build has.
const std::vector<MutantChoice>& AllMutants();
// nullopt for a name that is not there.
std::optional<MutantChoice> FindMutant(std::string_view name);
// Makes the plan one in which the mutant can show.
void FitPlan(SimMutant mutant, Plan* plan);
// The production code behaves like this mutant from now on; 0: as it should.
void SelectProductionMutant(int number, int second = 0);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_MUTANT_HOOK_H_
