// What `ringjournal readiness` prints. Pure.
#ifndef TOOLS_RINGJOURNAL_READINESS_TEXT_H_
#define TOOLS_RINGJOURNAL_READINESS_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/journal_info.h"
#include "client/journal_readiness.h"
#include "tools/ringjournal/readiness_measure.h"

namespace ringjournal::cli {

struct ReadinessReport {
  client::JournalReadiness readiness;
  // Both only where the journal has a leader.
  std::optional<client::WriterInfo> writer;
  std::optional<ReplayMeasure> replay;
};

// How long a standby without any state needs: what is kept, as fast as was measured, and a fence.
// Absent: nothing was measured.
std::optional<int64_t> ColdTakeoverNs(const ReadinessReport& report);

// The verdict, and a line for each thing.
std::string ReadinessText(const ReadinessReport& report);
// One object; 64-bit numbers as strings, null for what is not known.
std::string ReadinessJson(const ReadinessReport& report);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_READINESS_TEXT_H_
