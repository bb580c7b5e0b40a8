#include "tests/cluster_sim/soak_totals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal::cluster_sim {
namespace {

struct Child {
  pid_t pid = 0;
  int answer = -1;  // end of a pipe to read from
};

Child Start(const std::function<SoakTotals()>& work) {
  int ends[2];
  RJ_CHECK(pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t pid = fork();
  RJ_CHECK(pid >= 0);
  if (pid > 0) {
    close(ends[1]);
    return {pid, ends[0]};
  }
  const SoakTotals totals = work();
  std::fflush(nullptr);
  const bool told = write(ends[1], &totals, sizeof(totals)) == sizeof(totals);
  _exit(told ? 0 : 1);
}

SoakTotals Finish(const Child& child) {
  SoakTotals totals;
  size_t got = 0;
  while (got < sizeof(totals)) {
    const ssize_t n =
        read(child.answer, reinterpret_cast<char*>(&totals) + got, sizeof(totals) - got);
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  close(child.answer);
  waitpid(child.pid, nullptr, 0);
  if (got == sizeof(totals)) return totals;
  std::printf("a part of the range ended without an answer: its process crashed\n");
  totals = SoakTotals();
  totals.violations = 1;
  return totals;
}

int64_t PerSecond(double what, double seconds) {
  return seconds > 0 ? std::llround(what / seconds) : 0;
}

}  // namespace

void SoakTotals::Add(const RunResult& r) {
  ++seeds;
  violations += r.violation.empty() ? 0 : 1;
  simulated_ns += r.simulated_ns;
  events += r.events;
  steps += r.steps;
  turns += r.turns;
  spins += r.spins;
  faults += r.faults;
  failovers += r.failovers;
  handovers += r.handovers;
  operations += r.operations;
  intact_restarts += r.intact_restarts;
  amnesiac_restarts += r.amnesiac_restarts;
  losses += r.losses;
  acknowledged += r.acknowledged;
  told += r.told;
  read += r.read;
}

void SoakTotals::Add(const SoakTotals& o) {
  seeds += o.seeds;
  violations += o.violations;
  core_seconds += o.core_seconds;
  simulated_ns += o.simulated_ns;
  events += o.events;
  steps += o.steps;
  turns += o.turns;
  spins += o.spins;
  faults += o.faults;
  failovers += o.failovers;
  handovers += o.handovers;
  operations += o.operations;
  intact_restarts += o.intact_restarts;
  amnesiac_restarts += o.amnesiac_restarts;
  losses += o.losses;
  acknowledged += o.acknowledged;
  told += o.told;
  read += o.read;
}

std::string SoakTotals::Summary(double seconds) const {
  return absl::StrCat(
      seeds, " seeds in ", seconds, " s: ", simulated_seconds(), " s simulated, ",
      PerSecond(simulated_seconds(), core_seconds), " times real time on each core, ",
      PerSecond(static_cast<double>(events), core_seconds), " events/s on each core (", events,
      " events, ", steps, " steps, ", turns, " turns, ", spins, " at once again); ", faults,
      " faults, ", failovers, " failovers (", handovers, " handovers; ", operations,
      " operations), ", intact_restarts, " intact and ", amnesiac_restarts, " amnesiac restarts, ",
      losses, " all-lost recoveries; ", acknowledged, " appends acknowledged, ", read, " read, ",
      told, " losses told; ", violations, " violations");
}

std::string SoakTotals::TableRow(const std::string& what) const {
  return absl::StrCat("| ", what, " | ", seeds, " | ", violations, " | ",
                      PerSecond(static_cast<double>(events), core_seconds), " | ",
                      PerSecond(simulated_seconds(), core_seconds), " | ", faults, " | ", failovers,
                      " | ", intact_restarts, " | ", amnesiac_restarts, " | ", losses, " |");
}

SoakTotals RunInParts(uint64_t from, uint64_t seeds, uint32_t jobs,
                      const std::function<SoakTotals(uint64_t, uint64_t)>& part) {
  std::vector<Child> children;
  for (uint64_t i = 0; i < jobs; ++i) {
    const uint64_t first = from + seeds * i / jobs, end = from + seeds * (i + 1) / jobs;
    if (end > first) children.push_back(Start([&] { return part(first, end - first); }));
  }
  SoakTotals all;
  for (const Child& child : children) all.Add(Finish(child));
  return all;
}

}  // namespace ringjournal::cluster_sim
