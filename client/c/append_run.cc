#include "client/c/append_run.h"

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/errors.h"
#include "journal/base/limits.h"

namespace ringjournal::client::c {
namespace {

// Before anything is copied: a size that was never set must not be believed.
absl::Status CheckRoom(std::string_view argument, rj_bytes bytes) {
  if (bytes.size > limits::kFrameBytesMax) {
    return MakeError(
        ErrorCode::kTooLarge,
        absl::StrCat(std::string(argument), " has ", bytes.size, " bytes, and an append at most ",
                     limits::kFrameBytesMax, ": send less, in several appends"));
  }
  return CheckBytes(argument, bytes);
}

absl::Status TakeHeaders(const rj_transaction& given, Transaction* out) {
  if (given.header_count == 0) return absl::OkStatus();
  if (absl::Status status = CheckNotNull("headers", given.headers); !status.ok()) return status;
  for (uint32_t i = 0; i < given.header_count; ++i) {
    const rj_header& header = given.headers[i];
    absl::Status status = FirstOf(CheckRoom("headers[].name", header.name),
                                  CheckRoom("headers[].value", header.value));
    if (!status.ok()) return status;
    out->headers.push_back({.name = ViewOf(header.name), .value = ViewOf(header.value)});
  }
  return absl::OkStatus();
}

absl::Status Add(const rj_transaction& given, TransactionRun* run) {
  absl::Status status = FirstOf(CheckRoom("payload", given.payload), CheckRoom("type", given.type),
                                CheckRoom("key", given.key), CheckRoom("id", given.id));
  Transaction transaction{.payload = ViewOf(given.payload),
                          .type = ViewOf(given.type),
                          .key = ViewOf(given.key),
                          .id = ViewOf(given.id),
                          .client_time_ns = given.client_time_ns};
  if (status.ok()) status = TakeHeaders(given, &transaction);
  if (status.ok()) run->Add(transaction);
  return status;
}

absl::Status At(size_t i, const absl::Status& status) {
  return MakeError(CodeOf(status),
                   absl::StrCat("transactions[", i, "]: ", std::string(status.message())));
}

absl::Status TooMany(size_t count) {
  return MakeError(ErrorCode::kTooLarge,
                   absl::StrCat(count, " transactions are over the limit of an append, ",
                                limits::kTransactionsPerAppendMax, " and ", limits::kFrameBytesMax,
                                " bytes: send several appends"));
}

}  // namespace

absl::StatusOr<TransactionRun> OnePayload::Run() const {
  if (absl::Status status = CheckRoom("payload", payload_); !status.ok()) return status;
  return TransactionRun::Of(ViewOf(payload_));
}

absl::StatusOr<TransactionRun> Batch::Run() const {
  TransactionRun run;
  if (count_ == 0) return run;
  if (count_ > limits::kTransactionsPerAppendMax) return TooMany(count_);
  absl::Status status = CheckNotNull("transactions", first_);
  if (status.ok()) status = CheckSize("transactions", first_);
  if (!status.ok()) return status;
  const auto* bytes = reinterpret_cast<const char*>(first_);
  for (size_t i = 0; i < count_; ++i) {
    const auto* given =
        reinterpret_cast<const rj_transaction*>(bytes + i * size_t{first_->struct_size});
    if (given->struct_size != first_->struct_size) {
      return At(i, InvalidArgument("struct_size",
                                   "it is not that of transactions[0]: set it to "
                                   "sizeof in each"));
    }
    rj_transaction transaction;
    status = TakeStruct("transactions", given, &transaction);
    if (status.ok()) status = Add(transaction, &run);
    if (!status.ok()) return At(i, status);
    if (run.size_bytes() > limits::kFrameBytesMax) return TooMany(count_);
  }
  return run;
}

}  // namespace ringjournal::client::c
