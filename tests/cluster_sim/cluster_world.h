// A whole run: several nodes, their clients, the config store, faults and virtual time.
#ifndef TESTS_CLUSTER_SIM_CLUSTER_WORLD_H_
#define TESTS_CLUSTER_SIM_CLUSTER_WORLD_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cluster_sim/bias.h"
#include "tests/cluster_sim/mutant_hook.h"
#include "tests/cluster_sim/plan.h"

namespace ringjournal::cluster_sim {

struct RunOptions {
  uint64_t seed = 1;
  bool tracing = false;
  SimMutant mutant = SimMutant::kNone;
  Bias bias = Bias::kNone;
  // Of a run that is to be made simpler.
  FaultMask allowed = kAllFaults;
  uint64_t faults_max = UINT64_MAX;  // from the one with this number on, none happens
  std::set<uint64_t> left_out;       // numbers of faults that do not happen
};

struct RunResult {
  std::string violation;  // empty: none
  std::string plan;
  std::vector<std::string> trace;
  uint64_t fingerprint = 0;
  // Of every event's time, every line of the trace (also those that it no longer has), every byte
  // that was sent and every config document. Only of a run that was traced.
  uint64_t trace_hash = 0;
  int64_t simulated_ns = 0;
  uint64_t events = 0, steps = 0, turns = 0, spins = 0;
  uint64_t faults = 0;         // that did something
  uint64_t fault_numbers = 0;  // numbers given out, to others too
  uint64_t failovers = 0;
  uint64_t handovers = 0;   // of them, those that were planned
  uint64_t operations = 0;  // of an operator, that succeeded
  uint64_t intact_restarts = 0, amnesiac_restarts = 0, losses = 0;
  uint64_t operator_recoveries = 0;
  uint64_t acknowledged = 0, told = 0, read = 0;
  uint64_t grants = 0, fenced = 0;  // of writers
  uint64_t takeovers = 0;           // of engines
};

// Runs one seed to its end or to the first violation. The same options give the same run. A check
// of the production code that fails is a violation like any other: its abort is caught, what the
// run had is leaked, and the message stands on stderr. Not from several threads.
RunResult RunSeed(const RunOptions& options);

// The line of trace_hashes.txt for that seed, whose run was traced: "SEED HASH".
std::string TraceHashLine(uint64_t seed, const RunResult& result);

// What a checker says of the mutant in this seed under its bias; empty if nothing, or if the seed
// fails without it.
std::string VerdictOn(const MutantChoice& mutant, uint64_t seed);

struct MutantDeath {
  std::string verdict;  // empty: it lives
  uint64_t seed = 0, runs = 0;
};
// The seed that is known to kill it first, then `others` from seed 1 on.
MutantDeath TryToKill(const MutantChoice& mutant, uint64_t others);
// The checker that a verdict names: what stands before its first ':'.
std::string_view CheckerOf(std::string_view verdict);
// The line of mutant_kills.h that says so.
std::string KillLine(const MutantChoice& mutant, const MutantDeath& death);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_CLUSTER_WORLD_H_
