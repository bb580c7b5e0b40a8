// One question to a server, in the protocol's own messages: for tools that show the answer as it
// is.
#ifndef CLIENT_ASK_H_
#define CLIENT_ASK_H_

#include "absl/status/statusor.h"
#include "client/errors.h"
#include "client/options.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// Connects, sends `request` (its request_id is filled in), waits for the answer and disconnects.
// `changes_something`: it is not repeated when the connection breaks after it was sent; the error
// is then kOutcomeUnknown. Other errors: kCannotConnect, and what the server refuses with.
absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, bool changes_something);

}  // namespace ringjournal::client

#endif  // CLIENT_ASK_H_
