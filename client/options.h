// What every use of the client needs to know.
#ifndef CLIENT_OPTIONS_H_
#define CLIENT_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "journal/base/limits.h"

namespace ringjournal::client {

struct ClientOptions {
  // "host:port", or several nodes "host:port,host:port": tried in this order, and from the next one
  // on after a connection is lost. Once all have failed there is a pause, with jitter.
  std::string server;
  std::string client_name = "ringjournal";  // shown in the server's log
  // How long to go on without progress (no connection, or only refusals); 0: one try.
  int64_t retry_for_ns = 60'000'000'000;
  int64_t connect_timeout_ns = 5'000'000'000;  // of one try
  // How long one request of Client and Journal may take in all, unless the call says otherwise.
  int64_t request_timeout_ns = limits::kClientRequestTimeoutMs * int64_t{1'000'000};
  // Spin instead of sleeping while waiting for the server: lowest latency, a whole processor.
  bool busy_poll = false;
  // A file descriptor; while it is readable, waiting calls return kStopped. -1: none.
  int interrupt_fd = -1;
  // Called from inside waiting calls, and from the threads of Writers (so several at once), with
  // one line about a lost connection or a refusal, once that has lasted so long that a failover
  // would be over; and with one when all is well again.
  std::function<void(std::string_view)> on_notice;
  int64_t notice_after_ns = limits::kClientNoticeAfterMs * int64_t{1'000'000};
};

}  // namespace ringjournal::client

#endif  // CLIENT_OPTIONS_H_
