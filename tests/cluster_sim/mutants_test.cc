// Every mutant of the production code dies, and docs/replication.md says by whom.
#include "journal/base/mutants.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/mutant_kills.h"

namespace ringjournal::cluster_sim {
namespace {

// As docs/replication.md has it.
std::string MutantTable() {
  std::string table =
      "| rule that the mutant breaks | mutant | killed by the checker of | bias | seed |\n"
      "|---|---|---|---|---|\n";
  for (const MutantName& m : kMutantNames) {
    const MutantKill* kill = FindKill(m.name);
    if (kill == nullptr) {
      absl::StrAppend(&table, "| ", std::string(m.rule), " | `", std::string(m.name),
                      "` | nobody yet | | |\n");
      continue;
    }
    absl::StrAppend(&table, "| ", std::string(m.rule), " | `", std::string(m.name), "` | ",
                    std::string(kill->checker), " | ", std::string(BiasName(kill->bias)), " | ",
                    kill->seed, " |\n");
  }
  return table;
}

TEST(Mutants, EachIsNamedOnceAndHasASeedThatKillsItOrIsKnownToLive) {
  for (const MutantName& m : kMutantNames) {
    auto lives = std::count(std::begin(kMutantsThatLive), std::end(kMutantsThatLive), m.name);
    EXPECT_EQ(lives + (FindKill(m.name) == nullptr ? 0 : 1), 1) << m.name;
    auto named = [&](const MutantName& other) { return other.name == m.name; };
    EXPECT_EQ(std::count_if(std::begin(kMutantNames), std::end(kMutantNames), named), 1) << m.name;
  }
  EXPECT_EQ(std::size(kMutantKills) + std::size(kMutantsThatLive), std::size(kMutantNames))
      << "a mutant is listed twice, or gone";
}

TEST(Mutants, AreTheDocumentedOnes) {
  std::ifstream file("docs/replication.md");
  ASSERT_TRUE(file) << "docs/replication.md is missing";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(MutantTable()), std::string::npos)
      << "docs/replication.md must hold exactly this:\n"
      << MutantTable();
}

#ifdef RINGJOURNAL_MUTANTS
class ProductionMutant : public testing::TestWithParam<MutantChoice> {};

// The known seed, and where the code has moved on since, some others under the same bias.
TEST_P(ProductionMutant, IsKilledByAChecker) {
  constexpr uint64_t kOthers = 60;
  MutantDeath death = TryToKill(GetParam(), kOthers);
  ASSERT_NE(death.verdict, "") << "it lives through " << death.runs << " seeds under the bias "
                               << BiasName(GetParam().bias)
                               << "; find one that kills it: ./dev soak mutants --mutant "
                               << GetParam().name << " --seeds 2000";
  if (death.seed == GetParam().seed) {
    std::string_view checker = FindKill(GetParam().name)->checker;
    EXPECT_TRUE(absl::StartsWith(death.verdict, std::string(checker))) << death.verdict;
  } else {
    std::printf("seed %llu no longer kills it, but %llu does: write that into mutant_kills.h\n",
                static_cast<unsigned long long>(GetParam().seed),
                static_cast<unsigned long long>(death.seed));
  }
}

std::vector<MutantChoice> ProductionMutants() {
  std::vector<MutantChoice> mutants;
  for (const MutantChoice& m : AllMutants()) {
    if (m.production != 0 && m.seed != 0) mutants.push_back(m);
  }
  return mutants;
}

INSTANTIATE_TEST_SUITE_P(All, ProductionMutant, testing::ValuesIn(ProductionMutants()),
                         [](const auto& info) { return std::string(info.param.name); });
#endif

}  // namespace
}  // namespace ringjournal::cluster_sim
