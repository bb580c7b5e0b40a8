// Runs many seeds of the simulated cluster: `soak --seeds 1000 --from 1`; `--trace` shows one.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/minimise.h"
#include "tests/cluster_sim/mutant_kills.h"
#include "tests/cluster_sim/soak_totals.h"

namespace ringjournal::cluster_sim {
namespace {

struct Flags {
  uint64_t seeds = 100;
  uint64_t from = 1;
  std::string mutant;
  std::string beside;
  std::string bias;
  bool mutants = false;
  bool trace = false;
  bool hashes = false;
  bool go_on = false;
  uint32_t minimise = 0;
  uint32_t jobs = 1;
  std::string commit;
  FaultMask allowed = kAllFaults;
  uint64_t faults_max = UINT64_MAX;
  std::vector<uint64_t> left_out;
};

// What runs these options again.
std::string CommandOf(const RunOptions& o, const std::string& mutant) {
  std::string command = absl::StrCat("./dev soak sim --seeds 1 --from ", o.seed, " --trace");
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
  options.tracing = flags.trace || flags.hashes;
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

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Processor time of this process: other work on the machine does not make a run look slow.
double CoreSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Shows what the flags ask for. False: the seed failed, and no other is wanted.
bool RunOne(const Flags& flags, const RunOptions& options, SoakTotals* totals) {
  RunResult result = RunSeed(options);
  totals->Add(result);
  if (flags.trace) {
    for (const std::string& line : result.trace) std::printf("%s\n", line.c_str());
  }
  if (flags.hashes) std::printf("%s\n", TraceHashLine(options.seed, result).c_str());
  if (result.violation.empty()) return true;
  if (!flags.go_on) {
    ShowFailure(flags, options, std::move(result));
    return false;
  }
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(options.seed),
              result.violation.c_str());
  std::fflush(stdout);
  return true;
}

SoakTotals RunRange(const Flags& flags, const MutantChoice& mutant, uint64_t from, uint64_t seeds) {
  SoakTotals totals;
  const double start = CoreSeconds();
  for (uint64_t seed = from; seed < from + seeds; ++seed) {
    if (!RunOne(flags, OptionsOf(flags, seed, mutant), &totals)) break;
  }
  totals.core_seconds = CoreSeconds() - start;
  return totals;
}

int RunSeeds(const Flags& flags, const MutantChoice& mutant) {
  SelectProductionMutant(mutant.production, mutant.second);
  const Clock::time_point start = Clock::now();
  auto part = [&](uint64_t from, uint64_t seeds) { return RunRange(flags, mutant, from, seeds); };
  SoakTotals totals = flags.jobs > 1 ? RunInParts(flags.from, flags.seeds, flags.jobs, part)
                                     : part(flags.from, flags.seeds);
  if (flags.hashes) return totals.violations == 0 ? 0 : 1;
  std::printf("%s\n", totals.Summary(SecondsSince(start)).c_str());
  if (!flags.commit.empty() && flags.mutant.empty()) {
    std::string what = absl::StrCat(flags.commit, " | ", std::string(BiasName(mutant.bias)), " | ",
                                    flags.from, "–", flags.from + flags.seeds - 1);
    std::printf("for tests/cluster_sim/soak_runs.md:\n%s\n", totals.TableRow(what).c_str());
  }
  return totals.violations == 0 ? 0 : 1;
}

// What a trial of a mutant says, and whether mutant_kills.h says the same.
struct Judgement {
  bool as_listed = true;
  std::string text;
};

Judgement Judge(const MutantChoice& mutant, const MutantDeath& death) {
  const bool listed_as_living = IsKnownToLive(mutant.name);
  if (death.verdict.empty() && FindScript(mutant.name) != nullptr) {
    return {true, "it dies in its own script (mutants_test)"};
  }
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
int RunMutants(const Flags& flags, std::optional<Bias> bias, int second) {
  int wrong = 0;
  for (MutantChoice mutant : AllMutants()) {
    if (!flags.mutant.empty() && mutant.name != flags.mutant) continue;
    if (bias.has_value()) {
      mutant.bias = *bias;
      mutant.seed = 0;
    }
    if (second != 0) mutant.second = second;
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
  app->add_option("--beside", flags->beside, "break another promise, too, by its name");
  CLI::Option* mutants = app->add_flag(
      "--mutants", flags->mutants,
      "run every mutant until a checker finds it, at most --seeds seeds beside its own");
  // What a trial of mutants would ignore.
  for (CLI::Option* option : {
           app->add_option("--from", flags->from, "first seed")->capture_default_str(),
           app->add_flag("--trace", flags->trace, "print the trace of every seed"),
           app->add_flag("--hashes", flags->hashes,
                         "print the hash of every seed's whole trace, and nothing else"),
           app->add_option("--jobs", flags->jobs, "processes that share the range")
               ->capture_default_str()
               ->check(CLI::Range(1, 64))
               ->take_last(),
           app->add_option("--commit", flags->commit,
                           "print the row for soak_runs.md with this name of the code"),
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
  int second = 0;
  if (!flags.beside.empty()) {
    std::optional<MutantChoice> found = FindMutant(flags.beside);
    if (!found.has_value() || found->production == 0) return NoSuchMutant(flags.beside);
    mutant.second = second = found->production;
  }
  if (flags.mutants) return RunMutants(flags, bias, second);
  if (bias.has_value()) mutant.bias = *bias;
  return RunSeeds(flags, mutant);
}

}  // namespace
}  // namespace ringjournal::cluster_sim

int main(int argc, char** argv) { return ringjournal::cluster_sim::Main(argc, argv); }
