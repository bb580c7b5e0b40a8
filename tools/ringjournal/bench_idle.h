// A journal that knows many producers, beside which few append.
#ifndef TOOLS_RINGJOURNAL_BENCH_IDLE_H_
#define TOOLS_RINGJOURNAL_BENCH_IDLE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/socket_address.h"
#include "tools/ringjournal/bench_rounds.h"

namespace ringjournal::bench {

// Creates a journal on that server with room for so many producers.
absl::Status CreateWideJournal(const io::Address& server, const std::string& journal,
                               const BenchSettings& settings, uint32_t producers_max);
// Opens producers "idle-…" of it, one session after the other, each of which ends at once. The time
// that it took, nanoseconds.
absl::StatusOr<int64_t> OpenIdleProducers(const io::Address& server, const std::string& journal,
                                          uint32_t producers);
// One load by one new producer of that name: throughput, and what was appended read back and
// compared, LSN by LSN.
absl::StatusOr<RoundFigures> RunWideRound(const io::Address& server, pid_t pid,
                                          const std::string& journal, const std::string& producer,
                                          const BenchSettings& settings, AppendPool* pool);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_IDLE_H_
