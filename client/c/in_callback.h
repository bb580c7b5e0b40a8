// Whether this thread is inside a callback of a writer.
#ifndef CLIENT_C_IN_CALLBACK_H_
#define CLIENT_C_IN_CALLBACK_H_

#include <utility>

#include "client/c/ringjournal.h"

namespace ringjournal::client::c {

class InCallback {
 public:
  explicit InCallback(const rj_writer* writer) : before_(std::exchange(running, writer)) {}
  ~InCallback() { running = before_; }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;

  static bool Of(const rj_writer* writer) { return running == writer; }

 private:
  static thread_local const rj_writer* running;
  const rj_writer* before_;
};

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_IN_CALLBACK_H_
