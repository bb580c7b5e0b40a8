#include "client/c/cursor_text.h"

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/errors.h"
#include "client/journal.h"

namespace ringjournal::client::c {
namespace {

absl::Status NoPlace(const rj_outcome& outcome) {
  return MakeError(
      ErrorCode::kBadCursor,
      absl::StrCat("the outcome has LSN ", outcome.first_lsn, " and index ", outcome.index,
                   ": a cursor needs the place of an append that was applied; take "
                   "that of a later one, or read up to it"));
}

absl::Status SaveCursor(const rj_outcome* given, const char* journal_id, char* buffer,
                        size_t capacity, size_t* needed) {
  rj_outcome outcome;
  absl::Status status =
      FirstOf(CheckNotNull("outcome", given), TakeStruct("outcome", given, &outcome),
              CheckNotNull("journal_id", journal_id));
  if (!status.ok()) return status;
  JournalId id;
  if (!JournalId::FromHex(journal_id, &id)) {
    return InvalidArgument("journal_id",
                           "it has no 32 hexadecimal digits: give rj_journal_info.id");
  }
  const bool has_place = outcome.first_lsn != 0 && outcome.index != 0 && outcome.count != 0;
  if (outcome.fate != RJ_FATE_APPLIED || !has_place) return NoPlace(outcome);
  AppendReceipt receipt;
  receipt.first_lsn = Lsn(outcome.first_lsn);
  receipt.count = outcome.count;
  receipt.index = Index(outcome.index);
  receipt.chain = outcome.chain;
  receipt.epoch = {outcome.generation, outcome.epoch};
  return GiveCursor(CursorOf(id, receipt), buffer, capacity, needed);
}

}  // namespace

absl::Status GiveCursor(const Cursor& cursor, char* buffer, size_t capacity, size_t* needed) {
  std::string text = CursorText(cursor);
  if (needed != nullptr) *needed = text.size() + 1;
  if (capacity <= text.size()) {
    return MakeError(
        static_cast<ErrorCode>(RJ_BUFFER_TOO_SMALL),
        absl::StrCat("the cursor takes ", text.size() + 1, " bytes, and the buffer has ", capacity,
                     ": give one of RJ_CURSOR_BYTES"));
  }
  absl::Status status = CheckNotNull("buffer", buffer);
  if (status.ok()) PutText(text, buffer, capacity);
  return status;
}

absl::StatusOr<Cursor> TakeCursor(const std::string& argument, const char* text) {
  absl::StatusOr<Cursor> cursor = ParseCursor(text);
  if (cursor.ok()) return cursor;
  return MakeError(ErrorCode::kBadCursor,
                   absl::StrCat(argument, ": ", std::string(cursor.status().message())));
}

}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_outcome_save_cursor(const rj_outcome* outcome, const char* journal_id, char* buffer,
                               size_t capacity, size_t* needed, rj_error* error) {
  return c::Guarded(error,
                    [&] { return c::SaveCursor(outcome, journal_id, buffer, capacity, needed); });
}
