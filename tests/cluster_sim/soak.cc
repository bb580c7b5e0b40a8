// Runs many seeds of the simulated cluster: `soak --seeds 1000 --from 1`; `--trace` shows one.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/minimise.h"
#include "tests/cluster_sim/mutant_kills.h"

namespace ringjournal::cluster_sim {
namespace {

struct Flags {
  uint64_t seeds = 100;
  uint64_t from = 1;
  std::string mutant;
  std::string bias;
  bool mutants = false;
  bool trace = false;
  bool hashes = false;
  bool go_on = false;
  uint32_t minimise = 0;
  FaultMask allowed = kAllFaults;
  uint64_t faults_max = UINT64_MAX;
  std::vector<uint64_t> left_out;
};

// Sums over the seeds.
struct Totals {
  uint64_t seeds = 0, violations = 0;
  RunResult sum;

  void Add(const RunResult& r) {
    ++seeds;
    violations += r.violation.empty() ? 0 : 1;
    sum.simulated_ns += r.simulated_ns;
    sum.events += r.events;
    sum.steps += r.steps;
    sum.turns += r.turns;
    sum.spins += r.spins;
    sum.faults += r.faults;
    sum.failovers += r.failovers;
    sum.handovers += r.handovers;
    sum.operations += r.operations;
    sum.intact_restarts += r.intact_restarts;
    sum.amnesiac_restarts += r.amnesiac_restarts;
    sum.losses += r.losses;
    sum.acknowledged += r.acknowledged;
    sum.told += r.told;
    sum.read += r.read;
  }
  void Print(double seconds) const {
    double simulated = static_cast<double>(sum.simulated_ns) / 1e9;
    std::printf(
        "%s\n",
        absl::StrCat(seeds, " seeds in ", seconds, " s: ", simulated, " s simulated, ",
                     static_cast<int64_t>(simulated / seconds), " times real time, ",
                     static_cast<int64_t>(static_cast<double>(sum.events) / seconds), " events/s (",
                     sum.events, " events, ", sum.steps, " steps, ", sum.turns, " turns, ",
                     sum.spins, " at once again); ", sum.faults, " faults, ", sum.failovers,
                     " failovers (", sum.handovers, " handovers; ", sum.operations,
                     " operations), ", sum.intact_restarts, " intact and ", sum.amnesiac_restarts,
                     " amnesiac restarts, ", sum.losses, " all-lost recoveries; ", sum.acknowledged,
                     " appends acknowledged, ", sum.read, " read, ", sum.told, " losses told; ",
                     violations, " violations")
            .c_str());
  }
};

// What runs these options again.
std::string CommandOf(const RunOptions& o, const std::string& mutant) {
  std::string command = absl::StrCat("./dev soak cluster --seeds 1 --from ", o.seed, " --trace");
  if (!mutant.empty()) absl::StrAppend(&command, " --mutant ", mutant);
  if (o.bias != Bias::kNone) {
    absl::StrAppend(&command, " --bias ", std::string(BiasName(o.bias)));
  }
  if (o.allowed != kAllFaults) absl::StrAppend(&command, " --allowed ", o.allowed);
  if (o.faults_max != UINT64_MAX) absl::StrAppend(&command, " --faults-max ", o.faults_max);
  if (!o.left_out.empty()) {
    absl::StrAppend(&command, " --left-out ", absl::StrJoin(o.left_out, ","));
  }
  return command;
}

RunOptions OptionsOf(const Flags& flags, uint64_t seed, const MutantChoice& mutant) {
  RunOptions options;
  options.seed = seed;
  options.tracing = flags.trace;
  options.mutant = mutant.sim;
  options.bias = mutant.bias;
  options.allowed = flags.allowed;
  options.faults_max = flags.faults_max;
  options.left_out.insert(flags.left_out.begin(), flags.left_out.end());
  return options;
}

void ShowFailure(const Flags& flags, RunOptions options, RunResult result) {
  if (flags.minimise > 0) options = Minimise(options, flags.minimise);
  if (!flags.trace || flags.minimise > 0) {
    options.tracing = true;
    result = RunSeed(options);
    size_t from = result.trace.size() > 80 ? result.trace.size() - 80 : 0;
    for (size_t i = from; i < result.trace.size(); ++i)
      std::printf("%s\n", result.trace[i].c_str());
  }
  std::printf("seed %llu FAILED: %s\nplan: %s\nagain: %s\n",
              static_cast<unsigned long long>(options.seed), result.violation.c_str(),
              result.plan.c_str(), CommandOf(options, flags.mutant).c_str());
}

int RunSeeds(const Flags& flags, const MutantChoice& mutant) {
  Totals totals;
  auto start = std::chrono::steady_clock::now();
  SelectProductionMutant(mutant.production);
  for (uint64_t seed = flags.from; seed < flags.from + flags.seeds; ++seed) {
    RunOptions options = OptionsOf(flags, seed, mutant);
    RunResult result = RunSeed(options);
    totals.Add(result);
    for (const std::string& line : result.trace) std::printf("%s\n", line.c_str());
    if (flags.hashes) {
      std::printf("%llu %016llx\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(result.fingerprint));
    }
    if (result.violation.empty()) continue;
    if (flags.go_on) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                  result.violation.c_str());
      std::fflush(stdout);
      continue;
    }
    ShowFailure(flags, options, std::move(result));
    break;
  }
  totals.Print(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return totals.violations == 0 ? 0 : 1;
}

// What a trial of a mutant says, and whether mutant_kills.h says the same.
struct Judgement {
  bool as_listed = true;
  std::string text;
};

Judgement Judge(const MutantChoice& mutant, const MutantDeath& death) {
  const bool listed_as_living = IsKnownToLive(mutant.name);
  if (death.verdict.empty()) {
    return {listed_as_living, listed_as_living ? "it lives, as listed" : "it lives"};
  }
  std::string text = absl::StrCat("seed ", death.seed);
  if (listed_as_living) {
    absl::StrAppend(&text, " kills it: move it up in mutant_kills.h: ", KillLine(mutant, death));
  } else if (mutant.seed != 0 && mutant.seed != death.seed) {
    absl::StrAppend(&text, ", no longer ", mutant.seed,
                    ": write into mutant_kills.h: ", KillLine(mutant, death));
  }
  return {!listed_as_living, text};
}

// Each mutant runs the seed that is known to kill it, then others, until a checker finds it. A seed
// that fails without it shows nothing, and is passed over. With --bias all seeds run under that
// one. Fails where a mutant lives that is not listed as living, and where one dies that is.
int RunMutants(const Flags& flags, std::optional<Bias> bias) {
  int wrong = 0;
  for (MutantChoice mutant : AllMutants()) {
    if (!flags.mutant.empty() && mutant.name != flags.mutant) continue;
    if (bias.has_value()) {
      mutant.bias = *bias;
      mutant.seed = 0;
    }
    MutantDeath death = TryToKill(mutant, flags.seeds);
    Judgement judgement = Judge(mutant, death);
    wrong += judgement.as_listed ? 0 : 1;
    std::printf("%s - %s | %s | %s | %llu runs | %s\n", judgement.as_listed ? "ok" : "not ok",
                std::string(mutant.name).c_str(), std::string(BiasName(mutant.bias)).c_str(),
                judgement.text.c_str(), static_cast<unsigned long long>(death.runs),
                death.verdict.c_str());
    std::fflush(stdout);
  }
  return wrong == 0 ? 0 : 1;
}

int NoSuchMutant(const std::string& name) {
  std::fprintf(stderr, "there is no mutant '%s' in this program; there are:", name.c_str());
  for (const MutantChoice& m : AllMutants()) {
    std::fprintf(stderr, " %s", std::string(m.name).c_str());
  }
  std::fprintf(stderr, "\n");
  return 2;
}

int NoSuchBias(const std::string& name) {
  std::fprintf(stderr, "there is no bias '%s'; there are:", name.c_str());
  for (int i = 0; i < kBiases; ++i) {
    std::fprintf(stderr, " %s", std::string(BiasName(static_cast<Bias>(i))).c_str());
  }
  std::fprintf(stderr, "\n");
  return 2;
}

void AddFlags(Flags* flags, CLI::App* app) {
  app->add_option("--seeds", flags->seeds, "how many seeds to run")->capture_default_str();
  app->add_option("--mutant", flags->mutant, "break one promise, by its name");
  app->add_option("--bias", flags->bias, "lead every seed to where one rule matters");
  CLI::Option* mutants = app->add_flag(
      "--mutants", flags->mutants,
      "run every mutant until a checker finds it, at most --seeds seeds beside its own");
  // What a trial of mutants would ignore.
  for (CLI::Option* option : {
           app->add_option("--from", flags->from, "first seed")->capture_default_str(),
           app->add_flag("--trace", flags->trace, "print the trace of every seed"),
           app->add_flag("--hashes", flags->hashes, "print the fingerprint of every seed"),
           app->add_flag("--go-on", flags->go_on, "do not stop at a seed that fails"),
           app->add_option("--minimise", flags->minimise,
                           "leave faults out of a failing seed: runs to spend"),
           app->add_option("--allowed", flags->allowed,
                           "mask of the kinds of faults, as a failure prints it"),
           app->add_option("--faults-max", flags->faults_max,
                           "only faults with a lower number happen"),
           app->add_option("--left-out", flags->left_out, "numbers of faults that do not happen")
               ->delimiter(','),
       }) {
    option->excludes(mutants);
  }
}

int Main(int argc, char** argv) {
  CLI::App app{"Runs seeds of a simulated cluster until one fails."};
  Flags flags;
  AddFlags(&flags, &app);
  CLI11_PARSE(app, argc, argv);
  std::optional<Bias> bias;
  if (!flags.bias.empty()) {
    bias = FindBias(flags.bias);
    if (!bias.has_value()) return NoSuchBias(flags.bias);
  }
  MutantChoice mutant;
  if (!flags.mutant.empty()) {
    std::optional<MutantChoice> found = FindMutant(flags.mutant);
    if (!found.has_value()) return NoSuchMutant(flags.mutant);
    mutant = *found;
  }
  if (flags.mutants) return RunMutants(flags, bias);
  if (bias.has_value()) mutant.bias = *bias;
  return RunSeeds(flags, mutant);
}

}  // namespace
}  // namespace ringjournal::cluster_sim

int main(int argc, char** argv) { return ringjournal::cluster_sim::Main(argc, argv); }
