// One seed is one trace, byte for byte, in every build: the committed hashes are reproduced.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/sim/report.h"

namespace ringjournal::cluster_sim {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kSeedsOfThisBuild = 20;  // about ten times slower
#else
constexpr size_t kSeedsOfThisBuild = 100;
#endif

// RINGJOURNAL_TRACE_HASHES asks for more or fewer.
size_t Wanted() {
  const char* wanted = std::getenv("RINGJOURNAL_TRACE_HASHES");
  return wanted == nullptr ? kSeedsOfThisBuild : std::strtoull(wanted, nullptr, 10);
}

std::vector<std::string> Committed() {
  std::ifstream file("tests/cluster_sim/trace_hashes.txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

RunResult Traced(uint64_t seed) { return RunSeed({.seed = seed, .tracing = true}); }

class TraceHashes : public testing::TestWithParam<size_t> {};

TEST_P(TraceHashes, OfCommittedSeedsAreReproduced) {
  const std::vector<std::string> committed = Committed();
  ASSERT_EQ(committed.size(), 100u);
  size_t wrong = 0;
  for (size_t i = GetParam(); i < std::min(committed.size(), Wanted()); i += 4) {
    const uint64_t seed = i + 1;
    if (TraceHashLine(seed, Traced(seed)) != committed[i]) ++wrong;
  }
  EXPECT_EQ(wrong, 0u) << "their runs have changed. Where that is meant: ./dev scenarios --rewrite";
}

INSTANTIATE_TEST_SUITE_P(Quarters, TraceHashes, testing::Range<size_t>(0, 4));

TEST(TraceHash, IsTheSameEachTimeAndAnotherForAnotherSeed) {
  EXPECT_EQ(Traced(1).trace_hash, Traced(1).trace_hash);
  EXPECT_NE(Traced(1).trace_hash, Traced(2).trace_hash);
}

TEST(TraceHash, ChangesWithOneByteOfOneLineOrOfWhatWasSent) {
  auto hash = [](std::string line, std::string bytes) {
    sim::Report report(/*tracing=*/true);
    report.Trace("the first");
    report.Trace(line);
    report.MixTrace(bytes);
    report.Trace("the last");
    return report.trace_hash();
  };
  const uint64_t before = hash("n1 leads in epoch 1/2", "0123456789");
  EXPECT_EQ(hash("n1 leads in epoch 1/2", "0123456789"), before);
  EXPECT_NE(hash("n1 leads in epoch 1/3", "0123456789"), before);
  EXPECT_NE(hash("n1 leads in epoch 1/2", "012345678a"), before);
  EXPECT_NE(hash("n1 leads in epoch 1/2", std::string("0123456789\0", 11)), before);
}

TEST(TraceHash, CoversLinesThatTheTraceNoLongerHas) {
  auto hash = [](const char* first) {
    sim::Report report(/*tracing=*/true);
    report.Trace(first);
    for (int i = 0; i < 30'000; ++i) report.Trace(i);
    EXPECT_LT(report.lines().size(), 30'000u);
    return report.trace_hash();
  };
  EXPECT_NE(hash("a"), hash("b"));
}

}  // namespace
}  // namespace ringjournal::cluster_sim
