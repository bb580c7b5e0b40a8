// Seeds against mutants: who notices a promise that is broken on purpose.
#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/mutant_kills.h"

namespace ringjournal::cluster_sim {

std::string VerdictOn(const MutantChoice& mutant, uint64_t seed) {
  SelectProductionMutant(mutant.production, mutant.second);
  RunOptions options{.seed = seed, .mutant = mutant.sim, .bias = mutant.bias};
  std::string verdict = RunSeed(options).violation;
  SelectProductionMutant(mutant.second);
  options.mutant = SimMutant::kNone;
  if (!verdict.empty() && !RunSeed(options).violation.empty()) verdict.clear();
  SelectProductionMutant(0);
  return verdict;
}

MutantDeath TryToKill(const MutantChoice& mutant, uint64_t others) {
  MutantDeath death;
  for (uint64_t i = 0; i <= others && death.verdict.empty(); ++i) {
    death.seed = i == 0 ? mutant.seed : i;
    if (death.seed == 0 || (i > 0 && i == mutant.seed)) continue;
    ++death.runs;
    death.verdict = VerdictOn(mutant, death.seed);
  }
  return death;
}

std::string_view CheckerOf(std::string_view verdict) {
  return verdict.substr(0, verdict.find(':'));
}

std::string KillLine(const MutantChoice& mutant, const MutantDeath& death) {
  std::string bias = "k";
  bool begins_word = true;
  for (char c : BiasName(mutant.bias)) {
    if (c != '-') bias.push_back(begins_word ? static_cast<char>(std::toupper(c)) : c);
    begins_word = c == '-';
  }
  const MutantKill* known = FindKill(mutant.name);
  std::string beside;
  if (known != nullptr && !known->with.empty()) {
    beside = absl::StrCat(", \"", std::string(known->with), "\"");
  }
  return absl::StrCat("{\"", std::string(mutant.name), "\", Bias::", bias, ", ", death.seed, ", \"",
                      std::string(CheckerOf(death.verdict)), "\"", beside, "},");
}

}  // namespace ringjournal::cluster_sim
