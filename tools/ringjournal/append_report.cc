#include "tools/ringjournal/append_report.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {

using client::Fate;

void SayLoss(const Context& context, const client::LossNotice& loss,
             std::string_view what_is_held) {
  std::string held(what_is_held);
  context.Say(absl::StrFormat(
      "data loss: generation %d began with a possible loss from LSN %d on (received: %s, "
      "replicated: %s, disk: %s, disk_quorum: %s): %s",
      loss.generation, loss.first_lsn.value(), loss.received, loss.replicated, loss.disk,
      loss.disk_quorum, loss.reason));
  for (const client::LsnRange& range : loss.held) {
    context.Say(absl::StrFormat("data loss: this client %s LSN %d..%d%s", held, range.first.value(),
                                range.last.value(),
                                loss.held_is_complete ? "" : " (some of them other producers')"));
  }
  if (!loss.held.empty()) return;
  context.Say(absl::StrFormat("data loss: this client %s nothing at or above that LSN", held));
  if (loss.receipt_lsn == Lsn()) return;
  context.Say(
      absl::StrFormat("data loss: the last receipt shown is for LSN %d", loss.receipt_lsn.value()));
}

void AppendReport::Begin(const std::string& journal, bool named, uint64_t skipped) {
  journal_ = journal;
  named_ = named;
  skipped_ = skipped;
  input_position_ = skipped;
  begin_ = std::chrono::steady_clock::now();
}

void AppendReport::Add(const client::AppendOutcome& outcome) {
  if (outcome.fate != Fate::kApplied && first_trouble_at_ == 0) {
    first_trouble_at_ = input_position_ + 1;
    first_trouble_ = outcome.error;
  }
  input_position_ += outcome.count;
  if (outcome.fate == Fate::kNotApplied) not_applied_ += outcome.count;
  if (outcome.fate == Fate::kUnknown) unknown_ += outcome.count;
  if (outcome.fate != Fate::kApplied) return;
  applied_ += outcome.count;
  const client::AppendReceipt& receipt = outcome.receipt;
  if (receipt.first_lsn == Lsn()) return;
  if (first_lsn_ == Lsn()) first_lsn_ = receipt.first_lsn;
  last_lsn_ = std::max(last_lsn_, receipt.last_lsn());
  bool first = level_ == client::Level::kUnknown;
  level_ = first ? receipt.level : std::min(level_, receipt.level);
}

bool AppendReport::lost(const absl::Status& status) const {
  return client::CodeOf(status) == client::ErrorCode::kDataLoss ||
         client::CodeOf(first_trouble_) == client::ErrorCode::kDataLoss;
}

int AppendReport::Finish(const Context& context, const client::Appender& appender,
                         const absl::Status& status, bool quiet) const {
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  if (context.json()) {
    std::printf("%s\n", Json(appender, seconds).c_str());
  } else if (!quiet) {
    context.Say(Text(appender, seconds));
  }
  if (lost(status) && appender.last_loss()) {
    SayLoss(context, *appender.last_loss(), "holds acknowledgements for");
  }
  SayTroubles(context, status);
  if (!status.ok() || first_trouble_at_ > 0) SayHowToGoOn(context, appender, status);
  return ExitCodeFor(status);
}

