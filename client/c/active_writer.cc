#include "client/takeover/active_writer.h"

#include <utility>

#include "client/c/append_call.h"
#include "client/c/append_run.h"
#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"
#include "client/c/in_callback.h"

namespace ringjournal::client::c {
namespace {

absl::StatusOr<TransactionRun> RunOf(const rj_active_writer* writer, const Payloads& payloads) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  return payloads.Run();
}

rj_code AppendAndWait(rj_active_writer* writer, const Payloads& payloads, int64_t timeout_ns,
                      rj_outcome* outcome, rj_error* error) {
  auto append = [&](TransactionRun run) {
    return writer->writer->Append(std::move(run), TimeoutOf(timeout_ns, writer->append_timeout));
  };
  return GiveOutcome(
      outcome, error, [&] { return RunOf(writer, payloads); }, append);
}

using AsyncMethod = absl::Status (ActiveWriter::*)(TransactionRun, AppendCallback);

rj_code Submit(AsyncMethod submit, rj_active_writer* writer, const Payloads& payloads,
               rj_append_callback done, void* user, rj_error* error) {
  return Guarded(error, [&] {
    absl::StatusOr<TransactionRun> run = RunOf(writer, payloads);
    if (!run.ok()) return run.status();
    return (writer->writer.get()->*submit)(*std::move(run), CallbackOf(writer, done, user));
  });
}

// `call` gets the ActiveWriter.
template <class Call>
rj_code WithWriter(const rj_active_writer* writer, rj_error* error, Call call) {
  return Guarded(error, [&] {
    absl::Status status = CheckNotNull("writer", writer);
    return status.ok() ? call(writer->writer.get()) : status;
  });
}

absl::Status FlushMarks(rj_active_writer* writer, int64_t timeout_ns) {
  absl::Status status =
      FirstOf(CheckNotNull("writer", writer), CheckMayWait("rj_active_writer_flush_marks", writer));
  if (!status.ok()) return status;
  return writer->writer->FlushMarks(TimeoutOf(timeout_ns, writer->append_timeout));
}

absl::Status Flush(rj_active_writer* writer, uint32_t level, int64_t timeout_ns) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  absl::StatusOr<Level> mine = LevelOf("level", level, Level::kReplicated);
  if (!mine.ok()) return mine.status();
  return writer->writer->writer().Flush(*mine, TimeoutOf(timeout_ns, writer->append_timeout));
}

absl::Status GetStats(const rj_active_writer* writer, rj_writer_stats* stats) {
  absl::Status status = FirstOf(CheckNotNull("writer", writer), CheckNotNull("stats", stats),
                                CheckFillable("stats", stats));
  if (!status.ok()) return status;
  const Writer& inside = writer->writer->writer();
  GiveStruct(StatsOf(inside.stats(), inside.in_flight()), stats);
  return absl::OkStatus();
}

absl::Status Close(rj_active_writer* writer) {
  absl::Status status = CheckMayWait("rj_active_writer_close", writer);
  if (status.ok()) delete writer;
  return status;
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;
using ringjournal::Lsn;
using ringjournal::client::ActiveWriter;

rj_code rj_active_writer_append(rj_active_writer* writer, const void* payload, size_t size,
                                int64_t timeout_ns, rj_outcome* outcome, rj_error* error) {
  return c::AppendAndWait(writer, c::OnePayload({payload, size}), timeout_ns, outcome, error);
}

rj_code rj_active_writer_append_batch(rj_active_writer* writer, const rj_transaction* transactions,
                                      size_t count, int64_t timeout_ns, rj_outcome* outcome,
                                      rj_error* error) {
  return c::AppendAndWait(writer, c::Batch(transactions, count), timeout_ns, outcome, error);
}

rj_code rj_active_writer_append_async(rj_active_writer* writer, const void* payload, size_t size,
                                      rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&ActiveWriter::AppendAsync, writer, c::OnePayload({payload, size}), done, user,
                   error);
}

rj_code rj_active_writer_append_batch_async(rj_active_writer* writer,
                                            const rj_transaction* transactions, size_t count,
                                            rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&ActiveWriter::AppendAsync, writer, c::Batch(transactions, count), done, user,
                   error);
}

rj_code rj_active_writer_try_append(rj_active_writer* writer, const void* payload, size_t size,
                                    rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&ActiveWriter::TryAppend, writer, c::OnePayload({payload, size}), done, user,
                   error);
}

rj_code rj_active_writer_try_append_batch(rj_active_writer* writer,
                                          const rj_transaction* transactions, size_t count,
                                          rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&ActiveWriter::TryAppend, writer, c::Batch(transactions, count), done, user,
                   error);
}

rj_code rj_active_writer_mark_acted(rj_active_writer* writer, uint64_t through_lsn,
                                    rj_error* error) {
  return c::WithWriter(writer, error,
                       [&](ActiveWriter* w) { return w->MarkActed(Lsn(through_lsn)); });
}

rj_code rj_active_writer_add_digest(rj_active_writer* writer, uint64_t lsn, uint64_t digest,
                                    rj_error* error) {
  return c::WithWriter(writer, error,
                       [&](ActiveWriter* w) { return w->AddDigest(Lsn(lsn), digest); });
}

rj_code rj_active_writer_flush_marks(rj_active_writer* writer, int64_t timeout_ns,
                                     rj_error* error) {
  return c::Guarded(error, [&] { return c::FlushMarks(writer, timeout_ns); });
}

rj_code rj_active_writer_flush(rj_active_writer* writer, uint32_t level, int64_t timeout_ns,
                               rj_error* error) {
  return c::Guarded(error, [&] { return c::Flush(writer, level, timeout_ns); });
}

rj_code rj_active_writer_get_stats(const rj_active_writer* writer, rj_writer_stats* stats,
                                   rj_error* error) {
  return c::Guarded(error, [&] { return c::GetStats(writer, stats); });
}

rj_code rj_active_writer_status(const rj_active_writer* writer, rj_error* error) {
  return c::WithWriter(writer, error, [](ActiveWriter* w) { return w->status(); });
}

rj_code rj_active_writer_close(rj_active_writer* writer, rj_error* error) {
  return c::Guarded(error, [&] { return c::Close(writer); });
}
