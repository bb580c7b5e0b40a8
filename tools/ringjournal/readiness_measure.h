// How fast a journal can be read from its oldest transaction on, measured now.
#ifndef TOOLS_RINGJOURNAL_READINESS_MEASURE_H_
#define TOOLS_RINGJOURNAL_READINESS_MEASURE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/options.h"

namespace ringjournal::cli {

// What was read and verified, and in what time.
struct ReplayMeasure {
  uint64_t transactions = 0;
  uint64_t bytes = 0;  // of the serialised transactions
  int64_t ns = 0;
  // 0: nothing was read.
  double per_second() const {
    return ns > 0 ? static_cast<double>(transactions) * 1e9 / static_cast<double>(ns) : 0;
  }
};

// Reads as a standby without any state would, but for what its program does with each transaction;
// 64 MiB or 1 s of it at most. Blocking. Errors: those of a Reader.
absl::StatusOr<ReplayMeasure> MeasureReplay(const client::ClientOptions& options,
                                            const std::string& journal);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_READINESS_MEASURE_H_
