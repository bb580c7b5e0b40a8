#include "tools/ringjournal/takeover_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using client::TakeoverReport;
using client::Verdict;

std::string EpochJson(Epoch epoch) {
  return epoch == Epoch() ? "null" : JsonString(EpochPairText(epoch));
}

std::string InDoubtJson(const TakeoverReport& report) {
  std::string ranges;
  for (const client::LsnRange& range : report.in_doubt) {
    absl::StrAppend(&ranges, ranges.empty() ? "" : ", ", "{\"first\": \"", range.first.value(),
                    "\", \"last\": \"", range.last.value(), "\"}");
  }
  return absl::StrCat("\"actedLsn\": \"", report.acted_lsn.value(), "\", \"inDoubt\": [", ranges,
                      "], \"inDoubtCount\": \"", report.in_doubt_count,
                      "\", \"inDoubtExact\": ", report.in_doubt_exact ? "true" : "false");
}

std::string PhasesJson(const TakeoverReport& report) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return absl::StrFormat("\"silenceMs\": %.3f, \"fenceMs\": %.3f, \"replayMs\": %.3f",
                         ms(report.silence_ns), ms(report.fence_ns), ms(report.replay_ns));
}

std::string LossJson(const TakeoverReport& report) {
  if (report.verdict == Verdict::kNothingLost) return "";
  return absl::StrCat(", \"lostFromLsn\": \"", report.lost_from.value(),
                      "\", \"lostWhy\": ", JsonString(report.lost_why));
}

}  // namespace

std::string TakeoverJson(const TakeoverReport& report, uint64_t transactions) {
  return absl::StrCat("{\"journal\": ", JsonString(report.journal),
                      ", \"verdict\": ", JsonString(client::VerdictText(report.verdict)),
                      LossJson(report), ", \"oldWriter\": ", EpochJson(report.old_writer),
                      ", \"oldClaimant\": ", JsonString(report.old_claimant),
                      ", \"newWriter\": ", EpochJson(report.new_writer),
                      ", \"newClaimant\": ", JsonString(report.new_claimant),
                      ", \"forced\": ", report.forced ? "true" : "false", ", \"finalLsn\": \"",
                      report.final_lsn.value(), "\", \"chain\": \"",
                      absl::StrFormat("%016x", report.chain), "\", ", InDoubtJson(report),
                      ", \"transactionsRead\": \"", transactions, "\", \"replayed\": \"",
                      report.replayed, "\", ", PhasesJson(report), "}\n");
}

std::vector<std::pair<std::string, std::string>> TakeoverVariables(const TakeoverReport& report,
                                                                   const std::string& server) {
  return {{"RINGJOURNAL_JOURNAL", report.journal},
          {"RINGJOURNAL_SERVER", server},
          {"RINGJOURNAL_WRITER", EpochPairText(report.new_writer)},
          {"RINGJOURNAL_FINAL_LSN", absl::StrCat(report.final_lsn.value())},
          {"RINGJOURNAL_ACTED_LSN", absl::StrCat(report.acted_lsn.value())},
          {"RINGJOURNAL_VERDICT", client::VerdictText(report.verdict)}};
}

}  // namespace ringjournal::cli
