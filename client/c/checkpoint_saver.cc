#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/c/cursor_text.h"
#include "client/c/handles.h"
#include "client/errors.h"
#include "client/takeover/checkpoints.h"
#include "journal/base/limits.h"

namespace ringjournal::client::c {
namespace {

absl::StatusOr<CheckpointSaverOptions> OptionsOf(const rj_checkpoint_saver_options* given) {
  rj_checkpoint_saver_options options;
  absl::Status status =
      FirstOf(CheckNotNull("options", given), TakeStruct("options", given, &options));
  if (status.ok()) status = CheckNotNull("options->name", options.name);
  if (!status.ok()) return status;
  CheckpointSaverOptions out;
  out.name = options.name;
  out.ring_bytes = options.ring_bytes;
  out.writer = {options.writer_generation, options.writer_epoch};
  PutDuration(options.save_timeout_ns, &out.timeout);
  out.trim = options.trim != 0;
  return out;
}

absl::Status Open(const rj_journal* journal, const rj_checkpoint_saver_options* options,
                  rj_checkpoint_saver** saver) {
  if (absl::Status status = CheckNotNull("saver", saver); !status.ok()) return status;
  *saver = nullptr;
  if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
  absl::StatusOr<CheckpointSaverOptions> mine = OptionsOf(options);
  if (!mine.ok()) return mine.status();
  auto opened = CheckpointSaver::Open(journal->journal, *mine);
  if (!opened.ok()) return opened.status();
  *saver = new rj_checkpoint_saver{.saver = *std::move(opened)};
  return absl::OkStatus();
}

// Before anything is copied: a size that was never set must not be believed.
absl::Status CheckState(rj_bytes state) {
  if (state.size <= limits::kApplicationCheckpointBytesMax) return CheckBytes("state", state);
  return MakeError(ErrorCode::kTooLarge,
                   absl::StrCat("the state has ", state.size, " bytes, and a checkpoint at most ",
                                limits::kApplicationCheckpointBytesMax,
                                ": save less, for example what cannot be reckoned from the rest"));
}

absl::Status Save(rj_checkpoint_saver* saver, const char* cursor, uint64_t acted_lsn,
                  rj_bytes state) {
  absl::Status status =
      FirstOf(CheckNotNull("saver", saver), CheckNotNull("cursor", cursor), CheckState(state));
  if (!status.ok()) return status;
  absl::StatusOr<Cursor> at = TakeCursor("cursor", cursor);
  if (!at.ok()) return at.status();
  ApplicationCheckpoint checkpoint;
  checkpoint.at = *at;
  checkpoint.acted = Lsn(acted_lsn);
  checkpoint.state = ViewOf(state);
  return saver->saver->Save(checkpoint);
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_checkpoint_saver_open(const rj_journal* journal,
                                 const rj_checkpoint_saver_options* options,
                                 rj_checkpoint_saver** saver, rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(journal, options, saver); });
}

rj_code rj_checkpoint_saver_save(rj_checkpoint_saver* saver, const char* cursor, uint64_t acted_lsn,
                                 const void* state, size_t size, rj_error* error) {
  return c::Guarded(error, [&] { return c::Save(saver, cursor, acted_lsn, {state, size}); });
}

void rj_checkpoint_saver_close(rj_checkpoint_saver* saver) { delete saver; }
