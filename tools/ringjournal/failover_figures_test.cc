#include "tools/ringjournal/failover_figures.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::bench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kMs = 1'000'000;

// One client, whose gaps were these.
FailoverResult ResultOf(Fault fault, const std::vector<int64_t>& gaps_ms) {
  FailoverResult result{.fault = fault, .journals = 1, .runs = {}};
  for (int64_t ms : gaps_ms) result.runs.push_back({.clients = {{.gap_ns = ms * kMs}}});
  return result;
}

TEST(FailoverFigures, PercentilesAreValuesThatWereMeasured) {
  std::vector<int64_t> gaps;
  for (int64_t ms = 100; ms >= 1; --ms) gaps.push_back(ms * kMs);
  const GapSummary summary = SummariseGaps(gaps);
  EXPECT_EQ(summary.count, 100u);
  EXPECT_EQ(summary.p50_ms, 50);
  EXPECT_EQ(summary.p99_ms, 99);
  EXPECT_EQ(summary.max_ms, 100);
}

TEST(FailoverFigures, OfAFewValuesTheGreatestIsThe99thPercentile) {
  EXPECT_EQ(SummariseGaps({3 * kMs, 1 * kMs, 2 * kMs}).p50_ms, 2);
  EXPECT_EQ(SummariseGaps({3 * kMs, 1 * kMs, 2 * kMs}).p99_ms, 3);
  EXPECT_EQ(SummariseGaps({}).count, 0u);
}

TEST(FailoverFigures, TheWorstClientOfEachRunIsToldBesideAll) {
  FailoverResult result;
  result.runs = {{.clients = {{.gap_ns = 10 * kMs}, {.gap_ns = 40 * kMs}}},
                 {.clients = {{.gap_ns = 20 * kMs, .later_ns = 7 * kMs}, {.gap_ns = 30 * kMs}}}};
  EXPECT_EQ(result.each().count, 4u);
  EXPECT_EQ(result.each().p50_ms, 20);
  EXPECT_EQ(result.worst().count, 2u);
  EXPECT_EQ(result.worst().p50_ms, 30);
  EXPECT_EQ(result.worst().max_ms, 40);
  EXPECT_EQ(result.later().max_ms, 7);
}

TEST(FailoverFigures, AGoalIsMissedByEitherPercentile) {
  EXPECT_TRUE(IsMet(ResultOf(Fault::kKill, {99, 99, 299})));
  EXPECT_FALSE(IsMet(ResultOf(Fault::kKill, {100, 100, 299}))) << "p50 is not below 100 ms";
  EXPECT_FALSE(IsMet(ResultOf(Fault::kKill, {99, 99, 300}))) << "p99 is not below 300 ms";
  EXPECT_TRUE(IsMet(ResultOf(Fault::kFreeze, {349, 349, 699})));
  EXPECT_FALSE(IsMet(ResultOf(Fault::kHandover, {50})));
  EXPECT_TRUE(IsMet(ResultOf(Fault::kEtcdLeader, {2499})));
  EXPECT_FALSE(IsMet(ResultOf(Fault::kKill, {}))) << "nothing was measured";
}

TEST(FailoverFigures, WhoIsCutOffMustBeReplacedAsFastAsWhoIsFrozen) {
  for (Fault fault : {Fault::kCut, Fault::kCutIn, Fault::kCutOut}) {
    EXPECT_TRUE(IsMet(ResultOf(fault, {349, 349, 699}))) << FaultName(fault);
    EXPECT_FALSE(IsMet(ResultOf(fault, {350, 350, 699}))) << FaultName(fault);
    EXPECT_FALSE(IsMet(ResultOf(fault, {349, 349, 700}))) << FaultName(fault);
    EXPECT_TRUE(IsCut(fault));
  }
  EXPECT_FALSE(IsCut(Fault::kFreeze));
  EXPECT_THAT(DescribeFailovers({ResultOf(Fault::kCut, {80}), ResultOf(Fault::kCutIn, {90})}),
              AllOf(HasSubstr("\ncut  "), HasSubstr("\ncut-in  "),
                    HasSubstr("leader cut off                               p50     80.0 ms"),
                    HasSubstr("nothing reaches the leader                   p99     90.0 ms")));
}

TEST(FailoverFigures, EachGoalHasALineWithItsNumber) {
  const std::string text =
      DescribeFailovers({ResultOf(Fault::kKill, {80, 90, 400}), ResultOf(Fault::kHandover, {20})});
  EXPECT_THAT(text, HasSubstr("leader's process killed                      p50     90.0 ms (below "
                              "100 ms)   PASS\n"));
  EXPECT_THAT(text, HasSubstr("leader's process killed                      p99    400.0 ms (below "
                              "300 ms)   MISSED\n"));
  EXPECT_THAT(text, HasSubstr("leader moved by an operator                  p99     20.0 ms"));
  EXPECT_THAT(text, Not(HasSubstr("leader moved by an operator                  p50")));
}

TEST(FailoverFigures, JsonHasEachClientOfEachRun) {
  FailoverResult result = ResultOf(Fault::kFreeze, {170});
  result.runs.front().clients.push_back({.gap_ns = 180 * kMs});
  const std::string json = FailoversJson({result});
  EXPECT_THAT(json, HasSubstr("\"fault\":\"freeze\""));
  EXPECT_THAT(json, HasSubstr("\"gapsMs\":[[170.000,180.000]]"));
  EXPECT_THAT(json, HasSubstr("\"met\":true"));
}

}  // namespace
}  // namespace ringjournal::bench
