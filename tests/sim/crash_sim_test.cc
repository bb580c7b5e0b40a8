// The crash simulation's fixed budget: random crash points, kept seeds, and every mutant dies.
#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kept_seeds.h"
#include "tests/sim/mutants.h"
#include "tests/sim/world.h"

namespace ringjournal::sim {
namespace {

constexpr uint32_t kCrashesPerSeed = 20;
constexpr uint64_t kCrashesPerQuarter = 2500;

// Runs a seed; a failure shows how to run it again and the end of its trace.
RunResult Check(uint64_t seed) {
  RunOptions options{seed, kCrashesPerSeed, Mutant::kNone, false};
  RunResult result = RunSeed(options);
  if (result.violation.empty()) return result;
  options.tracing = true;
  result = RunSeed(options);
  std::string trace;
  size_t from = result.trace.size() - std::min<size_t>(result.trace.size(), 60);
  for (size_t i = from; i < result.trace.size(); ++i) trace += result.trace[i] + "\n";
  ADD_FAILURE() << trace << result.violation << "\nagain: ./dev soak node --seeds 1 --trace --from "
                << seed;
  return result;
}

// Four times 2,500: 10,000 random crash points, in shards that can run side by side.
class CrashPoints : public testing::TestWithParam<uint64_t> {};

TEST_P(CrashPoints, KeepEveryPromise) {
  uint64_t crashes = 0, reports = 0, told = 0, acknowledged = 0;
  for (uint64_t seed = GetParam(); crashes < kCrashesPerQuarter; ++seed) {
    RunResult result = Check(seed);
    ASSERT_TRUE(result.violation.empty());
    ASSERT_GT(result.crashes, 0u) << "a seed without a crash tests nothing";
    crashes += result.crashes;
    reports += result.loss_reports;
    told += result.told;
    acknowledged += result.acknowledged;
  }
  // A simulation in which nothing happens proves nothing.
  EXPECT_GT(reports, kCrashesPerQuarter / 10);
  EXPECT_GT(told, kCrashesPerQuarter / 50);
  EXPECT_GT(acknowledged, kCrashesPerQuarter * 20);
}

INSTANTIATE_TEST_SUITE_P(Quarters, CrashPoints, testing::Values(1, 1000001, 2000001, 3000001));

TEST(CrashSimulation, HoldsOnTheKeptSeeds) {
  for (const KeptSeed& kept : kKeptSeeds) {
    EXPECT_TRUE(Check(kept.seed).violation.empty()) << "once: " << kept.found;
  }
}

TEST(CrashSimulation, OneSeedIsOneRun) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    RunOptions options{seed, kCrashesPerSeed, Mutant::kNone, false};
    RunResult first = RunSeed(options);
    options.tracing = true;
    RunResult second = RunSeed(options);
    EXPECT_EQ(first.fingerprint, second.fingerprint);
    EXPECT_EQ(first.boundaries, second.boundaries);
  }
}

class MutantTest : public testing::TestWithParam<MutantName> {};

TEST_P(MutantTest, Dies) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    RunOptions options{seed, kCrashesPerSeed, GetParam().mutant, false};
    if (!RunSeed(options).violation.empty()) return;
  }
  ADD_FAILURE() << "no checker found the mutant " << GetParam().name << " in 30 seeds";
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest, testing::ValuesIn(kMutants),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ringjournal::sim
