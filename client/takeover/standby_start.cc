// How a standby begins: its options, a checkpoint, the place in the journal behind it.
#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/driver.h"
#include "client/errors.h"
#include "client/takeover/checkpoints.h"
#include "client/takeover/standby_impl.h"
#include "journal/format/utf8.h"

namespace ringjournal::client {
namespace {

bool IsText(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return IsUtf8(AsBytes(text)) && std::none_of(text.begin(), text.end(), is_control);
}

absl::Status CheckOptions(const StandbyOptions& options) {
  if (options.name.empty() || options.name.size() > limits::kWriterClaimantBytesMax) {
    return MakeError(ErrorCode::kBadSetting, absl::StrCat("a standby needs a name of 1 to ",
                                                          limits::kWriterClaimantBytesMax,
                                                          " bytes: it has ", options.name.size()));
  }
  // The server would refuse it at the claim: too late to find out.
  if (!IsText(options.name)) {
    return MakeError(ErrorCode::kBadSetting,
                     "the name of a standby is read by people: give UTF-8 without control "
                     "characters");
  }
  if (options.writer.level == Level::kReceived) {
    return MakeError(ErrorCode::kBadSetting,
                     "a standby's writer acts on what is acknowledged, so its level must be "
                     "replicated, disk or disk_quorum");
  }
  if (options.heartbeat <= std::chrono::nanoseconds::zero()) {
    return MakeError(ErrorCode::kBadSetting, "a heartbeat takes time: give more than 0");
  }
  if (options.silent_after < 2 * options.heartbeat) {
    return MakeError(ErrorCode::kBadSetting,
                     "silent_after is less than two heartbeats: a living writer would be replaced "
                     "whenever one of them comes late; raise it");
  }
  return absl::OkStatus();
}

// Nothing is wrong with the others. Of a history that a recovery has given up: the one before it
// may be older than that. Trimmed behind it: a writer that was replaced has saved it late, and the
// one that its successor has saved before is newer.
bool IsUnfit(ErrorCode code) {
  return code == ErrorCode::kBadCursor || code == ErrorCode::kDataLoss ||
         code == ErrorCode::kTrimmed;
}

bool IsAway(ErrorCode code) { return code == ErrorCode::kCannotConnect || IsTransient(code); }

}  // namespace

absl::Status Standby::Impl::Start() {
  StandbyCoreOptions core_options;
  core_options.journal = journal.name();
  core_options.silent_after_ns = options.silent_after.count();
  core_options.digest_every = options.digest_every;
  core_options.effect_bytes_max = options.effect_bytes_max;
  core = std::make_unique<StandbyCore>(core_options);
  const int64_t until_ns = Driver::NowNs() + journal.options().request_timeout_ns;
  if (absl::Status status = Ask(until_ns); !status.ok()) return status;
  absl::Status unfit;
  if (options.use_checkpoints) {
    auto started = StartFromCheckpoint(&unfit);
    if (!started.ok() || *started) return started.status();
  }
  if (!options.from_oldest) {
    const absl::Status status = OpenReader({.from = Position::At(Lsn(1))}, Lsn(1));
    return status.ok() || unfit.ok() ? status : unfit;
  }
  if (auto status = OpenReader({.from = Position::Oldest()}, oldest); !status.ok()) return status;
  core->StartAt(reader->from_lsn());
  core->OnReadIn(reader->generation());  // it holds nothing yet that could be lost
  return absl::OkStatus();
}

// True: from the newest that the journal still goes on behind. *unfit: why not from the newest.
absl::StatusOr<bool> Standby::Impl::StartFromCheckpoint(absl::Status* unfit) {
  // A side journal is one more that may have no leader: one that was made a moment ago may have
  // been in one memory only. Who can replay everything does not wait for it for long.
  const bool can_do_without = options.from_oldest || oldest <= Lsn(1);
  const auto patience = can_do_without
                            ? std::chrono::milliseconds(limits::kCheckpointLoadPatienceMs)
                            : std::chrono::nanoseconds::max();
  auto checkpoints = LoadCheckpoints(journal, patience);
  if (can_do_without && IsAway(CodeOf(checkpoints.status()))) return false;
  if (!checkpoints.ok()) return checkpoints.status();
  for (const ApplicationCheckpoint& checkpoint : *checkpoints) {
    const absl::Status status = StartFrom(checkpoint);
    if (status.ok()) return true;
    if (!IsUnfit(CodeOf(status))) return status;
    unfit->Update(status);
  }
  return false;
}

absl::Status Standby::Impl::StartFrom(const ApplicationCheckpoint& checkpoint) {
  const absl::Status opened = OpenReader({.cursor = checkpoint.at}, checkpoint.at.lsn.next());
  if (!opened.ok()) return opened;
  // What was acted on above it, records behind it say; a loss may have taken that back.
  core->StartBehind(checkpoint.at.lsn, std::min(checkpoint.acted, checkpoint.at.lsn));
  absl::Status loaded;
  try {
    loaded = state->Load(checkpoint.state);
  } catch (const std::exception& thrown) {
    loaded = absl::InternalError(thrown.what());
  } catch (...) {
    loaded = absl::InternalError("it threw something that is no std::exception");
  }
  if (loaded.ok()) return loaded;
  return MakeError(
      ErrorCode::kApplyFailed,
      absl::StrCat("the application cannot load its checkpoint of LSN ", checkpoint.at.lsn.value(),
                   ": ", loaded.message(), "; correct it, or start without checkpoints"));
}

absl::Status Standby::Impl::OpenReader(ReaderOptions read, Lsn first) {
  if (first < oldest) {
    return MakeError(ErrorCode::kTrimmed,
                     absl::StrCat("journal ", journal.name(), " begins with LSN ", oldest.value(),
                                  ", and the standby needs it from LSN ", first.value(),
                                  " on: start it from a newer application checkpoint"));
  }
  read.journal = journal.name();
  read.follow = true;
  auto opened = Reader::Open(journal.options(), read);
  if (!opened.ok()) return opened.status();
  reader = *std::move(opened);
  core->OnReadIn(reader->seen_generation());
  core->OnConnected(Driver::NowNs());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Standby>> Standby::Open(const Journal& journal, StateMachine* state,
                                                       const StandbyOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(journal, state, options);
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<Standby>(new Standby(std::move(impl)));
}

}  // namespace ringjournal::client
