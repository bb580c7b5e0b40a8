// Every order of steps within a scope, each state once.
#ifndef TESTS_SMALL_SCOPE_SEARCH_H_
#define TESTS_SMALL_SCOPE_SEARCH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/small_scope/scope.h"

namespace ringjournal::small_scope {

struct SearchOptions {
  Scope scope;
  uint64_t states_max = UINT64_MAX;
  double seconds_max = 1e18;
  // Of the states in which nothing new can happen, and of all: every so many-th is healed. 0: none.
  uint64_t heal_last_every = 1;
  uint64_t heal_every = 0;
  // Every so many-th step that leads to a known state is looked at again afterwards: what follows
  // must be what followed there. 0: none.
  uint64_t recheck_every = 0;
  std::function<void(const std::string&)> progress;  // a line now and then; may be empty
};

struct SearchResult {
  bool complete = false;
  uint64_t states = 0;
  std::vector<uint64_t> states_by_delays;  // by the fewest delays that lead there
  uint64_t transitions = 0;
  uint64_t last_states = 0;  // in which nothing new can happen
  uint64_t healed = 0;
  uint64_t rechecked = 0, rechecks_that_differ = 0;
  // The first that differs: two paths to what is taken for one state, and what differs after it.
  std::vector<Choice> recheck_example, recheck_other;
  std::vector<Choice> recheck_differs;
  uint32_t deepest = 0;  // steps of the longest shortest path
  std::vector<Choice> deepest_path;
  double seconds = 0;
  std::string violation;     // empty: none
  std::vector<Choice> path;  // to it; the shortest there is
  bool in_heal = false;      // it was found after that path, without faults
  std::string Summary() const;
};

// First what needs no delay, then what needs one, and so on; in each breadth first, so that a path
// to a violation is as short as can be with so few delays. One search at a time.
SearchResult Search(const SearchOptions& options);

// The path in words, and what the nodes said; `violation` is what the last step broke.
struct Replayed {
  std::vector<std::string> lines;
  std::string violation;
};
Replayed Replay(const Scope& scope, const std::vector<Choice>& path, bool heal);

// The command that shows it again.
std::string ReplayCommand(const Scope& scope, const SearchResult& result);

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_SEARCH_H_
