#include "client/ask.h"

#include "client/core/request_session.h"
#include "client/driver.h"

namespace ringjournal::client {

absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, bool changes_something) {
  RequestSession session(Driver::SessionOptionsFrom(options), request, changes_something);
  Driver driver(&session, options);
  while (!session.stopped()) {
    driver.Turn(kNeverNs);
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
  }
  if (!session.answered()) return session.status();
  return session.reply();
}

}  // namespace ringjournal::client