// What is nothing is not told: most runs end with one short line.
std::string AppendReport::Text(const client::Appender& appender, double seconds) const {
  constexpr double kSecondsForARate = 0.1;
  std::string text = absl::StrCat("appended ", Counted(applied_, "transaction"), " to ", journal_);
  if (last_lsn_ != Lsn()) {
    absl::StrAppendFormat(&text, ", LSN %d", first_lsn_.value());
    if (last_lsn_ != first_lsn_) absl::StrAppendFormat(&text, "..%d", last_lsn_.value());
    // Only this producer's: others may have appended in between.
    if (last_lsn_ - first_lsn_ + 1 > applied_) text += " with others' in between";
    absl::StrAppendFormat(&text, ", level %s", std::string(client::LevelName(level_)));
  }
  client::AppenderStats stats = appender.stats();
  if (skipped_ > 0) absl::StrAppendFormat(&text, ", %d skipped (appended before)", skipped_);
  if (stats.resent > 0) absl::StrAppend(&text, ", ", Counted(stats.resent, "append"), " resent");
  if (stats.duplicates > 0) {
    absl::StrAppendFormat(&text, " (%d of them had been applied)", stats.duplicates);
  }
  if (stats.reconnects > 0) absl::StrAppend(&text, ", ", Counted(stats.reconnects, "reconnect"));
  if (seconds >= kSecondsForARate) {
    absl::StrAppendFormat(&text, ", in %.1f s (%.0f/s)", seconds,
                          static_cast<double>(applied_) / seconds);
  }
  // An invented name is of use only to who goes on after trouble, and is told then.
  if (!named_) return text;
  return absl::StrCat(text, ", as producer ", appender.producer());
}

std::string AppendReport::Json(const client::Appender& appender, double seconds) const {
  client::AppenderStats stats = appender.stats();
  return absl::StrFormat(
      "{\"journal\":%s,\"producer\":%s,\"applied\":\"%d\",\"notApplied\":\"%d\",\"unknown\":\"%d\","
      "\"skipped\":\"%d\",\"firstLsn\":\"%d\",\"lastLsn\":\"%d\",\"level\":\"%s\","
      "\"resentAppends\":\"%d\",\"duplicateAppends\":\"%d\",\"refusals\":\"%d\","
      "\"reconnects\":\"%d\",\"seconds\":%.6f}",
      JsonString(journal_), JsonString(appender.producer()), applied_, not_applied_, unknown_,
      skipped_, first_lsn_.value(), last_lsn_.value(), std::string(client::LevelName(level_)),
      stats.resent, stats.duplicates, stats.refusals, stats.reconnects, seconds);
}

void AppendReport::SayTroubles(const Context& context, const absl::Status& status) const {
  if (!status.ok()) context.Fail(status);
  if (first_trouble_at_ == 0) return;
  // The appends fail with what ended the connection: that is told once.
  const bool told = status.message() == first_trouble_.message() || lost(status);
  context.Say(absl::StrCat(
      "error: from input transaction ", first_trouble_at_, " on: ", not_applied_, " not applied, ",
      unknown_, " with unknown outcome",
      told ? "" : "; the first says: ", told ? "" : std::string(first_trouble_.message())));
}

void AppendReport::SayHowToGoOn(const Context& context, const client::Appender& appender,
                                const absl::Status& status) const {
  if (lost(status) && appender.last_loss()) {
    // The producer's state was recovered with the journal: what it still knows is what is there.
    context.Say(absl::StrFormat(
        "to append what was lost again, and the rest, run it again with the same input and "
        "--producer %s --resume --accept-loss %d: what is still there is skipped",
        appender.producer(), appender.last_loss()->generation));
    return;
  }
  // Of a wrong input the same one would end the same way.
  const bool input_wrong =
      absl::IsInvalidArgument(status) && client::CodeOf(status) == client::ErrorCode::kUnknown;
  const uint64_t applied = first_trouble_at_ > 0 ? first_trouble_at_ - 1 : input_position_;
  context.Say(
      absl::StrFormat("everything up to input transaction %d is applied; to go on after what is "
                      "applied, run again with --producer %s --resume and %s",
                      applied, appender.producer(),
                      input_wrong ? "the corrected input, what stands before the error unchanged"
                                  : "the same input"));
}

int AppendReport::ExitCodeFor(const absl::Status& status) const {
  const int code = ExitCodeOf(status.ok() ? first_trouble_ : status);
  // The gravest news first: a loss, then not knowing.
  if (code != kExitDataLoss && unknown_ > 0) return kExitOutcomeUnknown;
  return code;
}

}  // namespace ringjournal::cli
