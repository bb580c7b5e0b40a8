// A search that finds nothing proves nothing unless it finds what is broken on purpose.
#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/cluster_sim/mutant_hook.h"
#include "tests/small_scope/scopes.h"
#include "tests/small_scope/search.h"

namespace ringjournal::small_scope {
namespace {

struct Kill {
  const char* mutant;
  Scope scope;
  const char* checker;  // how its verdict begins
};

void PrintTo(const Kill& kill, std::ostream* out) { *out << kill.mutant; }

class ScopeMutant : public testing::TestWithParam<Kill> {};

TEST_P(ScopeMutant, DiesInTheTestedScope) {
  auto mutant = cluster_sim::FindMutant(GetParam().mutant);
  ASSERT_TRUE(mutant.has_value());
  SearchOptions options;
  options.scope = GetParam().scope;
  options.scope.mutant = mutant->production;
  SearchResult result = Search(options);
  ASSERT_NE(result.violation, "") << "it lives: " << result.Summary();
  std::printf("%s: %s, after %d steps, %d states\n", GetParam().mutant, result.violation.c_str(),
              static_cast<int>(result.path.size()), static_cast<int>(result.states));
  EXPECT_TRUE(absl::StartsWith(result.violation, GetParam().checker)) << result.violation;
  // What is printed for people shows the same.
  Replayed replayed = Replay(options.scope, result.path, result.in_heal);
  EXPECT_EQ(replayed.violation, result.violation);
}

INSTANTIATE_TEST_SUITE_P(All, ScopeMutant,
                         testing::Values(Kill{"majority_commit", kOneChange, "I2"},
                                         Kill{"shrink_before_confirmed", kOneChange, "I2"},
                                         Kill{"no_truncation", kOneChange, "I2"},
                                         Kill{"truncates_to_commit", kOneChange, "I2"},
                                         Kill{"outsider_elected", kOneCrash, "I2"},
                                         Kill{"restart_keeps_isr", kOneCrash, "I2"},
                                         Kill{"election_without_cas", kOneCrash, "I1"}),
                         [](const auto& info) { return std::string(info.param.mutant); });

// Bounded delays must not be the reason that nothing is found.
INSTANTIATE_TEST_SUITE_P(WithFewDelays, ScopeMutant,
                         testing::Values(Kill{"majority_commit", kWholeOneDelay, "I2"},
                                         Kill{"shrink_before_confirmed", kWholeOneDelay, "I2"},
                                         Kill{"no_truncation", kWholeOneDelay, "I4"},
                                         Kill{"outsider_elected", kWholeOneDelay, "I2"},
                                         Kill{"restart_keeps_isr", kWholeOneDelay, "I2"},
                                         Kill{"election_without_cas", kWholeOneDelay, "I1"},
                                         Kill{"truncates_to_commit", kTwoDelays, "I2"},
                                         Kill{"added_not_counted", kTwoDelaysThreeChanges, "I2"},
                                         Kill{"takes_unsynced", kTwoDelaysTwoAppends,
                                              "n3 stops itself: journal ledger: the "
                                              "leader of epoch 1, n1, wants to take back "
                                              "what is committed"}),
                         [](const auto& info) { return std::string(info.param.mutant); });

}  // namespace
}  // namespace ringjournal::small_scope
