// The figures of a drill, and whether they keep what was asked for.
#ifndef TOOLS_RINGJOURNAL_DRILL_FIGURES_H_
#define TOOLS_RINGJOURNAL_DRILL_FIGURES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/ringjournal/drill_meter.h"

namespace ringjournal::cli {

// All switches of one command.
struct DrillDirection {
  std::string name;  // "switch", "back"
  std::vector<SwitchTimes> runs;
};

struct DrillResult {
  std::string journal;
  std::vector<DrillDirection> directions;
  uint64_t transactions = 0;  // read meanwhile
  Lsn first_lsn, last_lsn;
  int64_t max_pause_ns = 0;
  // A recovery meanwhile may have lost acknowledged transactions: its own sentence. Empty: none.
  std::string loss;
  // Reading has failed, or has shown what must not be: nothing is verified. Its own sentence.
  std::string unverified;
  bool complete = false;  // all that was asked for was done

  // Nothing may be lost, all was verified, and the p99 of each direction, from command to first
  // transaction, is within max_pause_ns.
  bool met() const;
};

// A line for each direction, what was verified, and PASS or MISSED as the last one.
std::string DrillText(const DrillResult& result);
// One line with a newline.
std::string DrillJson(const DrillResult& result);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DRILL_FIGURES_H_
