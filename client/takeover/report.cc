#include "client/takeover/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ringjournal::client {
namespace {

std::string EpochText(Epoch epoch) {
  return epoch == Epoch() ? "none" : absl::StrCat(epoch.generation, ".", epoch.epoch);
}

std::string RangesText(const std::vector<LsnRange>& ranges) {
  std::string text;
  for (const LsnRange& range : ranges) {
    absl::StrAppend(&text, text.empty() ? "" : ",", range.first.value());
    if (range.last != range.first) absl::StrAppend(&text, "-", range.last.value());
  }
  return text.empty() ? "none" : text;
}

std::string Ms(int64_t ns) { return absl::StrFormat("%.3f", static_cast<double>(ns) / 1e6); }

}  // namespace

std::string VerdictText(Verdict verdict) {
  return verdict == Verdict::kNothingLost ? "nothing lost" : "may be lost";
}

std::string ReportText(const TakeoverReport& r) {
  std::string text =
      absl::StrCat("journal=", r.journal, "\nverdict=", VerdictText(r.verdict), "\n");
  if (r.verdict == Verdict::kMayBeLost) {
    absl::StrAppend(&text, "lost_from_lsn=", r.lost_from.value(), "\nlost_why=", r.lost_why, "\n");
  }
  absl::StrAppend(&text, "old_writer=", EpochText(r.old_writer), " ", r.old_claimant,
                  "\nnew_writer=", EpochText(r.new_writer), " ", r.new_claimant,
                  r.forced ? " (forced)" : "", "\nfinal_lsn=", r.final_lsn.value(),
                  "\nchain=", absl::StrFormat("%016x", r.chain),
                  "\nacted_lsn=", r.acted_lsn.value(), "\nin_doubt=", RangesText(r.in_doubt),
                  "\nin_doubt_count=", r.in_doubt_count, "\n");
  if (!r.in_doubt_exact) absl::StrAppend(&text, "in_doubt_exact=no\n");
  absl::StrAppend(&text, "replayed=", r.replayed, "\ndigests_compared=", r.digests_compared,
                  "\nsilence_ms=", Ms(r.silence_ns), "\nfence_ms=", Ms(r.fence_ns),
                  "\nreplay_ms=", Ms(r.replay_ns), "\nopen_ms=", Ms(r.open_ns), "\n");
  return text;
}

}  // namespace ringjournal::client
