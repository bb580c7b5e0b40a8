// How fast a replay gives out what it reads.
#ifndef TOOLS_RINGJOURNAL_PACE_H_
#define TOOLS_RINGJOURNAL_PACE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace ringjournal::cli {

// The original distances between log times, divided by a factor; or as fast as possible. Pure: the
// time comes in.
class Pace {
 public:
  // "original", "x10", "x0.5" or "max". InvalidArgument on anything else.
  static absl::StatusOr<Pace> Parse(std::string_view text);

  bool is_max() const { return factor_ == 0; }
  // Nanoseconds to wait before a transaction of that log time is due; 0: it is due. The first call
  // is the start of both clocks.
  int64_t WaitNs(uint64_t log_time_ns, int64_t now_ns);

 private:
  double factor_ = 0;
  bool begun_ = false;
  uint64_t first_log_time_ns_ = 0;
  int64_t begin_ns_ = 0;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_PACE_H_
