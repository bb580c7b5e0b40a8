// Whether this thread is inside a callback of a handle.
#ifndef CLIENT_C_IN_CALLBACK_H_
#define CLIENT_C_IN_CALLBACK_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace ringjournal::client::c {

class InCallback {
 public:
  explicit InCallback(const void* handle) : before_(std::exchange(running, handle)) {}
  ~InCallback() { running = before_; }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;

  static bool Of(const void* handle) { return handle != nullptr && running == handle; }

 private:
  static thread_local const void* running;
  const void* before_;
};

// kWrongThread if `call` is made from a callback of a writer that it would wait for.
absl::Status CheckMayWait(std::string_view call, const void* writer);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_IN_CALLBACK_H_
