#include "client/ask_journal.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/core/position_proto.h"
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

absl::StatusOr<JournalAnswer> AskJournal(const ClientOptions& options,
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
  return JournalAnswer{session.opened(), session.reply()};
}

absl::StatusOr<Located> Locate(const ClientOptions& options, const std::string& journal,
                               const Position& position) {
  v1::ClientMessage request;
  *request.mutable_locate()->mutable_position() = PositionProto(position);
  absl::StatusOr<JournalAnswer> answer = AskJournal(options, request, {.journal = journal});
  if (!answer.ok()) return answer.status();
  Located located{Lsn(answer->reply.locate_reply().lsn()),
                  answer->opened.journal_id(),
                  answer->opened.generation(),
                  Lsn(answer->reply.locate_reply().watermarks().oldest().lsn()),
                  {}};
  for (const v1::LossReport& loss : answer->opened.losses()) {
    located.losses.push_back({loss.generation(), Lsn(loss.first_lsn())});
  }
  return located;
}

}  // namespace ringjournal::client
