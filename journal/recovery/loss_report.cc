#include "journal/recovery/loss_report.h"

#include <algorithm>

#include "journal/base/check.h"

namespace ringjournal {
namespace {

v1::LossVerdict DiskLevels(const LossReportInput& input, v1::LossVerdict memory) {
  if (input.memory_only) return v1::LOSS_VERDICT_NONE;
  // What the leader had on disk when it stopped is not there any more, whatever it looks like.
  if (input.stopped_at >= input.disk->end.next_lsn) return memory;
  switch (input.disk->verdict) {
    case DiskVerdict::kClean:
    case DiskVerdict::kTornTail:
      return v1::LOSS_VERDICT_NONE;
    default:
      // Damage below what had been synced. A journal that has been led and has no segment at all
      // has lost them: its leader opens one before it acknowledges anything as on disk.
      return memory;
  }
}

}  // namespace

v1::LossReport BuildLossReport(const LossReportInput& input) {
  RJ_CHECK(input.disk != nullptr);
  const LogPosition& end = input.disk->end;
  uint64_t known = 1 + std::max({input.commit_hint.lsn.value(), input.disk->committed.lsn.value(),
                                 input.stopped_at.value()});
  v1::LossVerdict memory =
      known > end.next_lsn.value() ? v1::LOSS_VERDICT_CERTAIN : v1::LOSS_VERDICT_POSSIBLE;
  v1::LossReport report;
  report.set_generation(input.generation);
  report.set_first_index(end.next_index.value());
  report.set_first_lsn(end.next_lsn.value());
  report.set_known_committed_lsn(known);
  report.set_received(memory);
  report.set_replicated(memory);
  report.set_disk(DiskLevels(input, memory));
  report.set_disk_quorum(report.disk());
  report.set_reason(input.disk->sentence);
  report.set_time_ns(input.time_ns);
  return report;
}

}  // namespace ringjournal
