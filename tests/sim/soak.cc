// Runs many seeds of the simulation: `soak --seeds 1000 --from 1`; `--trace` shows one in full.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "tests/sim/world.h"

namespace ringjournal::sim {
namespace {

// For the message when a check of the production code fails.
char current_seed[64] = "";

void OnAbort(int) {
  ssize_t ignored = write(STDERR_FILENO, current_seed, sizeof current_seed);
  static_cast<void>(ignored);
}

struct Flags {
  uint64_t seeds = 100;
  uint64_t from = 1;
  uint32_t crashes = 20;
  std::string mutant;
  bool trace = false;
};

int RunSeeds(const Flags& flags, Mutant mutant) {
  uint64_t crashes = 0, reports = 0, told = 0, acknowledged = 0, warm = 0, boundaries = 0, read = 0;
  auto start = std::chrono::steady_clock::now();
  for (uint64_t seed = flags.from; seed < flags.from + flags.seeds; ++seed) {
    RunOptions options{seed, flags.crashes, mutant, flags.trace};
    std::snprintf(current_seed, sizeof current_seed, "in seed %llu\n",
                  static_cast<unsigned long long>(seed));
    RunResult result = RunSeed(options);
    crashes += result.crashes;
    reports += result.loss_reports;
    told += result.told;
    acknowledged += result.acknowledged;
    warm += result.warm_after_damage;
    boundaries += result.boundaries;
    read += result.read;
    if (!result.violation.empty() && !flags.trace) {
      options.tracing = true;
      result = RunSeed(options);
    }
    for (const std::string& line : result.trace) std::printf("%s\n", line.c_str());
    if (result.violation.empty()) continue;
    std::printf("seed %llu FAILED: %s\n", static_cast<unsigned long long>(seed),
                result.violation.c_str());
    return 1;
  }
  double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "%llu seeds ok in %.1f s: %llu crashes at random points of %llu boundaries, %llu loss "
      "reports, clients told %llu times, %llu appends acknowledged, %llu read, %llu rings "
      "kept after damage\n",
      static_cast<unsigned long long>(flags.seeds), s, static_cast<unsigned long long>(crashes),
      static_cast<unsigned long long>(boundaries), static_cast<unsigned long long>(reports),
      static_cast<unsigned long long>(told), static_cast<unsigned long long>(acknowledged),
      static_cast<unsigned long long>(read), static_cast<unsigned long long>(warm));
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app{"Runs seeds of the in-process crash simulation until one fails."};
  Flags flags;
  app.add_option("--seeds", flags.seeds, "how many seeds to run")->capture_default_str();
  app.add_option("--from", flags.from, "first seed")->capture_default_str();
  app.add_option("--crashes", flags.crashes, "crashes of each seed")->capture_default_str();
  app.add_option("--mutant", flags.mutant, "break one promise; see tests/sim/mutants.h");
  app.add_flag("--trace", flags.trace, "print the trace of every seed");
  CLI11_PARSE(app, argc, argv);
  Mutant mutant = Mutant::kNone;
  for (const MutantName& known : kMutants) {
    if (flags.mutant == known.name) mutant = known.mutant;
  }
  std::signal(SIGABRT, OnAbort);
  return RunSeeds(flags, mutant);
}

}  // namespace
}  // namespace ringjournal::sim

int main(int argc, char** argv) { return ringjournal::sim::Main(argc, argv); }
