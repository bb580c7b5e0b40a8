#include "examples/matching_engine/retries.h"

#include <gtest/gtest.h>

namespace ringjournal::matching {
namespace {

using client::ErrorCode;

TEST(Retries, LivesThatEndAtOnceAreFartherAndFartherApartAndEnd) {
  Retries retries;
  std::chrono::milliseconds all(0);
  retries.Begin(all);
  auto pause = retries.Next(all);
  EXPECT_EQ(pause, Retries::kFirstPause);
  int count = 0;
  for (; pause.has_value(); ++count) {
    EXPECT_LE(*pause, Retries::kLongestPause);
    all += *pause;
    retries.Begin(all);
    pause = retries.Next(all);
  }
  EXPECT_EQ(count, Retries::kMax);
}

TEST(Retries, AGoodLifeBeginsTheCountAnew) {
  Retries retries;
  std::chrono::nanoseconds now(0);
  for (int i = 0; i < 3 * Retries::kMax; ++i) {
    retries.Begin(now);
    now += Retries::kGoodLife;
    EXPECT_EQ(retries.Next(now), Retries::kFirstPause);
  }
}

TEST(Retries, WhatAnewLifeWouldMeetAgainIsNoReasonForOne) {
  for (ErrorCode code : {ErrorCode::kTrimmed, ErrorCode::kDataLoss, ErrorCode::kDeadline,
                         ErrorCode::kCannotConnect, ErrorCode::kUnavailable}) {
    EXPECT_TRUE(MayGoBetter(code)) << client::ErrorCodeName(code);
  }
  for (ErrorCode code : {ErrorCode::kUnknown, ErrorCode::kStateDiverged, ErrorCode::kApplyFailed,
                         ErrorCode::kTooLarge, ErrorCode::kBadSetting}) {
    EXPECT_FALSE(MayGoBetter(code)) << client::ErrorCodeName(code);
  }
}

}  // namespace
}  // namespace ringjournal::matching
