#include "tools/ringjournal/progress.h"

#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

ProgressState Half() {
  return {.done = 500, .total = 1000, .bytes = 5 << 20, .elapsed_ns = 1'000'000'000, .lsn = 777};
}

TEST(ProgressBar, SaysShareRateAndTimeLeft) {
  EXPECT_EQ(ProgressBar(Half(), 100),
            "[====================>                   ]  50 %  LSN 777  500 transactions/s, 5.0 "
            "MiB/s  2s left");
}

TEST(ProgressBar, NeverExceedsTheTerminal) {
  for (size_t columns = 0; columns < 200; ++columns) {
    EXPECT_LE(ProgressBar(Half(), columns).size(), columns);
  }
}

TEST(ProgressBar, WithoutATotalHasNoBarAndNoGuess) {
  ProgressState state = Half();
  state.total = 0;
  EXPECT_EQ(ProgressBar(state, 100), "  LSN 777  500 transactions/s, 5.0 MiB/s");
}

TEST(ProgressLine, IsASentence) {
  EXPECT_EQ(ProgressLine(Half()),
            "at LSN 777, 500 of 1000 (50 %) transactions, 500 transactions/s, 5.0 MiB/s, 2s left");
  ProgressState state = Half();
  state.elapsed_ns = 3'700'000'000'000;
  EXPECT_NE(ProgressLine(state).find("1h01m left"), std::string::npos) << ProgressLine(state);
}

}  // namespace
}  // namespace ringjournal::cli
