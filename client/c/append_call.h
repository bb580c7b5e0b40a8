// What appends have in common, whichever kind of writer makes them.
#ifndef CLIENT_C_APPEND_CALL_H_
#define CLIENT_C_APPEND_CALL_H_

#include <utility>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/ringjournal.h"
#include "client/writer.h"

namespace ringjournal::client::c {

// `done` as a callback of the writer with this handle.
AppendCallback CallbackOf(const void* handle, rj_append_callback done, void* user);

// `check` returns a StatusOr of what `append` takes, which returns the AppendOutcome. *outcome is
// filled whenever it can be, also if an exception ends this.
template <class Check, class Append>
rj_code GiveOutcome(rj_outcome* outcome, rj_error* error, Check check, Append append) {
  rj_outcome mine = {};
  mine.fate = RJ_FATE_NOT_APPLIED;
  rj_code code = Guarded(error, [&]() -> absl::Status {
    absl::Status status =
        FirstOf(CheckNotNull("outcome", outcome), CheckFillable("outcome", outcome));
    if (!status.ok()) return status;
    auto request = check();
    if (!request.ok()) return request.status();
    mine.fate = RJ_FATE_UNKNOWN;
    AppendOutcome got = append(*std::move(request));
    mine = OutcomeOf(got);
    return got.fate == Fate::kApplied ? absl::OkStatus() : got.error;
  });
  if (mine.fate != RJ_FATE_APPLIED) mine.code = code;
  if (outcome != nullptr && CheckSize("outcome", outcome).ok()) GiveStruct(mine, outcome);
  return code;
}

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_APPEND_CALL_H_
