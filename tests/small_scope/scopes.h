// The scopes that the tests search: each completes within seconds.
#ifndef TESTS_SMALL_SCOPE_SCOPES_H_
#define TESTS_SMALL_SCOPE_SCOPES_H_

#include "tests/small_scope/scope.h"

namespace ringjournal::small_scope {

// Two appends while nothing goes wrong.
inline constexpr Scope kAppends{.entries = 2, .crashes = 0, .changes = 0, .unknowns = 0};
// One append and one change: a drop or an election, at any moment.
inline constexpr Scope kOneChange{.entries = 1, .crashes = 0, .changes = 1, .unknowns = 0};
// The same on two nodes, twice, and the outcome of one may be unknown.
inline constexpr Scope kOneUnknown{
    .nodes = 2, .entries = 1, .crashes = 0, .changes = 2, .unknowns = 1};
// A crash, with the memory or without, and a start again.
inline constexpr Scope kOneCrash{.entries = 2, .crashes = 1, .changes = 0, .unknowns = 0};

// One append, one crash and one change; one way at a time holds back what is on it, as often as can
// be.
inline constexpr Scope kOneSlowWay{
    .entries = 1, .crashes = 1, .changes = 1, .unknowns = 0, .bursts = true, .slow = 1};
// One append whose client goes on at the next leader, before that one's epoch has begun or later;
// once, one way begins to hold back.
inline constexpr Scope kNextLeader = [] {
  Scope scope = kOneSlowWay;
  scope.changes = 2;
  scope.opens = scope.delays = 1;
  return scope;
}();
// The scope of the protocol page, where what is sent arrives before anything else happens.
inline constexpr Scope kWhole{.entries = 2,
                              .crashes = 2,
                              .changes = 2,
                              .unknowns = 0,
                              .bursts = true,
                              .slow = 0,
                              .delays = 0};
// The same, and once, at any moment, one way begins to hold back, for as long as can be.
inline constexpr Scope kWholeOneDelay = [] {
  Scope scope = kWhole;
  scope.slow = scope.delays = 1;
  return scope;
}();
// One append and two changes, with two delays.
inline constexpr Scope kTwoDelays{.entries = 1,
                                  .crashes = 0,
                                  .changes = 2,
                                  .unknowns = 0,
                                  .bursts = true,
                                  .slow = 2,
                                  .delays = 2};
// The same with a third change, as a leader that goes on without a restarted backup needs one.
inline constexpr Scope kTwoDelaysThreeChanges = [] {
  Scope scope = kTwoDelays;
  scope.changes = 3;
  return scope;
}();
inline constexpr Scope kTwoDelaysTwoAppends = [] {
  Scope scope = kTwoDelays;
  scope.entries = 2;
  return scope;
}();

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_SCOPES_H_
