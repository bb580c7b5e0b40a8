// ringjournal bench read: how fast a journal is read back, beside the floor.
#ifndef TOOLS_RINGJOURNAL_BENCH_READ_H_
#define TOOLS_RINGJOURNAL_BENCH_READ_H_

#include <cstdint>
#include <string>

#include "tools/ringjournal/context.h"

namespace ringjournal::bench {

struct ReadBenchSettings {
  uint32_t payload_bytes = 1024;
  uint32_t batch = 64;
  uint64_t bytes = 0;  // of payloads in the journal; 0: what a ring of 256 MiB holds
  uint32_t rounds = 5;
  bool pin = true;
  bool floor_only = false;
  std::string program;   // ringjournald; empty: beside this executable, else from PATH
  std::string data_dir;  // for its temporary data; empty: $TMPDIR or /tmp
};

// Starts a server, fills a journal that its ring holds and one that only segments hold, reads each
// as `cat` and as `replay` do (to /dev/null) in turn with the floor of the same bytes, and prints
// medians of bytes per second and the ratio. Exit code 1 if something was not read as it was
// written, or could not be run.
int RunReadBench(const cli::Context& context, const ReadBenchSettings& settings);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_READ_H_
