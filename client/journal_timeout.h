// How long a request of Journal may take.
#ifndef CLIENT_JOURNAL_TIMEOUT_H_
#define CLIENT_JOURNAL_TIMEOUT_H_

#include <cstdint>

#include "client/journal.h"
#include "client/options.h"

namespace ringjournal::client {

// Nanoseconds; kRequestTimeout, or less than nothing, is what `options` say.
inline int64_t TimeoutNs(const ClientOptions& options, Timeout timeout) {
  return timeout < Timeout::zero() ? options.request_timeout_ns : timeout.count();
}

}  // namespace ringjournal::client

#endif  // CLIENT_JOURNAL_TIMEOUT_H_
