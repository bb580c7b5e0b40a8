// What a soak of many seeds adds up to, and how it is said.
#ifndef TESTS_CLUSTER_SIM_SOAK_TOTALS_H_
#define TESTS_CLUSTER_SIM_SOAK_TOTALS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

#include "tests/cluster_sim/cluster_world.h"

namespace ringjournal::cluster_sim {

// Sums over seeds. Plain numbers, so that a process can hand them to another.
struct SoakTotals {
  uint64_t seeds = 0, violations = 0;
  double core_seconds = 0;  // processor time of all processes together
  int64_t simulated_ns = 0;
  uint64_t events = 0, steps = 0, turns = 0, spins = 0;
  uint64_t faults = 0, failovers = 0, handovers = 0, operations = 0;
  uint64_t intact_restarts = 0, amnesiac_restarts = 0, losses = 0;
  uint64_t acknowledged = 0, told = 0, read = 0;

  void Add(const RunResult& r);
  void Add(const SoakTotals& other);
  double simulated_seconds() const { return static_cast<double>(simulated_ns) / 1e9; }
  // For a person; `seconds` of real time were taken.
  std::string Summary(double seconds) const;
  // The row of tests/cluster_sim/soak_runs.md; `what` is the commit and the range.
  std::string TableRow(const std::string& what) const;
};
static_assert(std::is_trivially_copyable_v<SoakTotals>);

// Runs `part(from, seeds)` for `jobs` parts of the range, each in a process of its own, and adds up
// what they return. A process that ends without an answer is a violation.
SoakTotals RunInParts(uint64_t from, uint64_t seeds, uint32_t jobs,
                      const std::function<SoakTotals(uint64_t from, uint64_t seeds)>& part);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SOAK_TOTALS_H_
