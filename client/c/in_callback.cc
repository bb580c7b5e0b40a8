#include "client/c/in_callback.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::client::c {

thread_local const void* InCallback::running = nullptr;

absl::Status CheckMayWait(std::string_view call, const void* writer) {
  if (!InCallback::Of(writer)) return absl::OkStatus();
  return MakeError(ErrorCode::kWrongThread,
                   absl::StrCat(std::string(call),
                                " was called from a callback of this writer, and would wait for "
                                "it: nothing was done; call it on another thread"));
}

}  // namespace ringjournal::client::c
