#include "client/c/c_state_machine.h"

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/c/in_callback.h"
#include "client/c/view_transaction.h"
#include "client/errors.h"

namespace ringjournal::client::c {
namespace {

rj_error NoError() {
  rj_error error = {};
  error.struct_size = sizeof error;
  return error;
}

// What a callback has returned, and said in `why`.
absl::Status ResultOf(int32_t returned, rj_error* why) {
  if (returned == 0) return absl::OkStatus();
  why->message[sizeof why->message - 1] = '\0';
  if (why->message[0] != '\0') return MakeError(ErrorCode::kApplyFailed, why->message);
  return MakeError(ErrorCode::kApplyFailed,
                   absl::StrCat("its callback returned ", returned, " and did not say why"));
}

// A size that was never set must not be believed.
absl::Status Put(rj_sink* sink, rj_bytes bytes) {
  if (absl::Status status = CheckBytes("data", bytes); !status.ok()) return status;
  if (bytes.size > sink->bytes_max - sink->bytes->size()) {
    return MakeError(
        ErrorCode::kTooLarge,
        absl::StrCat("rj_sink_put of ", bytes.size, " bytes behind ", sink->bytes->size(),
                     ": more than the ", sink->bytes_max, " of effect_bytes_max"));
  }
  sink->bytes->append(ViewOf(bytes));
  return absl::OkStatus();
}

}  // namespace

absl::Status CStateMachine::Apply(const ReadTransaction& transaction, std::string* effect) {
  absl::StatusOr<rj_read_transaction> view = ViewTransaction(transaction, &headers_);
  if (!view.ok()) return view.status();
  InCallback in(standby_);
  rj_sink sink{.bytes = effect, .bytes_max = effect_bytes_max_, .failed = NoError()};
  rj_error why = NoError();
  const int32_t returned = machine_.apply(machine_.user, &*view, &sink, &why);
  // An effect that is not whole must not be acted on.
  if (sink.failed.code != RJ_OK) return ResultOf(sink.failed.code, &sink.failed);
  return ResultOf(returned, &why);
}

std::optional<uint64_t> CStateMachine::Digest() {
  if (machine_.digest == nullptr) return std::nullopt;
  InCallback in(standby_);
  uint64_t digest = 0;
  if (machine_.digest(machine_.user, &digest) != 0) return std::nullopt;
  return digest;
}

absl::Status CStateMachine::Load(std::string_view state) {
  if (machine_.load == nullptr) {
    return MakeError(ErrorCode::kApplyFailed, "its rj_state_machine has no `load`");
  }
  InCallback in(standby_);
  rj_error why = NoError();
  const int32_t returned = machine_.load(machine_.user, BytesOf(state), &why);
  return ResultOf(returned, &why);
}

}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_sink_put(rj_sink* sink, const void* data, size_t size) {
  if (sink == nullptr) return RJ_INVALID_ARGUMENT;
  rj_error why = c::NoError();
  const rj_code code = c::Guarded(&why, [&] { return c::Put(sink, {data, size}); });
  if (sink->failed.code == RJ_OK) sink->failed = why;
  return code;
}
