#include "tools/ringjournal/pace.h"

#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

TEST(Pace, OriginalKeepsTheDistances) {
  Pace pace = *Pace::Parse("original");
  EXPECT_EQ(pace.WaitNs(1000, 50), 0) << "the first is due at once";
  EXPECT_EQ(pace.WaitNs(1300, 50), 300);
  EXPECT_EQ(pace.WaitNs(1300, 250), 100);
  EXPECT_EQ(pace.WaitNs(1300, 350), 0);
  EXPECT_EQ(pace.WaitNs(1400, 1000), 0) << "who is late does not wait";
}

TEST(Pace, AFactorDividesThem) {
  Pace fast = *Pace::Parse("x10"), slow = *Pace::Parse("x0.5");
  EXPECT_EQ(fast.WaitNs(0, 0), 0);
  EXPECT_EQ(fast.WaitNs(1000, 0), 100);
  EXPECT_EQ(slow.WaitNs(0, 0), 0);
  EXPECT_EQ(slow.WaitNs(1000, 0), 2000);
}

TEST(Pace, MaxNeverWaits) {
  Pace pace = *Pace::Parse("max");
  EXPECT_TRUE(pace.is_max());
  EXPECT_EQ(pace.WaitNs(0, 0), 0);
  EXPECT_EQ(pace.WaitNs(UINT64_MAX, 0), 0);
}

TEST(Pace, AnythingElseIsRefused) {
  for (const char* bad : {"", "x", "10", "10x", "x-1", "x0", "xinf", "x1e5", "fast", "x1.2.3"}) {
    EXPECT_FALSE(Pace::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace ringjournal::cli
