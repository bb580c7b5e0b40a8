#include "tools/ringjournal/readiness_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/words.h"
#include "tools/ringjournal/writer_text.h"

namespace ringjournal::cli {
namespace {

using client::JournalCopy;
using client::JournalReadiness;

std::string Line(const std::string& what, const std::string& text) {
  return absl::StrFormat("%-22s %s\n", what, text);
}

double Ms(int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string DurationText(int64_t ns) {
  if (ns < 1'000'000) return absl::StrFormat("%d us", ns / 1000);
  return ns < 1'000'000'000 ? absl::StrFormat("%.1f ms", Ms(ns))
                            : absl::StrFormat("%.1f s", Ms(ns) / 1e3);
}

std::string LagText(const JournalCopy& copy) {
  if (copy.catches_up) return "catches up from the leader's disk";
  if (!copy.lag_known) return "has not said yet what it holds";
  if (copy.lag_transactions == 0) return "holds everything";
  return absl::StrCat(Counted(copy.lag_transactions, "transaction"), ", ", copy.lag_bytes, " B, ",
                      copy.lag_ms, " ms behind", copy.far_behind ? " (far behind)" : "");
}

std::string NextLeaderLines(const JournalReadiness& r) {
  if (r.next_leaders.empty()) return Line("next leader", "nobody");
  std::string out;
  for (size_t i = 0; i < r.next_leaders.size(); ++i) {
    out += Line(i == 0 ? "next leader" : "or",
                absl::StrCat(r.next_leaders[i], ": ", LagText(r.copies[i])));
  }
  return out;
}

std::string OtherCopyLines(const JournalReadiness& r) {
  std::string out;
  for (size_t i = r.next_leaders.size(); i < r.copies.size(); ++i) {
    const JournalCopy& copy = r.copies[i];
    const std::string how = copy.in_sync   ? "in sync, but not heard"
                            : copy.follows ? "not in sync; follows, " + LagText(copy)
                                           : "not in sync; away";
    out += Line("other copy", absl::StrCat(copy.node, ": ", how));
  }
  return out;
}

const char* ReplicatedText(client::DegradedPolicy policy) {
  switch (policy) {
    case client::DegradedPolicy::kDisk:
      return "waits for the leader's disk, too";
    case client::DegradedPolicy::kBlock:
      return "waits";
    case client::DegradedPolicy::kMemory:
      return "means fewer copies";
    default:
      return "means what this version does not know";
  }
}

std::string CopiesText(const JournalReadiness& r) {
  std::string out = absl::StrCat(r.copies_in_sync, " of ", r.copies_wanted, " wanted");
  if (r.degraded) {
    absl::StrAppend(&out, "; degraded: below the target of ", r.copies_target, ", `replicated` ",
                    ReplicatedText(r.degraded_policy));
  }
  return out;
}

std::string DiskText(const JournalReadiness& r) {
  if (r.memory_only) return "all of it: the journal is memory-only";
  return Counted(r.not_on_leader_disk.value_or(0), "committed transaction");
}

std::string WriterText(const client::WriterInfo& writer) {
  if (!writer.fenced) return "not fenced: any producer may append";
  if (writer.epoch == Epoch()) return "nobody";
  return writer.ended_by_loss
             ? absl::StrCat("nobody since a possible loss; the last was ", HolderText(writer))
             : HolderText(writer);
}

std::string ColdStandbyLines(const ReadinessReport& report) {
  const JournalReadiness& r = report.readiness;
  const std::optional<int64_t> takeover_ns = ColdTakeoverNs(report);
  if (!takeover_ns.has_value()) return Line("cold standby", "not known: nothing could be measured");
  const ReplayMeasure& replay = *report.replay;
  return absl::StrCat(
      Line(
          "cold standby",
          absl::StrFormat("takes over in about %s, and what its program needs for %s",
                          DurationText(*takeover_ns), Counted(r.transactions_kept, "transaction"))),
      Line("  measured now", absl::StrFormat("%s (%d B) read and verified in %s",
                                             Counted(replay.transactions, "transaction"),
                                             replay.bytes, DurationText(replay.ns))),
      Line("  and", absl::StrCat(DurationText(r.fence_round_trip_ns),
                                 " for a question that the leader and the copies in sync answer; "
                                 "a fence takes little more")));
}

}  // namespace

std::optional<int64_t> ColdTakeoverNs(const ReadinessReport& report) {
  const JournalReadiness& r = report.readiness;
  if (!report.replay.has_value()) return std::nullopt;
  if (r.transactions_kept == 0) return r.fence_round_trip_ns;
  const double per_second = report.replay->per_second();
  if (per_second <= 0) return std::nullopt;
  return r.fence_round_trip_ns +
         static_cast<int64_t>(static_cast<double>(r.transactions_kept) / per_second * 1e9);
}

std::string ReadinessText(const ReadinessReport& report) {
  const JournalReadiness& r = report.readiness;
  std::string out = absl::StrCat(r.verdict, "\n\n");
  if (r.leader.empty()) {
    return absl::StrCat(out, Line("leader", "nobody that answers"),
                        Line("copies in sync", CopiesText(r)));
  }
  absl::StrAppend(&out,
                  Line("leader", absl::StrCat(r.leader, ", epoch ", r.epoch.epoch,
                                              " of generation ", r.epoch.generation)),
                  NextLeaderLines(r), OtherCopyLines(r), Line("copies in sync", CopiesText(r)),
                  Line("in its memory only", Counted(r.in_leader_memory_only, "transaction")),
                  Line("not on its disk yet", DiskText(r)));
  if (report.writer.has_value()) absl::StrAppend(&out, Line("writer", WriterText(*report.writer)));
  return out + ColdStandbyLines(report);
}

}  // namespace ringjournal::cli
