#include "server/cluster/laggards.h"

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr uint64_t kRing = 1000;  // bytes, so that a tenth is a percent

class Lag : public testing::Test {
 protected:
  // The lag stays as it is for so long, looked at every 10 ms. The last news of that time.
  LagWatch::News Stay(uint64_t bytes, int64_t ms, bool in_sync = true, int64_t age_ms = 0) {
    LagWatch::News last = LagWatch::News::kNone;
    for (int64_t until = now_ns + ms * kMs; now_ns < until; now_ns += 10 * kMs) {
      LagWatch::News news = watch.Look(bytes, age_ms * kMs, kRing, in_sync, now_ns);
      if (news != LagWatch::News::kNone) last = news;
    }
    return last;
  }
  void Acknowledge(int64_t ms, int times) {
    for (int i = 0; i < times; ++i) watch.AddAge(ms * kMs);
  }
  int64_t now_ns = 1'000'000'000;
  LagWatch watch;
};

TEST_F(Lag, AboveHalfOfTheRingItIsMarkedOnce) {
  EXPECT_EQ(Stay(500, 1000), LagWatch::News::kNone) << "half is not above half";
  EXPECT_EQ(Stay(510, 1000), LagWatch::News::kMarked);
  EXPECT_TRUE(watch.marked());
  EXPECT_EQ(Stay(700, 1000), LagWatch::News::kNone);
  EXPECT_FALSE(watch.too_far()) << "marked is not dropped";
}

TEST_F(Lag, TheMarkGoesOnlyOnceItHasComeClose) {
  Stay(600, 1000);
  EXPECT_EQ(Stay(300, 1000), LagWatch::News::kNone);
  EXPECT_TRUE(watch.marked());
  EXPECT_EQ(Stay(240, 20), LagWatch::News::kCleared);
  EXPECT_FALSE(watch.marked());
}

TEST_F(Lag, ABurstThatIsSoonAcknowledgedDoesNotCount) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Stay(990, 140), LagWatch::News::kNone);
    EXPECT_FALSE(watch.too_far());
    Stay(0, 10);
  }
}

TEST_F(Lag, AboveThreeQuartersForAWhileItIsTooFar) {
  Stay(750, 1000);
  EXPECT_FALSE(watch.too_far());
  EXPECT_EQ(watch.far_for_ns(), -1);
  Stay(760, 150);
  EXPECT_FALSE(watch.too_far()) << "since 140 ms";
  Stay(760, 10);
  EXPECT_TRUE(watch.too_far());
  EXPECT_EQ(watch.far_for_ns(), 150 * kMs);
  watch.Forget();
  EXPECT_FALSE(watch.too_far()) << "it follows no more: that is silence, not a lag";
  EXPECT_TRUE(watch.marked());
}

TEST_F(Lag, WhoIsNotInSyncIsNotMarked) {
  EXPECT_EQ(Stay(990, 1000, false), LagWatch::News::kNone);
  EXPECT_FALSE(watch.marked());
}

TEST_F(Lag, BelowTheFloorNoAcknowledgementIsTooLate) {
  Acknowledge(1, 1000);
  Stay(10, 10, true, limits::kLaggardAgeFloorMs);
  EXPECT_FALSE(watch.too_late());
  Stay(10, 10, true, limits::kLaggardAgeFloorMs + 1);
  EXPECT_TRUE(watch.too_late());
}

TEST_F(Lag, WhoIsDistantMayStallTwiceAsLongAsIsUsualOfItButNotForEver) {
  EXPECT_EQ(watch.StallAbove(), limits::kPeerStallMs * kMs) << "too few to say";
  Acknowledge(10, 128);
  EXPECT_EQ(watch.StallAbove(), limits::kPeerStallMs * kMs);
  Acknowledge(150, 128);
  EXPECT_EQ(watch.StallAbove(), 300 * kMs);
  Acknowledge(5000, 128);
  EXPECT_EQ(watch.StallAbove(), limits::kPeerStallMsMax * kMs);
}

TEST_F(Lag, WhatIsUsualOfADistantBackupIsNotTooLate) {
  Acknowledge(200, 127);
  EXPECT_EQ(watch.UsualAge(), 0) << "too few to say";
  Acknowledge(200, 1);
  EXPECT_EQ(watch.UsualAge(), 200 * kMs);
  Stay(10, 10, true, 1500);
  EXPECT_FALSE(watch.too_late());
  Stay(10, 10, true, 1601);
  EXPECT_TRUE(watch.too_late());
}

TEST_F(Lag, OneSlowAcknowledgementOfAHundredIsNotUsual) {
  Acknowledge(1, 127);
  Acknowledge(900, 1);
  EXPECT_EQ(watch.UsualAge(), 1 * kMs);
  Acknowledge(900, 1);
  EXPECT_EQ(watch.UsualAge(), 900 * kMs);
  Acknowledge(1, 126);
  EXPECT_EQ(watch.UsualAge(), 900 * kMs) << "two of the newest 128";
  Acknowledge(1, 1);
  EXPECT_EQ(watch.UsualAge(), 1 * kMs) << "the window has passed over one of them";
}

}  // namespace
}  // namespace ringjournal
