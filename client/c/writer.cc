#include "client/writer.h"

#include <utility>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"
#include "client/c/in_callback.h"
#include "client/c/writer_options.h"

namespace ringjournal::client::c {
namespace {

absl::Status Open(const rj_journal* journal, const rj_writer_options* options, rj_writer** writer) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  *writer = nullptr;
  if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
  auto handle = std::make_unique<rj_writer>();
  absl::StatusOr<WriterOptions> mine = WriterOptionsOf("options", options, handle.get());
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
  return writer->writer->Flush(*mine, TimeoutOf(timeout_ns, writer->append_timeout));
}

absl::Status GetStats(const rj_writer* writer, rj_writer_stats* stats) {
  absl::Status status = FirstOf(CheckNotNull("writer", writer), CheckNotNull("stats", stats),
                                CheckFillable("stats", stats));
  if (!status.ok()) return status;
  GiveStruct(StatsOf(writer->writer->stats(), writer->writer->in_flight()), stats);
  return absl::OkStatus();
}

absl::Status Close(rj_writer* writer) {
  if (auto status = CheckMayWait("rj_writer_close", writer); !status.ok()) return status;
  delete writer;
  return absl::OkStatus();
}

}  // namespace

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
