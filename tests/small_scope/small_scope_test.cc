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

// With one append there are 4,354, as a leader commits nothing without who has restarted until it
// has changed the document, and here nobody may; hence two.
TEST(SmallScope, ACrashAtEveryMomentOfTwoAppends) { ExpectComplete(kOneCrash, 30000); }

// 61,046 where the client waits until the next leader's epoch has begun.
TEST(SmallScope, AClientGoesOnAtTheNextLeaderAtAnyMoment) { ExpectComplete(kNextLeader, 65000); }

TEST(SmallScope, ACrashAndAChangeWhileOneWayHoldsBack) { ExpectComplete(kOneSlowWay, 10000); }

// 28,250: a leader that hears nothing of a backup says nothing to it.
TEST(SmallScope, TheWholeScopeWithoutDelays) { ExpectComplete(kWhole, 25000); }

// Bounding delays must lose nothing but delays: where they are without bound, and no two ways may
// hold back at once, a search that counts them finds the same states as one that does not.
TEST(SmallScope, EnoughDelaysAreAsGoodAsDelaysWithoutBound) {
  SearchOptions options;
  options.scope = kAppends;
  options.scope.bursts = true;
  options.scope.slow = 2;
  SearchResult without_bound = Search(options);
  options.scope.delays = 60;
  SearchResult enough = Search(options);
  EXPECT_TRUE(without_bound.complete && enough.complete);
  EXPECT_EQ(without_bound.states, enough.states);
  EXPECT_EQ(without_bound.states_by_delays, enough.states_by_delays);
  options.scope.delays = 1;
  SearchResult one = Search(options);
  EXPECT_TRUE(one.complete);
  EXPECT_LT(one.states, enough.states);
  EXPECT_EQ(one.states_by_delays.size(), 2u);
}

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
