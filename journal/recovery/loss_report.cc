#include "journal/recovery/loss_report.h"

#include <algorithm>

#include "journal/base/check.h"

namespace ringjournal {
namespace {

// Damage below what had been synced, or no segment at all: a leader opens one before it
// acknowledges anything as on disk.
bool IsWhole(DiskVerdict verdict) {
  return verdict == DiskVerdict::kClean || verdict == DiskVerdict::kTornTail;
}

// `enough`: so many whole disks that one of them holds whatever was acknowledged at the level.
v1::LossVerdict DiskLevel(const ClusterLossInput& input, bool enough, v1::LossVerdict memory) {
  if (input.memory_only) return v1::LOSS_VERDICT_NONE;
  // What the leader had on disk when it stopped is not there any more, whatever it looks like.
  if (input.stopped_at >= input.end.next_lsn) return memory;
  return enough ? v1::LOSS_VERDICT_NONE : memory;
}

}  // namespace

v1::LossReport BuildClusterLossReport(const ClusterLossInput& input) {
  RJ_CHECK(input.members > 0 && input.whole_disks <= input.members);
  const LogPosition& end = input.end;
  uint64_t known = 1 + std::max({input.commit_hint.lsn.value(), input.committed_seen.lsn.value(),
                                 input.stopped_at.value()});
  v1::LossVerdict memory =
      known > end.next_lsn.value() ? v1::LOSS_VERDICT_CERTAIN : v1::LOSS_VERDICT_POSSIBLE;
  const uint32_t quorum = input.members / 2 + 1;
  v1::LossReport report;
  report.set_generation(input.generation);
  report.set_first_index(end.next_index.value());
  report.set_first_lsn(end.next_lsn.value());
  report.set_known_committed_lsn(known);
  report.set_received(memory);
  report.set_replicated(memory);
  report.set_disk(DiskLevel(input, input.whole_disks == input.members, memory));
  report.set_disk_quorum(DiskLevel(input, input.whole_disks + quorum > input.members, memory));
  report.set_reason(input.reason);
  report.set_time_ns(input.time_ns);
  return report;
}

v1::LossReport BuildLossReport(const LossReportInput& input) {
  RJ_CHECK(input.disk != nullptr);
  ClusterLossInput alone;
  alone.end = input.disk->end;
  alone.generation = input.generation;
  alone.commit_hint = input.commit_hint;
  alone.committed_seen = input.disk->committed;
  alone.stopped_at = input.stopped_at;
  alone.members = 1;
  alone.whole_disks = IsWhole(input.disk->verdict) ? 1 : 0;
  alone.memory_only = input.memory_only;
  alone.reason = input.disk->sentence;
  alone.time_ns = input.time_ns;
  return BuildClusterLossReport(alone);
}

}  // namespace ringjournal
