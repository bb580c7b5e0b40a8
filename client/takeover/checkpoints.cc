#include "client/takeover/checkpoints.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/driver.h"
#include "client/errors.h"
#include "client/reader.h"
#include "client/takeover/checkpoint_chunks.h"
#include "client/takeover/kept_checkpoints.h"
#include "client/writer.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

constexpr int kLoadTries = 3;

std::chrono::nanoseconds Left(int64_t until_ns) {
  return std::chrono::nanoseconds(std::max<int64_t>(until_ns - Driver::NowNs(), 1));
}

absl::Status TooLarge(size_t bytes, uint64_t allowed) {
  return MakeError(ErrorCode::kTooLarge,
                   absl::StrCat("a state of ", bytes, " bytes is over the ", allowed,
                                " that the side journal holds twice: create it with a larger ring, "
                                "at most ",
                                limits::kApplicationCheckpointBytesMax, " bytes of state"));
}

absl::Status NotTheWriter(const std::string& journal, Epoch writer, const WriterInfo& current) {
  const auto text = [](Epoch epoch) { return absl::StrCat(epoch.generation, ".", epoch.epoch); };
  const std::string why =
      current.epoch == writer
          ? absl::StrCat("generation ", current.generation, " of journal ", journal,
                         " has ended writer epoch ", text(writer))
          : absl::StrCat("journal ", journal, " is held by \"", current.claimant,
                         "\" (writer epoch ", text(current.epoch), "), and who saves holds ",
                         text(writer));
  return MakeError(ErrorCode::kFenced, why + ": act on nothing, and save no checkpoint any more");
}

absl::StatusOr<std::vector<ApplicationCheckpoint>> LoadOnce(const Journal& journal,
                                                            std::chrono::nanoseconds patience) {
  ClientOptions options = journal.options();
  options.retry_for_ns = std::min<int64_t>(options.retry_for_ns, patience.count());
  auto reader = Reader::Open(options, {.journal = CheckpointJournalName(journal.name())});
  if (CodeOf(reader.status()) == ErrorCode::kJournalNotFound) {
    return std::vector<ApplicationCheckpoint>();
  }
  if (!reader.ok()) return reader.status();
  CheckpointAssembler assembler;
  ReadTransaction transaction;
  for (;;) {
    auto step = (*reader)->Next(&transaction);
    if (!step.ok()) return step.status();
    if (*step == ReadStep::kFinished) return assembler.TakeNewest();
    if (*step == ReadStep::kTransaction) assembler.Take(transaction);
  }
}

}  // namespace

std::string CheckpointJournalName(std::string_view journal) {
  return std::string(journal) + ".checkpoints";
}

absl::StatusOr<std::vector<ApplicationCheckpoint>> LoadCheckpoints(
    const Journal& journal, std::chrono::nanoseconds patience) {
  // A saver may trim what is being read: what it has saved is newer.
  for (int tries = 1;; ++tries) {
    auto loaded = LoadOnce(journal, patience);
    if (CodeOf(loaded.status()) != ErrorCode::kTrimmed || tries == kLoadTries) return loaded;
  }
}

struct CheckpointSaver::Impl {
  Impl(const Journal& journal, client::Journal side, const CheckpointSaverOptions& options)
      : journal(journal), side(std::move(side)), options(options) {}

  absl::Status CheckWriter(int64_t until_ns) const;
  absl::Status SaveChunks(const ApplicationCheckpoint& checkpoint, int64_t until_ns);
  absl::Status NotSaved(const ApplicationCheckpoint& checkpoint, const absl::Status& why) const;
  absl::Status Forget(int64_t until_ns);

  Journal journal;
  Journal side;
  CheckpointSaverOptions options;
  std::unique_ptr<Writer> writer;
  uint64_t saver = Driver::Seed() | 1;
  uint64_t state_bytes_max = 0;
  bool memory_only = false;
  uint32_t generation = 0;  // of the journal when it was opened
  std::optional<KeptCheckpoints> kept;
};

CheckpointSaver::CheckpointSaver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckpointSaver::~CheckpointSaver() = default;

