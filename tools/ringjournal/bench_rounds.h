// Runs a load against the floor and against a server, in turn, so that whatever else the machine
// does hits both.
#ifndef TOOLS_RINGJOURNAL_BENCH_ROUNDS_H_
#define TOOLS_RINGJOURNAL_BENCH_ROUNDS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/outcome.h"
#include "tools/ringjournal/bench_load.h"
#include "tools/ringjournal/bench_process.h"

namespace ringjournal::bench {

// Everything that a figure depends on; a report prints all of it.
struct BenchSettings {
  uint32_t payload_bytes = 128;
  uint32_t batch = 64;  // transactions of one append
  uint32_t connections = 1;
  uint32_t window = 256;  // appends in flight on each connection
  client::Level level = client::Level::kReceived;
  uint64_t write_bytes = limits::kBenchWriteBytes;  // of one send at most, but one append at least
  bool busy_poll = false;                           // client and server spin instead of sleeping
  bool encode = false;                              // the client encodes while the clock runs
  // Transactions of one round, of all connections, without the warm-up. 0: with the warm-up as many
  // as fill most of the ring, so that nothing waits for a checkpoint.
  uint64_t transactions = 0;
  int64_t duration_ns = 0;           // instead of a count; 0: no limit
  uint64_t warmup_transactions = 0;  // 0: an eighth of `transactions`
  uint64_t ring_bytes = limits::kRingBytesDefault;
  bool memory_only = false;      // no segments
  uint64_t segment_bytes = 0;    // as of a journal; 0: its default
  uint64_t retention_bytes = 0;  // as of a journal; 0: keep all
  uint32_t rounds = 5;
  bool run_floor = true;
  bool run_server = true;
  bool pin = true;       // server and client each on one processor
  std::string server;    // host:port of a running one; empty: start one for each round
  uint32_t copies = 1;   // nodes of its cluster that must be in sync, before the load and after it
  std::string program;   // of the server to start
  std::string data_dir;  // where it keeps its temporary data

  // True if all of a round stays in the ring.
  bool fits_ring() const;
};

// Fills in what was left to be chosen. InvalidArgument if the settings contradict each other.
absl::Status CompleteSettings(BenchSettings* settings);

// One run of the load against one of the two.
struct RoundFigures {
  LoadResult load;
  double client_cpu = 0;  // processors that were busy, 0 to 1
  double server_cpu = 0;  // likewise, all its threads; negative: not known (not our process)
  uint64_t compared = 0;  // transactions read back and found equal

  // CPU time of a transaction, nanoseconds: what remains of a figure on a machine that others use.
  double client_ns() const { return Cost(client_cpu); }
  double server_ns() const { return Cost(server_cpu); }

 private:
  double Cost(double cpu) const {
    double transactions = static_cast<double>(load.transactions);
    return cpu < 0 || transactions == 0 ? 0 : cpu * load.seconds() * 1e9 / transactions;
  }
};
struct BenchResult {
  BenchSettings settings;
  MachineFacts machine;
  CpuPair cpus;
  std::vector<RoundFigures> floor;   // one for each round
  std::vector<RoundFigures> server;  // likewise
};

// `settings` are complete. `progress` gets a line after each round. Errors are those of the load
// and of the check of content: a run whose content was wrong has no figures.
absl::StatusOr<BenchResult> RunRounds(const BenchSettings& settings,
                                      const std::function<void(const std::string&)>& progress);

// Transactions at the end of the journal that no trim can have reached; 0: all of them.
uint64_t SafelyKept(const BenchSettings& settings);

// The appends of a load with these settings.
absl::StatusOr<std::unique_ptr<AppendPool>> MakePool(const BenchSettings& settings);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_ROUNDS_H_
