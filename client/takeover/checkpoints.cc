#include "client/takeover/checkpoints.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/driver.h"
#include "client/errors.h"
#include "client/reader.h"
#include "client/takeover/checkpoint_chunks.h"
#include "client/writer.h"

namespace ringjournal::client {
namespace {

// Of one chunk.
constexpr std::chrono::milliseconds kSaveTimeout(limits::kClientAppendTimeoutMs);
constexpr int kLoadTries = 3;

absl::Status TooLarge(size_t bytes, uint64_t allowed) {
  return MakeError(ErrorCode::kTooLarge,
                   absl::StrCat("a state of ", bytes, " bytes is over the ", allowed,
                                " that the side journal holds twice: create it with a larger ring, "
                                "at most ",
                                limits::kApplicationCheckpointBytesMax, " bytes of state"));
}

absl::StatusOr<std::vector<ApplicationCheckpoint>> LoadOnce(const Journal& journal) {
  auto reader = Reader::Open(journal.options(), {.journal = CheckpointJournalName(journal.name())});
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

absl::StatusOr<std::vector<ApplicationCheckpoint>> LoadCheckpoints(const Journal& journal) {
  // A saver may trim what is being read: what it has saved is newer.
  for (int tries = 1;; ++tries) {
    auto loaded = LoadOnce(journal);
    if (CodeOf(loaded.status()) != ErrorCode::kTrimmed || tries == kLoadTries) return loaded;
  }
}

struct CheckpointSaver::Impl {
  Impl(const Journal& journal, client::Journal side, const CheckpointSaverOptions& options)
      : journal(journal), side(std::move(side)), options(options) {}

  absl::Status Forget();

  Journal journal;
  Journal side;
  CheckpointSaverOptions options;
  std::unique_ptr<Writer> writer;
  uint64_t saver = Driver::Seed() | 1;
  uint64_t state_bytes_max = 0;
  bool memory_only = false;
  uint32_t generation = 0;  // of the journal when it was opened
  // The two saved last: where their chunks begin, and what they hold.
  std::vector<std::pair<Lsn, Lsn>> kept;
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
  for (auto it = whole->rbegin(); it != whole->rend(); ++it) {
    impl->kept.emplace_back(it->first_chunk, it->at.lsn);
  }
  auto writer = side.OpenWriter({.producer = options.name});
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
  Lsn first;
  // What is trimmed below it is gone from the disks, so it must be on them itself. A Flush would
  // not do: where there are several nodes it brings nothing to a majority's disks.
  const Level level = impl_->memory_only ? Level::kReplicated : Level::kDiskQuorum;
  for (TransactionRun& run : EncodeCheckpoint(checkpoint, impl_->saver)) {
    AppendOutcome outcome = impl_->writer->Append(std::move(run), kSaveTimeout, {.level = level});
    if (outcome.fate != Fate::kApplied) return outcome.error;
    if (first == Lsn()) first = outcome.receipt.first_lsn;
  }
  impl_->kept.emplace_back(first, checkpoint.at.lsn);
  return impl_->Forget();
}

// Below the older of the two newest nothing is needed any more.
absl::Status CheckpointSaver::Impl::Forget() {
  if (kept.size() > 2) kept.erase(kept.begin());
  if (kept.size() < 2) return absl::OkStatus();
  // A chunk whose place is not known any more (a duplicate found late) bounds nothing.
  const Lsn first_chunk = std::min(kept[0].first, kept[1].first);
  if (first_chunk > Lsn()) {
    if (auto trimmed = side.Trim(first_chunk); !trimmed.ok()) return trimmed.status();
  }
  if (!options.trim) return absl::OkStatus();
  auto info = journal.Info();
  if (!info.ok()) return info.status();
  if (info->epoch.generation != generation) return absl::OkStatus();
  return journal.Trim(std::min(kept[0].second, kept[1].second).next()).status();
}

}  // namespace ringjournal::client
