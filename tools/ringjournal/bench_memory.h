// Does the server's memory stay flat while a ring is filled many times over?
#ifndef TOOLS_RINGJOURNAL_BENCH_MEMORY_H_
#define TOOLS_RINGJOURNAL_BENCH_MEMORY_H_

#include <cstdint>
#include <vector>

#include "tools/ringjournal/bench_process.h"
#include "tools/ringjournal/bench_rounds.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::bench {

// Resident memory after so many acknowledged transactions.
struct MemorySample {
  uint64_t transactions = 0;
  ResidentMemory memory;
};

// Growth in bytes per transaction, by least squares over the samples; 0 for fewer than two.
double GrowthPerTransaction(const std::vector<MemorySample>& samples);

// Starts a server, appends settings.transactions in `samples` equal parts through a ring, samples
// its memory after each, checks the content that is kept. Flat: over all samples behind the warm-up
// the fitted growth stays below a fixed number of bytes. Prints the samples and PASS or MISSED;
// returns kExitOk or kExitFailure.
int RunMemory(const cli::Context& context, const BenchSettings& settings, uint32_t samples);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_MEMORY_H_
