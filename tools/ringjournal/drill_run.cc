#include "tools/ringjournal/drill_run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/base/units.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/progress.h"

namespace ringjournal::cli {
namespace {

// How long a wait for transactions lasts before the command is looked at again.
constexpr int64_t kLookNs = 10'000'000;

std::string Holder(const client::WriterInfo& writer) {
  return writer.epoch == Epoch() ? "nobody"
                                 : absl::StrCat("\"", writer.claimant, "\", writer epoch ",
                                                EpochPairText(writer.epoch));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DrillRun>> DrillRun::Open(const client::Journal& journal,
                                                         const DrillRunOptions& options) {
  std::unique_ptr<DrillRun> run(new DrillRun(journal, options));
  auto writer = journal.GetWriter();
  if (!writer.ok()) return writer.status();
  if (!writer->fenced) {
    return client::MakeError(
        client::ErrorCode::kBadSetting,
        absl::StrCat("journal ", journal.name(),
                     " is not fenced: it has no one writer that could be switched; `ringjournal "
                     "journal set ",
                     journal.name(), " --fenced yes` changes that"));
  }
  auto reader = client::Reader::Open(
      journal.options(),
      {.journal = journal.name(), .from = client::Position::Newest(), .follow = true});
  if (!reader.ok()) return reader.status();
  run->reader_ = *std::move(reader);
  run->generation_ = run->reader_->generation();
  return run;
}

absl::Status DrillRun::Step(int64_t until_ns) {
  absl::Status status = Read(until_ns);
  // An interrupt says nothing about the journal.
  if (client::CodeOf(status) != client::ErrorCode::kStopped) read_ = status;
  return status;
}

absl::Status DrillRun::Read(int64_t until_ns) {
  size_t taken = 0;
  const auto step = reader_->Next(batch_, &taken, std::max<int64_t>(until_ns - MonotonicNs(), 0));
  if (!step.ok()) return step.status();
  const int64_t now_ns = MonotonicNs();
  for (size_t i = 0; i < taken; ++i) {
    if (absl::Status status = meter_.Take(batch_[i], now_ns); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DrillRun::AwaitWork() {
  const uint64_t known = meter_.work();
  const int64_t give_up_ns = MonotonicNs() + options_.timeout_ns;
  while (meter_.work() == known) {
    if (MonotonicNs() >= give_up_ns) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no transaction of the application was appended to journal ", journal_.name(), " within ",
          FormatDurationNs(options_.timeout_ns),
          ": a drill needs a writer at work; `ringjournal writer show ", journal_.name(),
          "` says who should be it, then look whether that process runs and has something to do"));
    }
    if (absl::Status status = Step(give_up_ns); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<SwitchTimes> DrillRun::Switch(const std::string& text) {
  if (absl::Status status = AwaitWork(); !status.ok()) return status;
  auto writer = journal_.GetWriter();
  if (!writer.ok()) return writer.status();
  before_ = *writer;
  if (absl::Status status = AwaitWork(); !status.ok()) return status;
  meter_.Begin(MonotonicNs());
  auto command = ShellCommand::Start(text);
  if (!command.ok()) return command.status();
  if (absl::Status status = AwaitSwitch(text, command->get()); !status.ok()) return status;
  const SwitchTimes times = meter_.result();
  if (absl::Status status = AwaitEnd(text, command->get()); !status.ok()) return status;
  const int64_t until_ns = MonotonicNs() + options_.between_ns;
  while (MonotonicNs() < until_ns) {
    if (absl::Status status = Step(until_ns); !status.ok()) return status;
  }
  return times;
}

absl::Status DrillRun::AwaitSwitch(const std::string& text, ShellCommand* command) {
  const int64_t give_up_ns = MonotonicNs() + options_.timeout_ns;
  while (!meter_.switched()) {
    const int64_t now_ns = MonotonicNs();
    if (now_ns >= give_up_ns) return NoNewWriter(text, command);
    if (absl::Status status = Step(std::min(now_ns + kLookNs, give_up_ns)); !status.ok()) {
      return status;
    }
    if (absl::Status status = command->Outcome(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DrillRun::AwaitEnd(const std::string& text, ShellCommand* command) {
  const int64_t give_up_ns = MonotonicNs() + options_.timeout_ns;
  while (!command->ended()) {
    const int64_t now_ns = MonotonicNs();
    if (now_ns >= give_up_ns) {
      return absl::DeadlineExceededError(absl::StrCat(
          "`", text, "` still runs, ", FormatDurationNs(options_.timeout_ns),
          " after the new writer's first transaction: give a command that ends, such as a signal "
          "to the standby"));
    }
    if (absl::Status status = Step(now_ns + kLookNs); !status.ok()) return status;
  }
  return command->Outcome();
}

absl::Status DrillRun::NoNewWriter(const std::string& text, ShellCommand* command) {
  const std::string within = absl::StrCat(
      "no transaction of a new writer was read within ", FormatDurationNs(options_.timeout_ns),
      " of `", text, "`, which ", command->ended() ? "ended with 0" : "still runs");
  auto writer = journal_.GetWriter();
  if (!writer.ok()) {
    return absl::DeadlineExceededError(absl::StrCat(
        within, "; and nobody says who the writer is: ", std::string(writer.status().message()),
        "; look at `ringjournal status`"));
  }
  if (writer->epoch == before_.epoch) {
    return absl::DeadlineExceededError(absl::StrCat(
        within, "; the writer still is ", Holder(*writer),
        ": look whether the command reaches a standby, and in that one's log whether it follows "
        "this journal and takes over when it is told to"));
  }
  return absl::DeadlineExceededError(absl::StrCat(
      within, "; ", Holder(*writer),
      ", took over and has appended nothing: look in its log whether "
      "it waits for something, and whether it has work to do; --timeout waits longer"));
}

void DrillRun::Tell(DrillResult* result) const {
  result->transactions = meter_.transactions();
  result->first_lsn = meter_.first_lsn();
  result->last_lsn = meter_.last_lsn();
  result->unverified = std::string(read_.message());
  const std::optional<client::LossNotice>& loss = reader_->last_loss();
  if (loss.has_value() && loss->generation > generation_ && loss->replicated != "none") {
    result->loss = absl::StrCat("from LSN ", loss->first_lsn.value(), " on: ", loss->reason);
  }
}

}  // namespace ringjournal::cli
