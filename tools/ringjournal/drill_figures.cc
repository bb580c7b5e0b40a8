#include "tools/ringjournal/drill_figures.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "journal/base/units.h"
#include "tools/ringjournal/failover_figures.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

using bench::GapSummary;

GapSummary Summarise(const DrillDirection& direction, int64_t SwitchTimes::*field) {
  std::vector<int64_t> values;
  for (const SwitchTimes& run : direction.runs) values.push_back(run.*field);
  return bench::SummariseGaps(std::move(values));
}

double MaxPauseMs(const DrillResult& result) {
  return static_cast<double>(result.max_pause_ns) / 1e6;
}

void AppendColumns(const GapSummary& s, std::string* out) {
  absl::StrAppendFormat(out, "%8.1f%8.1f%8.1f%8.1f", s.min_ms, s.p50_ms, s.p99_ms, s.max_ms);
}

std::string TableLine(const DrillDirection& direction) {
  std::string line = absl::StrFormat("%-8s%5d", direction.name, direction.runs.size());
  AppendColumns(Summarise(direction, &SwitchTimes::taken), &line);
  line += " ";
  AppendColumns(Summarise(direction, &SwitchTimes::gap), &line);
  line += " ";
  AppendColumns(Summarise(direction, &SwitchTimes::log_gap), &line);
  return line + "\n";
}

std::string Verified(const DrillResult& result) {
  if (!result.loss.empty()) return absl::StrCat("may be lost: ", result.loss, "\n");
  if (!result.unverified.empty()) return absl::StrCat("not verified: ", result.unverified, "\n");
  if (result.transactions == 0) return "nothing was read\n";
  return absl::StrCat("nothing lost: ", Counted(result.transactions, "transaction"), ", LSN ",
                      result.first_lsn.value(), "–", result.last_lsn.value(),
                      " without a hole or a repeat, one chain, nothing of an old writer behind a "
                      "new one\n");
}

const char* Verdict(const DrillResult& result) {
  if (!result.loss.empty()) return "may be lost";
  return result.unverified.empty() && result.transactions > 0 ? "nothing lost" : "not verified";
}

// Of all directions, the slowest p99.
double WorstMs(const DrillResult& result) {
  double worst = 0;
  for (const DrillDirection& direction : result.directions) {
    worst = std::max(worst, Summarise(direction, &SwitchTimes::taken).p99_ms);
  }
  return worst;
}

std::string SummaryJson(const GapSummary& s) {
  return absl::StrFormat("{\"minMs\": %.3f, \"p50Ms\": %.3f, \"p99Ms\": %.3f, \"maxMs\": %.3f}",
                         s.min_ms, s.p50_ms, s.p99_ms, s.max_ms);
}

std::string RunJson(const SwitchTimes& run) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return absl::StrFormat(
      "{\"from\": \"%s\", \"to\": \"%s\", \"lastLsn\": \"%d\", \"firstLsn\": \"%d\", \"takenMs\": "
      "%.3f, \"gapMs\": %.3f, \"logGapMs\": %.3f}",
      EpochPairText(run.from), EpochPairText(run.to), run.last.value(), run.first.value(),
      ms(run.taken), ms(run.gap), ms(run.log_gap));
}

std::string DirectionJson(const DrillDirection& direction) {
  std::vector<std::string> runs;
  for (const SwitchTimes& run : direction.runs) runs.push_back(RunJson(run));
  return absl::StrCat("{\"name\": ", JsonString(direction.name),
                      ", \"taken\": ", SummaryJson(Summarise(direction, &SwitchTimes::taken)),
                      ", \"gap\": ", SummaryJson(Summarise(direction, &SwitchTimes::gap)),
                      ", \"logGap\": ", SummaryJson(Summarise(direction, &SwitchTimes::log_gap)),
                      ", \"runs\": [", absl::StrJoin(runs, ", "), "]}");
}

}  // namespace

bool DrillResult::met() const {
  return complete && loss.empty() && unverified.empty() && WorstMs(*this) <= MaxPauseMs(*this);
}

std::string DrillText(const DrillResult& result) {
  std::string text = absl::StrFormat("%-13s%32s %32s %32s\n%-8s%5s", "", "command to first tx, ms",
                                     "gap as it was read, ms", "gap by log time, ms", "", "runs");
  for (int i = 0; i < 3; ++i) {
    absl::StrAppendFormat(&text, "%s%8s%8s%8s%8s", i > 0 ? " " : "", "min", "p50", "p99", "max");
  }
  text += "\n";
  for (const DrillDirection& direction : result.directions) text += TableLine(direction);
  text += Verified(result);
  absl::StrAppendFormat(&text,
                        "%s: the slower direction's p99 is %.1f ms, and %g ms are allowed%s\n",
                        result.met() ? "PASS" : "MISSED", WorstMs(result), MaxPauseMs(result),
                        result.complete ? "" : "; not all runs were done");
  return text;
}

std::string DrillJson(const DrillResult& result) {
  std::vector<std::string> directions;
  for (const DrillDirection& each : result.directions) directions.push_back(DirectionJson(each));
  return absl::StrCat("{\"journal\": ", JsonString(result.journal), ", \"directions\": [",
                      absl::StrJoin(directions, ", "), "], \"transactions\": \"",
                      result.transactions, "\", \"firstLsn\": \"", result.first_lsn.value(),
                      "\", \"lastLsn\": \"", result.last_lsn.value(), "\", \"verdict\": \"",
                      Verdict(result), "\", \"unverified\": ", JsonString(result.unverified),
                      ", \"maxPauseMs\": ", absl::StrFormat("%g", MaxPauseMs(result)),
                      ", \"complete\": ", result.complete ? "true" : "false",
                      ", \"met\": ", result.met() ? "true" : "false", "}\n");
}

}  // namespace ringjournal::cli
