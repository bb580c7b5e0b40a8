// Directed runs for mutants that random ones do not reach: the one order of events in which
// breaking the rule does harm.
#ifndef TESTS_CLUSTER_SIM_MUTANT_SCRIPTS_H_
#define TESTS_CLUSTER_SIM_MUTANT_SCRIPTS_H_

#include <string>
#include <string_view>

namespace ringjournal::cluster_sim {

// What a checker says in the script of that mutant, whichever mutant is selected; empty: nothing.
// "script: …" if the run did not get to where the rule matters, or there is no such script.
std::string RunMutantScript(std::string_view mutant);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_MUTANT_SCRIPTS_H_
