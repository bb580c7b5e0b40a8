// A whole run: one machine, one node process after the other, clients, faults, virtual time.
#ifndef TESTS_SIM_WORLD_H_
#define TESTS_SIM_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/appender.h"
#include "tests/sim/operator_peer.h"
#include "tests/sim/tail_reader.h"

namespace ringjournal::sim {

struct RunOptions {
  uint64_t seed = 1;
  uint32_t crashes = 20;
  Mutant mutant = Mutant::kNone;
  bool tracing = false;
};

struct RunResult {
  std::string violation;  // empty: none
  std::vector<std::string> trace;
  uint64_t fingerprint = 0;
  uint64_t crashes = 0;
  uint64_t memory_losses = 0, loss_reports = 0, told = 0, warm_after_damage = 0;
  uint64_t acknowledged = 0, entries = 0, read = 0, boundaries = 0;
};

// Runs one seed to its end or to the first violation. The same options give the same run.
RunResult RunSeed(const RunOptions& options);

// What the seed decides once for the whole run: a random subset of the faults (swarm testing).
struct Plan {
  explicit Plan(Random* random);
  v1::JournalSettings settings;
  uint32_t appenders = 1, tail_readers = 1;
  size_t payload_bytes_max = 4000;
  uint32_t kill_percent, damage_percent;  // of the crashes; the rest loses the machine
  uint32_t disk_damage_percent;           // of the kills with memory intact
  bool cuts_connections, fills_disk, fails_writes, moves_clock, drains, restores_images;
  bool may_leave_gaps() const { return fills_disk || disk_damage_percent > 0; }
  uint64_t boundaries_max;  // to the next crash
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_WORLD_H_
