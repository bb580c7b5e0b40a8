// The performance that the project has promised, each promise measured and judged.
#ifndef TOOLS_RINGJOURNAL_BENCH_GOALS_H_
#define TOOLS_RINGJOURNAL_BENCH_GOALS_H_

#include "tools/ringjournal/bench_rounds.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::bench {

// Runs every scenario with `base` for where and how often, and prints a table that ends each line
// with PASS or MISSED. Returns kExitOk if all passed, kExitFailure if not.
int RunGoals(const cli::Context& context, const BenchSettings& base);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_GOALS_H_
