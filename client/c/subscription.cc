#include "client/subscription.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/cursor_text.h"
#include "client/c/handles.h"
#include "client/c/view_transaction.h"

namespace ringjournal::client::c {
namespace {

absl::StatusOr<Position> PositionOf(const rj_subscription_options& options) {
  switch (options.from) {
    case RJ_FROM_OLDEST:
      return Position::Oldest();
    case RJ_FROM_NEWEST:
      return Position::Newest();
    case RJ_FROM_LSN:
      return Position::At(Lsn(options.from_value));
    case RJ_FROM_LAST:
      return Position::Last(options.from_value);
    case RJ_FROM_TIME:
      return Position::AtTime(options.from_value);
    case RJ_FROM_ID:
      return Position::OfTransaction(std::string(ViewOf(options.from_id)));
    default:
      return InvalidArgument("options->from", absl::StrCat(options.from,
                                                           " is no position: use an RJ_FROM_ "
                                                           "number"));
  }
}

absl::StatusOr<ReaderOptions> OptionsOf(const rj_subscription_options& options) {
  absl::Status status = FirstOf(CheckZero("options->reserved", options.reserved),
                                CheckBytes("options->from_id", options.from_id));
  if (!status.ok()) return status;
  absl::StatusOr<Position> from = PositionOf(options);
  if (!from.ok()) return from.status();
  ReaderOptions out{.from = *from};
  if (options.until_lsn != 0) out.until_lsn = Lsn(options.until_lsn);
  if (options.credit_bytes != 0) out.credit_bytes = options.credit_bytes;
  out.follow = options.follow != 0;
  out.durable_only = options.durable_only != 0;
  out.accept_generation = options.accept_generation;
  return out;
}

absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(const Journal& journal,
                                                        const ReaderOptions& options,
                                                        const char* text) {
  if (text == nullptr) return journal.Subscribe(options);
  absl::StatusOr<Cursor> cursor = TakeCursor("options->cursor", text);
  if (!cursor.ok()) return cursor.status();
  return journal.Subscribe(*cursor, options);
}

absl::Status Open(const rj_journal* journal, const rj_subscription_options* given,
                  rj_subscription** subscription) {
  absl::Status status = CheckNotNull("subscription", subscription);
  if (!status.ok()) return status;
  *subscription = nullptr;
  rj_subscription_options options;
  status = FirstOf(CheckNotNull("journal", journal), TakeStruct("options", given, &options));
  if (!status.ok()) return status;
  absl::StatusOr<ReaderOptions> mine = OptionsOf(options);
  if (!mine.ok()) return mine.status();
  auto opened = Subscribe(journal->journal, *mine, options.cursor);
  if (!opened.ok()) return opened.status();
  *subscription = new rj_subscription{.subscription = *std::move(opened)};
  return absl::OkStatus();
}

absl::Status Next(rj_subscription* subscription, int64_t timeout_ns, int32_t* step,
                  rj_read_transaction* transaction) {
  absl::Status status =
      FirstOf(CheckNotNull("subscription", subscription), CheckNotNull("step", step),
              CheckNotNull("transaction", transaction));
  if (status.ok()) status = CheckFillable("transaction", transaction);
  if (!status.ok()) return status;
  *step = RJ_READ_NOTHING_YET;
  ReadTransaction read;
  auto timeout = timeout_ns < 0 ? std::chrono::nanoseconds::max() : DurationOf(timeout_ns);
  absl::StatusOr<ReadStep> got = subscription->subscription->Next(&read, timeout);
  if (!got.ok()) return got.status();
  if (*got == ReadStep::kFinished) *step = RJ_READ_FINISHED;
  if (*got != ReadStep::kTransaction) return absl::OkStatus();
  absl::StatusOr<rj_read_transaction> view = ViewTransaction(read, &subscription->headers);
  if (!view.ok()) return view.status();
  GiveStruct(*view, transaction);
  *step = RJ_READ_TRANSACTION;
  return absl::OkStatus();
}

absl::Status SaveCursor(const rj_subscription* subscription, char* buffer, size_t capacity,
                        size_t* needed) {
  absl::Status status = CheckNotNull("subscription", subscription);
  if (!status.ok()) return status;
  return GiveCursor(subscription->subscription->cursor(), buffer, capacity, needed);
}

absl::Status LastLoss(rj_subscription* subscription, rj_loss* loss) {
  absl::Status status = FirstOf(CheckNotNull("subscription", subscription),
                                CheckNotNull("loss", loss), CheckFillable("loss", loss));
  if (!status.ok()) return status;
  const std::optional<LossNotice>& notice = subscription->subscription->last_loss();
  GiveStruct(notice ? LossOf(*notice, &subscription->held) : rj_loss{}, loss);
  return absl::OkStatus();
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_subscription_open(const rj_journal* journal, const rj_subscription_options* options,
                             rj_subscription** subscription, rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(journal, options, subscription); });
}

rj_code rj_subscription_next(rj_subscription* subscription, int64_t timeout_ns, int32_t* step,
                             rj_read_transaction* transaction, rj_error* error) {
  return c::Guarded(error, [&] { return c::Next(subscription, timeout_ns, step, transaction); });
}

rj_code rj_subscription_save_cursor(const rj_subscription* subscription, char* buffer,
                                    size_t capacity, size_t* needed, rj_error* error) {
  return c::Guarded(error, [&] { return c::SaveCursor(subscription, buffer, capacity, needed); });
}

rj_code rj_subscription_last_loss(rj_subscription* subscription, rj_loss* loss, rj_error* error) {
  return c::Guarded(error, [&] { return c::LastLoss(subscription, loss); });
}

void rj_subscription_close(rj_subscription* subscription) { delete subscription; }
