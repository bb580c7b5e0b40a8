#include "client/c/append_call.h"

#include "client/c/in_callback.h"

namespace ringjournal::client::c {

AppendCallback CallbackOf(const void* handle, rj_append_callback done, void* user) {
  return [handle, done, user](const AppendOutcome& outcome) {
    if (done == nullptr) return;
    InCallback in(handle);
    rj_outcome mine = OutcomeOf(outcome);
    rj_error error;
    error.struct_size = sizeof error;
    Tell(&error, outcome.error);
    done(user, &mine, &error);
  };
}

}  // namespace ringjournal::client::c
