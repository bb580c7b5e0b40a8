// Every mutant of the production code for which a killing seed is listed dies of that seed, by the
// checker that is listed; docs/replication.md has the same table.
#include "journal/base/mutants.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/mutant_kills.h"
#include "tests/cluster_sim/mutant_scripts.h"

namespace ringjournal::cluster_sim {
namespace {

// As docs/replication.md has it.
std::string MutantTable() {
  std::string table =
      "| rule that the mutant breaks | mutant | killed by the checker of | bias | seed |\n"
      "|---|---|---|---|---|\n";
  for (const MutantName& m : kMutantNames) {
    const MutantKill* kill = FindKill(m.name);
    if (const ScriptKill* script = FindScript(m.name)) {
      absl::StrAppend(&table, "| ", std::string(m.rule), " | `", std::string(m.name), "` | ",
                      std::string(script->checker), " | a script | |\n");
      continue;
    }
    if (kill == nullptr) {
      absl::StrAppend(&table, "| ", std::string(m.rule), " | `", std::string(m.name),
                      "` | nobody yet | | |\n");
      continue;
    }
    absl::StrAppend(
        &table, "| ", std::string(m.rule), " | `", std::string(m.name), "` | ",
        std::string(kill->checker), " | ", std::string(BiasName(kill->bias)), " | ", kill->seed,
        kill->with.empty() ? "" : absl::StrCat(", beside `", std::string(kill->with), "`"), " |\n");
  }
  return table;
}

TEST(Mutants, EachIsNamedOnceAndHasASeedThatKillsItOrIsKnownToLive) {
  for (const MutantName& m : kMutantNames) {
    auto lives = std::count(std::begin(kMutantsThatLive), std::end(kMutantsThatLive), m.name);
    const int kills =
        (FindKill(m.name) == nullptr ? 0 : 1) + (FindScript(m.name) == nullptr ? 0 : 1);
    EXPECT_EQ(lives + kills, 1) << m.name;
    auto named = [&](const MutantName& other) { return other.name == m.name; };
    EXPECT_EQ(std::count_if(std::begin(kMutantNames), std::end(kMutantNames), named), 1) << m.name;
  }
  EXPECT_EQ(std::size(kMutantKills) + std::size(kScriptKills) + std::size(kMutantsThatLive),
            std::size(kMutantNames))
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

// Where the code has moved on since, some other seeds under the same bias say what to write.
TEST_P(ProductionMutant, IsKilledByTheListedSeedAndChecker) {
  constexpr uint64_t kOthers = 60;
  MutantDeath death = TryToKill(GetParam(), kOthers);
  ASSERT_NE(death.verdict, "") << "it lives through " << death.runs << " seeds under the bias "
                               << BiasName(GetParam().bias)
                               << "; find one that kills it: ./dev soak mutants --mutant "
                               << GetParam().name << " --seeds 2000";
  const MutantKill* kill = FindKill(GetParam().name);
  EXPECT_TRUE(death.seed == kill->seed && CheckerOf(death.verdict) == kill->checker)
      << "write into mutant_kills.h: " << KillLine(GetParam(), death)
      << "\nits verdict: " << death.verdict;
}

class ScriptedMutant : public testing::TestWithParam<MutantChoice> {};

TEST_P(ScriptedMutant, IsKilledByItsScriptInWhichNothingIsFoundWithoutIt) {
  EXPECT_EQ(RunMutantScript(GetParam().name), "");
  SelectProductionMutant(GetParam().production);
  const std::string verdict = RunMutantScript(GetParam().name);
  SelectProductionMutant(0);
  EXPECT_EQ(CheckerOf(verdict), FindScript(GetParam().name)->checker) << verdict;
}

std::vector<MutantChoice> ScriptedMutants() {
  std::vector<MutantChoice> mutants;
  for (const MutantChoice& m : AllMutants()) {
    if (FindScript(m.name) != nullptr) mutants.push_back(m);
  }
  return mutants;
}

INSTANTIATE_TEST_SUITE_P(All, ScriptedMutant, testing::ValuesIn(ScriptedMutants()),
                         [](const auto& info) { return std::string(info.param.name); });

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
