#include "client/ask.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/core/request_session.h"
#include "client/driver.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

absl::Status TooLate(const RequestSession& session, bool changes_something, int64_t timeout_ns) {
  std::string after = absl::StrCat("no answer within ", FormatDurationNs(timeout_ns));
  std::string trouble(session.last_trouble().message());
  if (!trouble.empty()) absl::StrAppend(&after, " (", trouble, ")");
  if (changes_something && session.under_way()) {
    return MakeError(ErrorCode::kOutcomeUnknown,
                     absl::StrCat(after,
                                  ", but the request was sent: it may or may not have been "
                                  "done; look before asking again"));
  }
  return MakeError(ErrorCode::kDeadline,
                   absl::StrCat(after,
                                "; asking again is safe: check the server and the network, "
                                "or allow more time"));
}

}  // namespace

absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, const AskOptions& how) {
  bool forever = how.timeout_ns >= kNeverNs / 2;
  int64_t until = forever ? kNeverNs : Driver::NowNs() + how.timeout_ns;
  RequestSession session(Driver::SessionOptionsFrom(options), request, how.changes_something);
  if (!how.journal.empty()) session.OpenFirst(how.journal);
  Driver driver(&session, options);
  while (!session.stopped()) {
    driver.Turn(until);
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
    if (!session.stopped() && Driver::NowNs() >= until) {
      return TooLate(session, how.changes_something, how.timeout_ns);
    }
  }
  if (!session.answered()) return session.status();
  return session.reply();
}

absl::StatusOr<v1::ServerMessage> Ask(const ClientOptions& options,
                                      const v1::ClientMessage& request, bool changes_something) {
  return Ask(options, request, AskOptions{.changes_something = changes_something});
}

}  // namespace ringjournal::client
