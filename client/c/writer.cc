#include "client/writer.h"

#include <utility>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"
#include "client/c/in_callback.h"

namespace ringjournal::client::c {
namespace {

// 0 stands for the default, which is there already.
void PutDuration(int64_t given, std::chrono::nanoseconds* out) {
  if (given != 0) *out = std::max(DurationOf(given), std::chrono::nanoseconds(0));
}

std::function<LossDecision(const LossNotice&)> OnLossOf(const rj_writer* writer,
                                                        rj_loss_callback on_loss, void* user) {
  if (on_loss == nullptr) return nullptr;
  return [writer, on_loss, user](const LossNotice& notice) {
    InCallback in(writer);
    std::vector<rj_range> held;
    rj_loss loss = LossOf(notice, &held);
    return on_loss(user, &loss) != 0 ? LossDecision::kAccept : LossDecision::kStop;
  };
}

absl::StatusOr<WriterOptions> OptionsOf(const rj_writer_options* given, const rj_writer* writer) {
  rj_writer_options options;
  if (absl::Status status = TakeStruct("options", given, &options); !status.ok()) return status;
  WriterOptions out;
  absl::StatusOr<Level> level = LevelOf("options->level", options.level, out.level);
  if (!level.ok()) return level.status();
  out.level = *level;
  out.producer = TextOf(options.producer);
  out.writer = {options.writer_generation, options.writer_epoch};
  out.create = options.create != 0;
  PutDuration(options.open_timeout_ns, &out.open_timeout);
  PutDuration(options.append_timeout_ns, &out.append_timeout);
  if (options.appends_in_flight_max != 0) out.appends_in_flight_max = options.appends_in_flight_max;
  if (options.bytes_in_flight_max != 0) out.bytes_in_flight_max = options.bytes_in_flight_max;
  out.on_loss = OnLossOf(writer, options.on_loss, options.on_loss_user);
  return out;
}

absl::Status Open(const rj_journal* journal, const rj_writer_options* options, rj_writer** writer) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  *writer = nullptr;
  if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
  auto handle = std::make_unique<rj_writer>();
  absl::StatusOr<WriterOptions> mine = OptionsOf(options, handle.get());
  if (!mine.ok()) return mine.status();
  absl::StatusOr<std::unique_ptr<Writer>> opened = journal->journal.OpenWriter(*mine);
  if (!opened.ok()) return opened.status();
  handle->writer = *std::move(opened);
  handle->append_timeout = mine->append_timeout;
  *writer = handle.release();
  return absl::OkStatus();
}

absl::Status Flush(rj_writer* writer, uint32_t level, int64_t timeout_ns) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  absl::StatusOr<Level> mine = LevelOf("level", level, Level::kReplicated);
  if (!mine.ok()) return mine.status();
  return writer->writer->Flush(*mine,
                               timeout_ns < 0 ? writer->append_timeout : DurationOf(timeout_ns));
}

absl::Status GetStats(const rj_writer* writer, rj_writer_stats* stats) {
  absl::Status status = FirstOf(CheckNotNull("writer", writer), CheckNotNull("stats", stats),
                                CheckFillable("stats", stats));
  if (!status.ok()) return status;
  WriterStats got = writer->writer->stats();
  rj_writer_stats out = {};
  out.in_flight = static_cast<uint32_t>(writer->writer->in_flight());
  out.accepted = got.accepted;
  out.applied = got.applied;
  out.not_applied = got.not_applied;
  out.unknown = got.unknown;
  out.answered_late = got.answered_late;
  out.resent = got.resent;
  out.duplicates = got.duplicates;
  out.refusals = got.refusals;
  out.reconnects = got.reconnects;
  GiveStruct(out, stats);
  return absl::OkStatus();
}

absl::Status Close(rj_writer* writer) {
  if (writer != nullptr && InCallback::Of(writer)) {
    return MakeError(ErrorCode::kWrongThread,
                     "rj_writer_close was called from a callback of this writer, and would wait "
                     "for it: the writer stays open; close it on another thread");
  }
  delete writer;
  return absl::OkStatus();
}

}  // namespace

thread_local const rj_writer* InCallback::running = nullptr;

}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_writer_open(const rj_journal* journal, const rj_writer_options* options,
                       rj_writer** writer, rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(journal, options, writer); });
}

rj_code rj_writer_flush(rj_writer* writer, uint32_t level, int64_t timeout_ns, rj_error* error) {
  return c::Guarded(error, [&] { return c::Flush(writer, level, timeout_ns); });
}

rj_code rj_writer_status(const rj_writer* writer, rj_error* error) {
  return c::Guarded(error, [&] {
    absl::Status status = c::CheckNotNull("writer", writer);
    return status.ok() ? writer->writer->status() : status;
  });
}

rj_code rj_writer_get_stats(const rj_writer* writer, rj_writer_stats* stats, rj_error* error) {
  return c::Guarded(error, [&] { return c::GetStats(writer, stats); });
}

rj_code rj_writer_last_sequence_at_open(const rj_writer* writer, uint64_t* sequence,
                                        rj_error* error) {
  return c::Guarded(error, [&] {
    absl::Status status =
        c::FirstOf(c::CheckNotNull("writer", writer), c::CheckNotNull("sequence", sequence));
    if (status.ok()) *sequence = writer->writer->last_sequence_at_open().value();
    return status;
  });
}

const char* rj_writer_producer(const rj_writer* writer) {
  return writer == nullptr ? nullptr : writer->writer->producer().c_str();
}

rj_code rj_writer_close(rj_writer* writer, rj_error* error) {
  return c::Guarded(error, [&] { return c::Close(writer); });
}
