// One question to a server, in the protocol's own messages: for tools that show the answer as it
// is.
#ifndef CLIENT_ASK_H_
#define CLIENT_ASK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/errors.h"
#include "client/options.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

struct AskOptions {
  // The request is then not repeated when the connection breaks after it was sent.
  bool changes_something = false;
  int64_t timeout_ns = INT64_MAX;  // for all of it
  std::string journal;             // opened first, where the question is about an open journal
};

// Connects, sends `request` (its request_id is filled in), waits for the answer and disconnects.
// Blocks the calling thread; any number of threads may ask at once. Errors: kCannotConnect, what
// the server refuses with, kDeadline (asking again is safe), and kOutcomeUnknown for a change that
// was sent and not answered.
absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, const AskOptions& how);
// The same with no more than `changes_something` said.
absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, bool changes_something);

}  // namespace ringjournal::client

#endif  // CLIENT_ASK_H_
