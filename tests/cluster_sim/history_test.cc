// The fast checker of histories is held to the one that tries everything.
#include "tests/cluster_sim/history.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/sim/random.h"

namespace ringjournal::cluster_sim {
namespace {

// Appends that take effect one after the other at random moments of their own time.
std::vector<Operation> RandomHistory(sim::Random* random) {
  std::vector<std::pair<int64_t, Operation>> by_effect;
  for (uint64_t i = 0; i < 2 + random->Below(11); ++i) {
    Operation o;
    o.client = static_cast<uint32_t>(i);
    o.generation = 1;
    o.invoked_ns = static_cast<int64_t>(random->Below(100));
    int64_t effect = o.invoked_ns + static_cast<int64_t>(random->Below(30));
    o.completed_ns = effect + static_cast<int64_t>(random->Below(30));
    by_effect.push_back({effect, o});
  }
  std::stable_sort(by_effect.begin(), by_effect.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Operation> history;
  for (auto& [effect, o] : by_effect) {
    o.lsn = history.size() + 1;
    history.push_back(o);
  }
  return history;
}

TEST(History, OneThatAnOrderExplainsIsLinearizable) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    sim::Random random(seed);
    std::vector<Operation> history = RandomHistory(&random);
    EXPECT_EQ(WhyNotLinearizable(history), "") << seed;
    EXPECT_TRUE(LinearizableByBruteForce(history)) << seed;
  }
}

TEST(History, TheFastCheckerSaysWhatTryingEveryOrderSays) {
  int refused = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    sim::Random random(seed);
    std::vector<Operation> history = RandomHistory(&random);
    for (uint64_t swaps = random.Below(3); swaps > 0; --swaps) {
      std::swap(history[random.Below(history.size())].lsn,
                history[random.Below(history.size())].lsn);
    }
    bool fast = WhyNotLinearizable(history).empty();
    EXPECT_EQ(fast, LinearizableByBruteForce(history)) << seed;
    refused += fast ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 2500);
}

TEST(History, TwoAppendsCannotHaveOnePlace) {
  std::vector<Operation> history = {{1, 1, 0, 10, 1, 5}, {2, 1, 0, 10, 1, 5}};
  EXPECT_NE(WhyNotLinearizable(history), "");
  EXPECT_FALSE(LinearizableByBruteForce(history));
}

TEST(History, AnAppendWithoutAnAnswerBindsNobody) {
  std::vector<Operation> history = {{1, 1, 0, INT64_MAX, 0, 0}, {2, 1, 20, 30, 1, 1}};
  EXPECT_EQ(WhyNotLinearizable(history), "");
}

TEST(History, PlacesOfDifferentGenerationsAreNotCompared) {
  std::vector<Operation> history = {{1, 1, 0, 10, 1, 5}, {2, 1, 20, 30, 2, 3}};
  EXPECT_EQ(WhyNotLinearizable(history), "");
  history[1].generation = 1;
  EXPECT_NE(WhyNotLinearizable(history), "");
}

}  // namespace
}  // namespace ringjournal::cluster_sim
