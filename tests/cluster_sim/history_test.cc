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

// Whatever may stand in a history: equal moments, equal places, holes, appends without an answer,
// several generations.
std::vector<Operation> AnyHistory(sim::Random* random) {
  std::vector<Operation> history(1 + random->Below(12));
  const uint64_t moments = 2 + random->Below(40), places = 1 + random->Below(30);
  for (size_t i = 0; i < history.size(); ++i) {
    Operation* o = &history[i];
    o->client = static_cast<uint32_t>(i);
    o->invoked_ns = static_cast<int64_t>(random->Below(moments));
    if (random->Chance(10)) continue;  // no answer
    o->completed_ns = o->invoked_ns + static_cast<int64_t>(random->Below(moments));
    o->generation = random->Chance(20) ? 2 : 1;
    // Mostly in the order of time, so that it is a close call.
    uint64_t place = random->Chance(60) ? i : random->Below(places);
    o->lsn = 1 + place;
  }
  return history;
}

TEST(History, BothCheckersAgreeOnWhateverMayStandThere) {
  int refused = 0;
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    sim::Random random(seed);
    std::vector<Operation> history = AnyHistory(&random);
    bool fast = WhyNotLinearizable(history).empty();
    ASSERT_EQ(fast, LinearizableByBruteForce(history)) << seed;
    refused += fast ? 0 : 1;
  }
  EXPECT_GT(refused, 2000);
  EXPECT_LT(refused, 18000);
}

// All histories of three appends within four moments, at any three places.
TEST(History, BothCheckersAgreeOnAllSmallHistories) {
  std::vector<std::pair<int64_t, int64_t>> times;
  for (int64_t from = 0; from < 4; ++from) {
    for (int64_t to = from; to < 4; ++to) times.push_back({from, to});
  }
  const size_t n = times.size() * 3;  // a time and a place
  int refused = 0, allowed = 0;
  for (size_t all = 0; all < n * n * n; ++all) {
    std::vector<Operation> history;
    for (size_t rest = all, i = 0; i < 3; ++i, rest /= n) {
      auto [from, to] = times[rest % n / 3];
      history.push_back({static_cast<uint32_t>(i), 1, from, to, 1, 1 + rest % n % 3});
    }
    bool fast = WhyNotLinearizable(history).empty();
    ASSERT_EQ(fast, LinearizableByBruteForce(history)) << all;
    ++(fast ? allowed : refused);
  }
  EXPECT_GT(allowed, 1000);
  EXPECT_GT(refused, 10000);
}

// Each is wrong by one thing only.
TEST(History, BothCheckersRefuseWhatIsKnownToBeWrong) {
  const std::vector<std::vector<Operation>> kWrong = {
      // answered before the other was begun, and stands behind it
      {{1, 1, 0, 10, 1, 2}, {2, 1, 20, 30, 1, 1}},
      // by one moment
      {{1, 1, 0, 10, 1, 2}, {2, 1, 11, 30, 1, 1}},
      // the two that contradict each other have a long one between them
      {{1, 1, 0, 10, 1, 3}, {2, 1, 0, 90, 1, 2}, {3, 1, 20, 30, 1, 1}},
      // in the second generation
      {{1, 1, 0, 10, 1, 1}, {2, 1, 20, 30, 2, 9}, {3, 1, 40, 50, 2, 8}},
      // behind an append that was never answered
      {{1, 1, 0, INT64_MAX, 0, 0}, {2, 1, 0, 10, 1, 7}, {3, 1, 20, 30, 1, 6}},
      // one place for two
      {{1, 1, 0, 10, 1, 5}, {2, 1, 5, 15, 1, 5}},
  };
  for (size_t i = 0; i < kWrong.size(); ++i) {
    EXPECT_NE(WhyNotLinearizable(kWrong[i]), "") << i;
    EXPECT_FALSE(LinearizableByBruteForce(kWrong[i])) << i;
  }
  // Of twelve in a row the first is moved behind the last.
  std::vector<Operation> row;
  for (uint32_t i = 0; i < 12; ++i) row.push_back({i, 1, 10 * i, 10 * i + 5, 1, i + 1});
  EXPECT_EQ(WhyNotLinearizable(row), "");
  EXPECT_TRUE(LinearizableByBruteForce(row));
  row[0].lsn = 13;
  EXPECT_NE(WhyNotLinearizable(row), "");
  EXPECT_FALSE(LinearizableByBruteForce(row));
}

TEST(History, TwoAppendsCannotHaveOnePlace) {
  std::vector<Operation> history = {{1, 1, 0, 10, 1, 5}, {2, 1, 0, 10, 1, 5}};
  EXPECT_NE(WhyNotLinearizable(history), "");
  EXPECT_FALSE(LinearizableByBruteForce(history));
}

TEST(History, AnAppendWithoutAnAnswerBindsNobody) {
  std::vector<Operation> history = {{1, 1, 0, INT64_MAX, 0, 0}, {2, 1, 20, 30, 1, 1}};
  EXPECT_EQ(WhyNotLinearizable(history), "");
  EXPECT_TRUE(LinearizableByBruteForce(history));
}

TEST(History, PlacesOfDifferentGenerationsAreNotCompared) {
  std::vector<Operation> history = {{1, 1, 0, 10, 1, 5}, {2, 1, 20, 30, 2, 3}};
  EXPECT_EQ(WhyNotLinearizable(history), "");
  history[1].generation = 1;
  EXPECT_NE(WhyNotLinearizable(history), "");
}

}  // namespace
}  // namespace ringjournal::cluster_sim
