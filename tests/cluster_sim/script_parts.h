// What the scripts of mutants share; and the scripts that stand in files of their own.
#ifndef TESTS_CLUSTER_SIM_SCRIPT_PARTS_H_
#define TESTS_CLUSTER_SIM_SCRIPT_PARTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/stage.h"

namespace ringjournal::cluster_sim {

inline constexpr uint32_t kN1 = 0, kN2 = 1, kN3 = 2, kN4 = 3;

inline Index EndOf(const Stage& stage, uint32_t n) {
  const Replica* replica = stage.replica(n);
  return replica == nullptr ? Index() : replica->marks().end.index;
}

inline bool IsAt(const Stage& stage, uint32_t n, uint32_t epoch) {
  const Replica* replica = stage.replica(n);
  return replica != nullptr && replica->options().epoch.epoch == epoch;
}

// What a checker has found counts more than that the run went another way then.
inline std::string Stuck(const Stage& stage, const char* where) {
  return stage.violation().empty() ? absl::StrCat("script: ", where) : stage.violation();
}

// nullopt: that mutant has no script there.
std::optional<std::string> RunMemberScript(std::string_view mutant);  // scripts_members.cc
std::optional<std::string> RunLagScript(std::string_view mutant);     // scripts_lags.cc
std::optional<std::string> RunCutScript(std::string_view mutant);     // scripts_cuts.cc
std::optional<std::string> RunPlanScript(std::string_view mutant);    // scripts_plans.cc

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SCRIPT_PARTS_H_
