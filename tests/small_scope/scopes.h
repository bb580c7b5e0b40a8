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
inline constexpr Scope kOneCrash{.entries = 1, .crashes = 1, .changes = 0, .unknowns = 0};

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_SCOPES_H_
