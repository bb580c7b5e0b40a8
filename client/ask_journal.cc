#include "client/ask_journal.h"

#include "client/core/position_proto.h"
#include "client/core/request_session.h"
#include "client/driver.h"

namespace ringjournal::client {

absl::StatusOr<JournalAnswer> AskJournal(const ClientOptions& options, const std::string& journal,
                                         const v1::ClientMessage& request, bool changes_something) {
  RequestSession session(Driver::SessionOptionsFrom(options), request, changes_something);
  session.OpenFirst(journal);
  Driver driver(&session, options);
  while (!session.stopped()) {
    driver.Turn(kNeverNs);
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
  }
  if (!session.answered()) return session.status();
  return JournalAnswer{session.opened(), session.reply()};
}

absl::StatusOr<Located> Locate(const ClientOptions& options, const std::string& journal,
                               const Position& position) {
  v1::ClientMessage request;
  *request.mutable_locate()->mutable_position() = PositionProto(position);
  absl::StatusOr<JournalAnswer> answer = AskJournal(options, journal, request, false);
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
