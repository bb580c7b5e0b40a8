// What one healthy backup costs: appends to a leader with one, beside a node alone.
#ifndef TOOLS_RINGJOURNAL_BENCH_REPLICATION_H_
#define TOOLS_RINGJOURNAL_BENCH_REPLICATION_H_

#include "tools/ringjournal/bench_rounds.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::bench {

// Starts a cluster of two nodes and one of a single node, runs each load against both in turn, and
// prints figures, ratios, and PASS or MISSED. Of `base`: rounds, ring, program, data_dir. Returns
// kExitOk if all passed, kExitFailure if not.
int RunReplication(const cli::Context& context, const BenchSettings& base);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_REPLICATION_H_
