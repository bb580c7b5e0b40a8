// The simulated cluster's fixed budget: seeds, determinism, and the mutants around the
// production code die.
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/kept_seeds.h"
#include "tests/cluster_sim/minimise.h"

namespace ringjournal::cluster_sim {
namespace {

// Seeds of each quarter; RINGJOURNAL_CLUSTER_SEEDS asks for more or fewer.
uint64_t SeedsOfAQuarter() {
  constexpr uint64_t kSeeds = 60;
  const char* wanted = std::getenv("RINGJOURNAL_CLUSTER_SEEDS");
  return wanted == nullptr ? kSeeds : std::strtoull(wanted, nullptr, 10);
}

// Runs a seed; a failure shows how to run it again and the end of its trace.
RunResult Check(uint64_t seed, Bias bias = Bias::kNone) {
  RunOptions options{.seed = seed, .bias = bias};
  RunResult result = RunSeed(options);
  if (result.violation.empty()) return result;
  options.tracing = true;
  result = RunSeed(options);
  std::string trace;
  size_t from = result.trace.size() > 60 ? result.trace.size() - 60 : 0;
  for (size_t i = from; i < result.trace.size(); ++i) trace += result.trace[i] + "\n";
  ADD_FAILURE() << trace << result.violation << "\nplan: " << result.plan
                << "\nagain: ./dev soak sim --seeds 1 --trace --from " << seed << " --bias "
                << BiasName(bias);
  return result;
}

class Seeds : public testing::TestWithParam<uint64_t> {};

TEST_P(Seeds, KeepEveryPromise) {
  RunResult sum;
  const uint64_t seeds = SeedsOfAQuarter();
  for (uint64_t seed = GetParam(); seed < GetParam() + seeds; ++seed) {
    RunResult result = Check(seed);
    ASSERT_TRUE(result.violation.empty());
    EXPECT_GE(result.simulated_ns, 10 * kSecond) << seed;
    EXPECT_GE(result.faults, 110u) << seed;
    sum.turns += result.turns;
    sum.spins += result.spins;
    sum.acknowledged += result.acknowledged;
    sum.failovers += result.failovers;
    sum.intact_restarts += result.intact_restarts;
    sum.amnesiac_restarts += result.amnesiac_restarts;
    sum.read += result.read;
  }
  // A simulation in which nothing happens proves nothing.
  EXPECT_GE(sum.acknowledged, seeds * 400);
  EXPECT_GE(sum.failovers, seeds * 3);
  EXPECT_GE(sum.intact_restarts, seeds);
  EXPECT_GE(sum.amnesiac_restarts, seeds);
  EXPECT_GE(sum.read, seeds * 100);
  // A turn that is due again at once, and has sent and stored nothing, has not done what it woke up
  // for.
  EXPECT_LE(sum.spins, sum.turns / 1000);
}

INSTANTIATE_TEST_SUITE_P(Quarters, Seeds, testing::Values(1, 1'000'001, 2'000'001, 3'000'001));

TEST(ClusterSimulation, HoldsOnTheKeptSeeds) {
  for (const KeptSeed& kept : kKeptSeeds) {
    EXPECT_EQ(Check(kept.seed, kept.bias).violation, "") << "once: " << kept.found;
  }
}

// As etcd's watch does; else the store only says that there was a change.
TEST(ClusterSimulation, HoldsWhereTheStoreTellsTheDocument) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    EXPECT_EQ(Check(seed, Bias::kToldDocuments).violation, "") << seed;
  }
}

TEST(ClusterSimulation, OneSeedIsOneRunTracedOrNot) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    RunOptions options{.seed = seed};
    RunResult first = RunSeed(options);
    options.tracing = true;
    RunResult second = RunSeed(options);
    EXPECT_EQ(first.fingerprint, second.fingerprint) << seed;
    EXPECT_EQ(first.events, second.events) << seed;
    EXPECT_EQ(first.simulated_ns, second.simulated_ns) << seed;
  }
}

class MutantTest : public testing::TestWithParam<MutantChoice> {};

TEST_P(MutantTest, Dies) {
  std::string verdict;
  for (uint64_t seed = 1; seed <= 40 && verdict.empty(); ++seed) {
    verdict = VerdictOn(GetParam(), seed);
  }
  EXPECT_NE(verdict, "") << "no checker found it in 40 seeds";
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest, testing::ValuesIn(AllMutants()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Minimise, LeavesOutWhatAFailureDoesNotNeed) {
  RunOptions failing{.seed = 1, .mutant = SimMutant::kAcksOtherPlace};
  RunOptions simple = Minimise(failing, 60);
  RunResult before = RunSeed(failing), after = RunSeed(simple);
  EXPECT_NE(before.violation, "");
  EXPECT_NE(after.violation, "");
  EXPECT_EQ(after.faults, 0u) << "this mutant needs no fault";
}

}  // namespace
}  // namespace ringjournal::cluster_sim
