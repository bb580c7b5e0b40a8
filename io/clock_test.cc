#include "io/clock.h"

#include <gtest/gtest.h>

namespace ringjournal::io {
namespace {

TEST(ClockTest, MonotonicTimeNeverGoesBackAndAdvances) {
  int64_t first = MonotonicNs(), last = first;
  for (int i = 0; i < 100000; ++i) {
    int64_t now = MonotonicNs();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, first);
}

TEST(ClockTest, WallTimeIsUnixTimeInNanoseconds) {
  constexpr int64_t k2020 = 1'577'836'800ll * 1'000'000'000;
  constexpr int64_t k2200 = 7'258'118'400ll * 1'000'000'000;
  Time time = ReadClock();
  EXPECT_GT(time.wall_ns, k2020);
  EXPECT_LT(time.wall_ns, k2200);
  EXPECT_GT(time.monotonic_ns, 0);
}

}  // namespace
}  // namespace ringjournal::io
