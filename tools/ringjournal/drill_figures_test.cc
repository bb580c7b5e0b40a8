#include "tools/ringjournal/drill_figures.h"

#include <gtest/gtest.h>

namespace ringjournal::cli {
namespace {

constexpr int64_t kMs = 1'000'000;

DrillDirection Direction(const std::string& name, const std::vector<int64_t>& taken_ms) {
  DrillDirection direction{name, {}};
  for (int64_t ms : taken_ms) {
    SwitchTimes times;
    times.taken = ms * kMs;
    times.gap = times.taken + 1 * kMs;
    direction.runs.push_back(times);
  }
  return direction;
}

DrillResult Result() {
  DrillResult result;
  result.journal = "orders";
  result.directions = {Direction("switch", {10, 30, 20}), Direction("back", {12, 49, 50})};
  result.transactions = 7;
  result.first_lsn = Lsn(3);
  result.last_lsn = Lsn(9);
  result.max_pause_ns = 50 * kMs;
  result.complete = true;
  return result;
}

TEST(DrillFigures, PassWhereEachDirectionIsWithinTheBound) {
  const DrillResult result = Result();
  EXPECT_TRUE(result.met());
  const std::string text = DrillText(result);
  EXPECT_NE(text.find("switch      3    10.0    20.0    30.0    30.0"), std::string::npos) << text;
  EXPECT_NE(text.find("LSN 3–9 without a hole"), std::string::npos) << text;
  EXPECT_NE(text.find("\nPASS: the slower direction's p99 is 50.0 ms"), std::string::npos) << text;
}

TEST(DrillFigures, MissedWhereOneDirectionIsSlower) {
  DrillResult result = Result();
  result.directions[1].runs[0].taken = 51 * kMs;
  EXPECT_FALSE(result.met());
  EXPECT_NE(DrillText(result).find("\nMISSED: "), std::string::npos);
  EXPECT_NE(DrillJson(result).find("\"met\": false"), std::string::npos);
}

TEST(DrillFigures, MissedWhereSomethingMayBeLost) {
  DrillResult result = Result();
  result.loss = "all copies were lost";
  EXPECT_FALSE(result.met());
  EXPECT_NE(DrillText(result).find("may be lost: all copies were lost"), std::string::npos);
  EXPECT_NE(DrillJson(result).find("\"verdict\": \"may be lost\""), std::string::npos);
}

TEST(DrillFigures, NothingIsSaidToHoldWhereReadingShowedOtherwise) {
  DrillResult result = Result();
  result.unverified = "LSN 9 is of writer epoch 1.1: a fence did not hold";
  EXPECT_FALSE(result.met());
  const std::string text = DrillText(result);
  EXPECT_NE(text.find("\nnot verified: LSN 9 is of writer epoch 1.1"), std::string::npos) << text;
  EXPECT_EQ(text.find("nothing lost"), std::string::npos) << text;
  const std::string json = DrillJson(result);
  EXPECT_NE(json.find("\"verdict\": \"not verified\""), std::string::npos) << json;
  EXPECT_NE(json.find("a fence did not hold"), std::string::npos) << json;
  result.loss = "all copies were lost";  // worse
  EXPECT_NE(DrillText(result).find("may be lost: "), std::string::npos);
}

TEST(DrillFigures, WhereNothingWasReadNothingIsVerified) {
  DrillResult result = Result();
  result.transactions = 0;
  EXPECT_NE(DrillJson(result).find("\"verdict\": \"not verified\""), std::string::npos);
}

TEST(DrillFigures, MissedWhereNotAllWasDone) {
  DrillResult result = Result();
  result.complete = false;
  EXPECT_FALSE(result.met());
  EXPECT_NE(DrillText(result).find("not all runs were done"), std::string::npos);
}

}  // namespace
}  // namespace ringjournal::cli
