#include "client/takeover/standby.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/cursor_text.h"
#include "client/c/handles.h"
#include "client/c/in_callback.h"
#include "client/c/promotion.h"
#include "client/c/writer_options.h"
#include "client/errors.h"

namespace ringjournal::client::c {
namespace {

// The writer that comes with a takeover is `writer`.
absl::StatusOr<WriterOptions> WriterOf(const rj_writer_options* given,
                                       const rj_active_writer* writer) {
  absl::StatusOr<WriterOptions> out = WriterOptionsOf("options->writer", given, writer);
  if (!out.ok()) return out;
  if (out->producer.empty() && out->writer == Epoch() && !out->create) return out;
  return InvalidArgument("options->writer",
                         "its producer, writer_generation, writer_epoch and create are set by the "
                         "takeover: leave them at 0");
}

absl::StatusOr<StandbyOptions> OptionsOf(const rj_standby_options* given,
                                         const rj_active_writer* writer) {
  rj_standby_options options;
  absl::Status status =
      FirstOf(CheckNotNull("options", given), TakeStruct("options", given, &options));
  if (!status.ok()) return status;
  status = FirstOf(CheckZero("options->reserved", options.reserved),
                   CheckNotNull("options->name", options.name));
  if (!status.ok()) return status;
  absl::StatusOr<WriterOptions> mine = WriterOf(options.writer, writer);
  if (!mine.ok()) return mine.status();
  StandbyOptions out;
  out.name = options.name;
  PutDuration(options.silent_after_ns, &out.silent_after);
  PutDuration(options.heartbeat_ns, &out.heartbeat);
  out.digest_every = options.digest_every;
  if (options.effect_bytes_max != 0) out.effect_bytes_max = options.effect_bytes_max;
  out.use_checkpoints = options.ignore_checkpoints == 0;
  out.from_oldest = options.from_oldest != 0;
  out.writer = *std::move(mine);
  return out;
}

absl::StatusOr<rj_state_machine> MachineOf(const rj_state_machine* given) {
  rj_state_machine machine;
  absl::Status status =
      FirstOf(CheckNotNull("machine", given), TakeStruct("machine", given, &machine));
  if (status.ok()) status = CheckZero("machine->reserved", machine.reserved);
  if (status.ok() && machine.apply == nullptr) {
    status = InvalidArgument("machine->apply", "it is NULL, and is required: give one");
  }
  if (!status.ok()) return status;
  return machine;
}

absl::Status Open(const rj_journal* journal, const rj_state_machine* given,
                  const rj_standby_options* options, rj_standby** standby) {
  if (absl::Status status = CheckNotNull("standby", standby); !status.ok()) return status;
  *standby = nullptr;
  if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
  absl::StatusOr<rj_state_machine> machine = MachineOf(given);
  if (!machine.ok()) return machine.status();
  auto handle = std::make_unique<rj_standby>();
  handle->writer = std::make_unique<rj_active_writer>();
  absl::StatusOr<StandbyOptions> mine = OptionsOf(options, handle->writer.get());
  if (!mine.ok()) return mine.status();
  handle->writer->append_timeout = mine->writer.append_timeout;
  handle->machine = std::make_unique<CStateMachine>(*machine, mine->effect_bytes_max, handle.get());
  auto opened = Standby::Open(journal->journal, handle->machine.get(), *mine);
  if (!opened.ok()) return opened.status();
  handle->standby = *std::move(opened);
  *standby = handle.release();
  return absl::OkStatus();
}

// In a callback it stands in the middle of a transaction.
absl::Status CheckStandby(std::string_view call, const rj_standby* standby) {
  if (absl::Status status = CheckNotNull("standby", standby); !status.ok()) return status;
  if (!InCallback::Of(standby)) return absl::OkStatus();
  return MakeError(ErrorCode::kWrongThread,
                   absl::StrCat(std::string(call),
                                " was called from a callback of this standby: nothing was done; "
                                "call it once the callback has returned"));
}

absl::Status Follow(rj_standby* standby, int64_t timeout_ns, int32_t* step) {
  absl::Status status =
      FirstOf(CheckStandby("rj_standby_follow", standby), CheckNotNull("step", step));
  if (!status.ok()) return status;
  *step = RJ_STANDBY_FOLLOWING;
  const auto timeout = TimeoutOf(timeout_ns, DurationOf(std::numeric_limits<int64_t>::max()));
  absl::StatusOr<StandbyStep> got = standby->standby->Follow(timeout);
  if (got.ok() && *got == StandbyStep::kWriterSilent) *step = RJ_STANDBY_WRITER_SILENT;
  return got.status();
}

absl::StatusOr<TakeOverOptions> OptionsOf(const rj_take_over_options* given, int64_t timeout_ns) {
  rj_take_over_options options;
  if (absl::Status status = TakeStruct("options", given, &options); !status.ok()) return status;
  TakeOverOptions out;
  const Epoch replaces{options.replaces_generation, options.replaces_epoch};
  if (options.replaces_only != 0) out.replaces = replaces;
  if (!out.replaces.has_value() && replaces != Epoch()) {
    return InvalidArgument("options->replaces_only",
                           "it is 0, but a writer epoch is named: set it to 1, or name none");
  }
  out.reason = TextOf(options.reason);
  out.force = options.force != 0;
  out.open_writer = options.no_writer == 0;
  out.timeout = TimeoutOf(timeout_ns, out.timeout);
  return out;
}

absl::Status TakeOver(rj_standby* standby, const rj_take_over_options* options, int64_t timeout_ns,
                      rj_promotion** promotion) {
  if (absl::Status status = CheckNotNull("promotion", promotion); !status.ok()) return status;
  *promotion = nullptr;
  absl::Status status = CheckStandby("rj_standby_take_over", standby);
  if (!status.ok()) return status;
  absl::StatusOr<TakeOverOptions> mine = OptionsOf(options, timeout_ns);
  if (!mine.ok()) return mine.status();
  absl::StatusOr<Promotion> got = standby->standby->TakeOver(*mine);
  if (!got.ok()) return got.status();
  *promotion = NewPromotion(*std::move(got), std::move(standby->writer)).release();
  return absl::OkStatus();
}

absl::Status GetReadiness(const rj_standby* standby, rj_standby_readiness* readiness) {
  absl::Status status = FirstOf(CheckStandby("rj_standby_get_readiness", standby),
                                CheckNotNull("readiness", readiness));
  if (status.ok()) status = CheckFillable("readiness", readiness);
  if (!status.ok()) return status;
  GiveStruct(ReadinessOf(standby->standby->readiness(), standby->standby->next_lsn()), readiness);
  return absl::OkStatus();
}

absl::Status SaveCursor(const rj_standby* standby, char* buffer, size_t capacity, size_t* needed) {
  absl::Status status = CheckStandby("rj_standby_save_cursor", standby);
  if (!status.ok()) return status;
  return GiveCursor(standby->standby->cursor(), buffer, capacity, needed);
}

absl::Status Close(rj_standby* standby) {
  if (standby == nullptr) return absl::OkStatus();
  absl::Status status = CheckStandby("rj_standby_close", standby);
  if (status.ok()) delete standby;
  return status;
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_standby_open(const rj_journal* journal, const rj_state_machine* machine,
                        const rj_standby_options* options, rj_standby** standby, rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(journal, machine, options, standby); });
}

rj_code rj_standby_follow(rj_standby* standby, int64_t timeout_ns, int32_t* step, rj_error* error) {
  return c::Guarded(error, [&] { return c::Follow(standby, timeout_ns, step); });
}

rj_code rj_standby_take_over(rj_standby* standby, const rj_take_over_options* options,
                             int64_t timeout_ns, rj_promotion** promotion, rj_error* error) {
  return c::Guarded(error, [&] { return c::TakeOver(standby, options, timeout_ns, promotion); });
}

rj_code rj_standby_get_readiness(const rj_standby* standby, rj_standby_readiness* readiness,
                                 rj_error* error) {
  return c::Guarded(error, [&] { return c::GetReadiness(standby, readiness); });
}

rj_code rj_standby_save_cursor(const rj_standby* standby, char* buffer, size_t capacity,
                               size_t* needed, rj_error* error) {
  return c::Guarded(error, [&] { return c::SaveCursor(standby, buffer, capacity, needed); });
}

rj_code rj_standby_close(rj_standby* standby, rj_error* error) {
  return c::Guarded(error, [&] { return c::Close(standby); });
}
