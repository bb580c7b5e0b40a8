// Appends: waiting, with a callback, or never waiting; of one payload or of several transactions.
#include <utility>

#include "client/c/append_call.h"
#include "client/c/append_run.h"
#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"

namespace ringjournal::client::c {
namespace {

absl::StatusOr<AppendOptions> OptionsOf(const rj_append_options* given) {
  rj_append_options options;
  if (absl::Status status = TakeStruct("options", given, &options); !status.ok()) return status;
  AppendOptions out;
  if (options.level != RJ_LEVEL_DEFAULT) {
    absl::StatusOr<Level> level = LevelOf("options->level", options.level, Level::kUnknown);
    if (!level.ok()) return level.status();
    out.level = *level;
  }
  if (options.expected_lsn != 0) out.expected_lsn = Lsn(options.expected_lsn);
  return out;
}

// What every append is made of, once it is checked.
struct Request {
  TransactionRun run;
  AppendOptions options;
};

absl::StatusOr<Request> RequestOf(const rj_writer* writer, const Payloads& payloads,
                                  const rj_append_options* options) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  absl::StatusOr<AppendOptions> mine = OptionsOf(options);
  if (!mine.ok()) return mine.status();
  absl::StatusOr<TransactionRun> run = payloads.Run();
  if (!run.ok()) return run.status();
  return Request{.run = *std::move(run), .options = *mine};
}

rj_code AppendAndWait(rj_writer* writer, const Payloads& payloads, const rj_append_options* options,
                      int64_t timeout_ns, rj_outcome* outcome, rj_error* error) {
  auto append = [&](Request request) {
    return writer->writer->Append(std::move(request.run),
                                  TimeoutOf(timeout_ns, writer->append_timeout), request.options);
  };
  return GiveOutcome(
      outcome, error, [&] { return RequestOf(writer, payloads, options); }, append);
}

using AsyncMethod = absl::Status (Writer::*)(TransactionRun, AppendCallback, const AppendOptions&);

rj_code Submit(AsyncMethod submit, rj_writer* writer, const Payloads& payloads,
               const rj_append_options* options, rj_append_callback done, void* user,
               rj_error* error) {
  return Guarded(error, [&] {
    absl::StatusOr<Request> request = RequestOf(writer, payloads, options);
    if (!request.ok()) return request.status();
    return (writer->writer.get()->*submit)(std::move(request->run), CallbackOf(writer, done, user),
                                           request->options);
  });
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;
using ringjournal::client::Writer;

rj_code rj_writer_append(rj_writer* writer, const void* payload, size_t size,
                         const rj_append_options* options, int64_t timeout_ns, rj_outcome* outcome,
                         rj_error* error) {
  return c::AppendAndWait(writer, c::OnePayload({payload, size}), options, timeout_ns, outcome,
                          error);
}

rj_code rj_writer_append_batch(rj_writer* writer, const rj_transaction* transactions, size_t count,
                               const rj_append_options* options, int64_t timeout_ns,
                               rj_outcome* outcome, rj_error* error) {
  return c::AppendAndWait(writer, c::Batch(transactions, count), options, timeout_ns, outcome,
                          error);
}

rj_code rj_writer_append_async(rj_writer* writer, const void* payload, size_t size,
                               const rj_append_options* options, rj_append_callback done,
                               void* user, rj_error* error) {
  return c::Submit(&Writer::AppendAsync, writer, c::OnePayload({payload, size}), options, done,
                   user, error);
}

rj_code rj_writer_append_batch_async(rj_writer* writer, const rj_transaction* transactions,
                                     size_t count, const rj_append_options* options,
                                     rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&Writer::AppendAsync, writer, c::Batch(transactions, count), options, done, user,
                   error);
}

rj_code rj_writer_try_append(rj_writer* writer, const void* payload, size_t size,
                             const rj_append_options* options, rj_append_callback done, void* user,
                             rj_error* error) {
  return c::Submit(&Writer::TryAppend, writer, c::OnePayload({payload, size}), options, done, user,
                   error);
}

rj_code rj_writer_try_append_batch(rj_writer* writer, const rj_transaction* transactions,
                                   size_t count, const rj_append_options* options,
                                   rj_append_callback done, void* user, rj_error* error) {
  return c::Submit(&Writer::TryAppend, writer, c::Batch(transactions, count), options, done, user,
                   error);
}
