#include "tests/cluster_sim/mutant_hook.h"

#include <algorithm>

#include "journal/base/mutants.h"
#include "tests/cluster_sim/mutant_kills.h"

namespace ringjournal::cluster_sim {

#ifdef RINGJOURNAL_MUTANTS
namespace {

int NumberOf(std::string_view name) {
  for (const MutantName& m : kMutantNames) {
    if (m.name == name) return static_cast<int>(m.mutant);
  }
  return 0;
}

}  // namespace
#endif

const std::vector<MutantChoice>& AllMutants() {
  static const auto* const kAll = new std::vector<MutantChoice>([] {
    std::vector<MutantChoice> all = {
        {"acks_other_place", SimMutant::kAcksOtherPlace},
        {"reads_future", SimMutant::kReadsFuture},
        {"appends_again", SimMutant::kAppendsAgain},
        {"swallows_answers", SimMutant::kSwallowsAnswers},
        {"memory_loss_untold", SimMutant::kMemoryLossUntold},
        {"disk_loss_untold", SimMutant::kDiskLossUntold},
        {"forgets_acked_end", SimMutant::kForgetsAckedEnd},
    };
#ifdef RINGJOURNAL_MUTANTS
    for (const MutantName& m : kMutantNames) {
      MutantChoice choice{m.name, SimMutant::kNone, static_cast<int>(m.mutant)};
      if (const MutantKill* kill = FindKill(m.name)) {
        choice.bias = kill->bias;
        choice.seed = kill->seed;
        choice.second = NumberOf(kill->with);
      }
      all.push_back(choice);
    }
#endif
    return all;
  }());
  return *kAll;
}

std::optional<MutantChoice> FindMutant(std::string_view name) {
  for (const MutantChoice& choice : AllMutants()) {
    if (choice.name == name) return choice;
  }
  return std::nullopt;
}

void FitPlan(SimMutant mutant, Plan* plan) {
  switch (mutant) {
    case SimMutant::kReadsFuture:
      plan->readers = std::max(plan->readers, 1u);
      break;
    case SimMutant::kAppendsAgain:
      plan->appenders = std::max(plan->appenders, 2u);
      break;
    case SimMutant::kMemoryLossUntold:
      plan->faults = {Fault::kKillAll};
      break;
    case SimMutant::kDiskLossUntold:
      plan->faults = {Fault::kPowerAll};
      plan->settings.set_memory_only(false);
      plan->levels.push_back(client::Level::kDiskQuorum);
      break;
    case SimMutant::kForgetsAckedEnd:
      plan->faults = {Fault::kKillAll};
      plan->settings.set_memory_only(true);  // else the disk gives the mutant away
      plan->levels = {client::Level::kReplicated};
      plan->degraded_policy = v1::DEGRADED_POLICY_MEMORY;
      break;
    default:
      break;
  }
}

void SelectProductionMutant(int number, int second) {
#ifdef RINGJOURNAL_MUTANTS
  active_mutant = static_cast<Mutant>(number);
  second_mutant = static_cast<Mutant>(second);
#else
  static_cast<void>(second);
  static_cast<void>(number);
#endif
}

}  // namespace ringjournal::cluster_sim
