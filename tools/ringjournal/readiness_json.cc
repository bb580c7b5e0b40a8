// `ringjournal -o json readiness`.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/readiness_text.h"
#include "tools/ringjournal/writer_text.h"

namespace ringjournal::cli {
namespace {

using client::DegradedPolicy;
using client::JournalCopy;
using client::JournalReadiness;

const char* Bool(bool value) { return value ? "true" : "false"; }
std::string Ms(int64_t ns) { return absl::StrFormat("%.3f", static_cast<double>(ns) / 1e6); }
std::string Node(const std::string& name) { return name.empty() ? "null" : JsonString(name); }

const char* PolicyName(DegradedPolicy policy) {
  switch (policy) {
    case DegradedPolicy::kDisk:
      return "disk";
    case DegradedPolicy::kBlock:
      return "block";
    case DegradedPolicy::kMemory:
      return "memory";
    default:
      return "unknown";
  }
}

std::string CopyJson(const JournalCopy& copy) {
  const std::string lag =
      copy.lag_known
          ? absl::StrCat("{\"transactions\": \"", copy.lag_transactions, "\", \"bytes\": \"",
                         copy.lag_bytes, "\", \"ms\": \"", copy.lag_ms, "\"}")
          : "null";
  return absl::StrCat("{\"node\": ", JsonString(copy.node), ", \"inSync\": ", Bool(copy.in_sync),
                      ", \"follows\": ", Bool(copy.follows),
                      ", \"catchesUp\": ", Bool(copy.catches_up),
                      ", \"farBehind\": ", Bool(copy.far_behind), ", \"lag\": ", lag, "}");
}

std::string CopiesJson(const JournalReadiness& r) {
  std::string next, copies;
  for (const std::string& node : r.next_leaders) {
    absl::StrAppend(&next, next.empty() ? "" : ", ", JsonString(node));
  }
  for (const JournalCopy& copy : r.copies) {
    absl::StrAppend(&copies, copies.empty() ? "" : ", ", CopyJson(copy));
  }
  return absl::StrCat(
      "\"nextLeaders\": [", next, "], \"copies\": [", copies,
      "], \"copiesInSync\": ", r.copies_in_sync, ", \"copiesWanted\": ", r.copies_wanted,
      ", \"copiesBelowWanted\": ", r.copies_below_wanted(), ", \"copiesTarget\": ", r.copies_target,
      ", \"copiesMin\": ", r.copies_min, ", \"degraded\": ", Bool(r.degraded),
      ", \"degradedPolicy\": ", JsonString(PolicyName(r.degraded_policy)));
}

// Without a leader nobody knows.
std::string CountJson(const JournalReadiness& r, uint64_t count) {
  return r.leader.empty() ? "null" : absl::StrCat("\"", count, "\"");
}

std::string LevelsJson(const JournalReadiness& r) {
  return absl::StrCat("\"inLeaderMemoryOnly\": ", CountJson(r, r.in_leader_memory_only),
                      ", \"notOnLeaderDisk\": ",
                      r.memory_only ? "null" : CountJson(r, r.not_on_leader_disk.value_or(0)),
                      ", \"memoryOnly\": ", Bool(r.memory_only));
}

std::string WriterJson(const std::optional<client::WriterInfo>& writer) {
  if (!writer.has_value()) return "\"fenced\": null, \"writer\": null";
  const std::string holder = HolderJsonFields(*writer);
  return absl::StrCat("\"fenced\": ", Bool(writer->fenced),
                      ", \"writer\": ", holder.empty() ? "null" : absl::StrCat("{", holder, "}"));
}

std::string TimesJson(const ReadinessReport& report) {
  const std::optional<int64_t> cold_ns = ColdTakeoverNs(report);
  std::string replay = "null";
  if (report.replay.has_value()) {
    replay = absl::StrCat(
        "{\"transactions\": \"", report.replay->transactions, "\", \"bytes\": \"",
        report.replay->bytes, "\", \"ms\": ", Ms(report.replay->ns),
        ", \"transactionsPerSecond\": ", absl::StrFormat("%.1f", report.replay->per_second()), "}");
  }
  const JournalReadiness& r = report.readiness;
  return absl::StrCat(
      "\"transactionsKept\": ", CountJson(r, r.transactions_kept), ", \"replay\": ", replay,
      ", \"fenceRoundTripMs\": ", r.leader.empty() ? "null" : Ms(r.fence_round_trip_ns),
      ", \"coldTakeoverMs\": ", cold_ns.has_value() ? Ms(*cold_ns) : "null");
}

}  // namespace

std::string ReadinessJson(const ReadinessReport& report) {
  const JournalReadiness& r = report.readiness;
  return absl::StrCat("{\"journal\": ", JsonString(r.journal), ", \"ready\": ", Bool(r.ready),
                      ", \"verdict\": ", JsonString(r.verdict), ",\n \"leader\": ", Node(r.leader),
                      ", \"lastLeader\": ", Node(r.last_leader), ", \"epoch\": ", r.epoch.epoch,
                      ", \"generation\": ", r.epoch.generation, ",\n ", CopiesJson(r), ",\n ",
                      LevelsJson(r), ",\n ", WriterJson(report.writer), ",\n ", TimesJson(report),
                      "}\n");
}

}  // namespace ringjournal::cli
