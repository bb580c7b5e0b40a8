// What a search prints for people.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/small_scope/search.h"

namespace ringjournal::small_scope {

std::string SearchResult::Summary() const {
  std::string by_delays;
  for (uint64_t states_so : states_by_delays) absl::StrAppend(&by_delays, " ", states_so);
  by_delays = states_by_delays.size() > 1 ? " (by delays:" + by_delays + ")" : "";
  return absl::StrFormat(
      "%s: %d states%s, %d transitions, deepest path %d steps, %d last states, %d worlds healed, "
      "%d looked at again of which %d differ, %.1f s",
      violation.empty() ? (complete ? "complete" : "NOT complete") : "VIOLATION", states, by_delays,
      transitions, deepest, last_states, healed, rechecked, rechecks_that_differ, seconds);
}

std::string ReplayCommand(const Scope& s, const SearchResult& result) {
  return absl::StrCat("./dev soak scope --nodes ", s.nodes, " --entries ", s.entries, " --crashes ",
                      s.crashes, " --changes ", s.changes, " --unknowns ", s.unknowns, " --opens ",
                      s.opens, " --min-isr ", s.min_isr, s.bursts ? " --bursts" : "",
                      s.slow == Scope::kEveryOrder ? "" : absl::StrCat(" --slow ", s.slow),
                      s.delays == UINT32_MAX ? "" : absl::StrCat(" --delays ", s.delays),
                      s.memory_loss ? "" : " --keep-memory", result.in_heal ? " --heal" : "",
                      " --replay ", PathText(result.path));
}

}  // namespace ringjournal::small_scope
