#include "client/ask.h"

#include <utility>

#include "client/ask_journal.h"

namespace ringjournal::client {

absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, const AskOptions& how) {
  auto answer = AskJournal(options, request, how);
  if (!answer.ok()) return answer.status();
  return std::move(answer->reply);
}

absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, bool changes_something) {
  return Ask(options, request, AskOptions{.changes_something = changes_something});
}

}  // namespace ringjournal::client