absl::StatusOr<std::unique_ptr<CheckpointSaver>> CheckpointSaver::Open(
    const Journal& journal, const CheckpointSaverOptions& options) {
  auto info = journal.Info();
  if (!info.ok()) return info.status();
  Journal side = journal.Sibling(CheckpointJournalName(journal.name()));
  JournalSettings settings;
  settings.ring_bytes = options.ring_bytes > 0 ? options.ring_bytes : limits::kCheckpointRingBytes;
  settings.memory_only = info->settings.memory_only;
  if (auto made = side.CreateIfMissing(settings); !made.ok()) return made;
  auto side_info = side.Info();
  if (!side_info.ok()) return side_info.status();
  auto impl = std::make_unique<Impl>(journal, side, options);
  impl->memory_only = settings.memory_only;
  impl->generation = info->epoch.generation;
  impl->state_bytes_max =
      std::min(side_info->ring_bytes / 4, limits::kApplicationCheckpointBytesMax);
  auto whole = LoadCheckpoints(journal);
  if (!whole.ok()) return whole.status();
  // What is not committed yet, nobody has read: its place is behind.
  impl->kept.emplace(*whole, side_info->watermarks.committed.lsn.next(), impl->generation);
  auto writer = side.OpenWriter({.producer = options.name, .append_timeout = options.timeout});
  if (!writer.ok()) return writer.status();
  impl->writer = *std::move(writer);
  return std::unique_ptr<CheckpointSaver>(new CheckpointSaver(std::move(impl)));
}

absl::Status CheckpointSaver::Save(const ApplicationCheckpoint& checkpoint) {
  if (checkpoint.acted < checkpoint.at.lsn) {
    return MakeError(ErrorCode::kBadMark,
                     absl::StrCat("a checkpoint of LSN ", checkpoint.at.lsn.value(),
                                  ", and only what is up to ", checkpoint.acted.value(),
                                  " was acted on: who starts from it could not know "
                                  "the effects of the rest; save it once all of it was acted on"));
  }
  if (checkpoint.state.size() > impl_->state_bytes_max) {
    return TooLarge(checkpoint.state.size(), impl_->state_bytes_max);
  }
  const int64_t until_ns = Driver::NowNs() + impl_->options.timeout.count();
  if (absl::Status status = impl_->CheckWriter(until_ns); !status.ok()) return status;
  if (auto status = impl_->SaveChunks(checkpoint, until_ns); !status.ok()) return status;
  // It may have taken long.
  if (absl::Status status = impl_->CheckWriter(until_ns); !status.ok()) return status;
  return impl_->Forget(until_ns);
}

absl::Status CheckpointSaver::Impl::CheckWriter(int64_t until_ns) const {
  if (options.writer == Epoch()) return absl::OkStatus();
  auto current = journal.GetWriter(Left(until_ns));
  if (!current.ok()) return current.status();
  if (current->epoch == options.writer && !current->ended_by_loss) return absl::OkStatus();
  return NotTheWriter(journal.name(), options.writer, *current);
}

absl::Status CheckpointSaver::Impl::SaveChunks(const ApplicationCheckpoint& checkpoint,
                                               int64_t until_ns) {
  // What is trimmed below it is gone from the disks, so it must be on them itself. A Flush would
  // not do: where there are several nodes it brings nothing to a majority's disks.
  const Level level = memory_only ? Level::kReplicated : Level::kDiskQuorum;
  kept->Begin();
  for (TransactionRun& run : EncodeCheckpoint(checkpoint, saver)) {
    AppendOutcome outcome = writer->Append(std::move(run), Left(until_ns), {.level = level});
    if (outcome.fate != Fate::kApplied) {
      return Driver::NowNs() < until_ns ? outcome.error : NotSaved(checkpoint, outcome.error);
    }
    kept->OnChunk(outcome.receipt.first_lsn);
  }
  kept->OnSaved(checkpoint.at);
  return absl::OkStatus();
}

absl::Status CheckpointSaver::Impl::NotSaved(const ApplicationCheckpoint& checkpoint,
                                             const absl::Status& why) const {
  return MakeError(
      ErrorCode::kDeadline,
      absl::StrCat("the checkpoint of LSN ", checkpoint.at.lsn.value(), " was not saved within ",
                   FormatDurationNs(options.timeout.count()),
                   ": it must be on the disks of a majority of the members; bring those back that "
                   "are away, or raise the timeout. At last: ",
                   why.message()));
}

// Below what is kept nothing is needed any more.
absl::Status CheckpointSaver::Impl::Forget(int64_t until_ns) {
  auto info = journal.Info(Left(until_ns));
  if (!info.ok()) return info.status();
  if (info->epoch.generation != generation) return absl::OkStatus();
  if (kept->must_look()) {
    auto found = LoadCheckpoints(journal);
    if (!found.ok()) return found.status();
    kept->OnFound(*found);
  }
  if (const Lsn from = kept->side_from(); from > Lsn()) {
    if (auto trimmed = side.Trim(from, Left(until_ns)); !trimmed.ok()) return trimmed.status();
  }
  const Lsn from = kept->journal_from();
  if (!options.trim || from == Lsn()) return absl::OkStatus();
  return journal.Trim(from, Left(until_ns)).status();
}

}  // namespace ringjournal::client
