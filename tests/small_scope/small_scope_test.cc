// Every order of steps within small scopes: no promise is broken in any of them.
#include <cstdio>

#include "gtest/gtest.h"
#include "tests/small_scope/scopes.h"
#include "tests/small_scope/search.h"

namespace ringjournal::small_scope {
namespace {

// Completes, with as many states as the scope is known to have at least: a search that has lost
// its choices completes, too.
void ExpectComplete(const Scope& scope, uint64_t states_min) {
  SearchOptions options;
  options.scope = scope;
  options.recheck_every = 100;
  SearchResult result = Search(options);
  std::printf("%s\n", result.Summary().c_str());
  EXPECT_EQ(result.violation, "") << "again: " << ReplayCommand(scope, result);
  EXPECT_TRUE(result.complete);
  EXPECT_GE(result.states, states_min);
  EXPECT_GT(result.healed, 0u);
  EXPECT_GT(result.rechecked, 0u);
  EXPECT_EQ(result.rechecks_that_differ, 0u)
      << "two states that are taken for one have different futures; one way to it: --replay "
      << PathText(result.recheck_example);
}

TEST(SmallScope, TwoAppendsInEveryOrder) { ExpectComplete(kAppends, 300); }

TEST(SmallScope, OneChangeAtEveryMomentOfAnAppend) { ExpectComplete(kOneChange, 50000); }

TEST(SmallScope, AnUnknownOutcomeOfAChangeOfTwoNodes) { ExpectComplete(kOneUnknown, 1000); }

TEST(SmallScope, ACrashAtEveryMomentOfAnAppend) { ExpectComplete(kOneCrash, 5000); }

TEST(Path, IsReadAsItWasWritten) {
  std::vector<Choice> path = {{Choice::Kind::kDeliver, 1, 2}, {Choice::Kind::kRestart, 0, 0}};
  EXPECT_EQ(PathText(path), "D12.S00");
  EXPECT_EQ(ParsePath("D12.S00"), path);
  EXPECT_EQ(ParsePath("D1"), std::nullopt);
  EXPECT_EQ(ParsePath("D12S00"), std::nullopt);
  EXPECT_EQ(ParsePath("?12"), std::nullopt);
}

TEST(Replay, SaysWhichStepCannotHappen) {
  Replayed replayed = Replay(kAppends, {{Choice::Kind::kRestart, 0, 0}}, false);
  EXPECT_EQ(replayed.violation, "step 1 of the path cannot happen here");
}

}  // namespace
}  // namespace ringjournal::small_scope
