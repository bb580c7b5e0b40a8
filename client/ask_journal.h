// One question about one journal, in the protocol's own messages: Resolve, Locate.
#ifndef CLIENT_ASK_JOURNAL_H_
#define CLIENT_ASK_JOURNAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/ask.h"
#include "client/errors.h"
#include "client/options.h"
#include "client/position.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

struct JournalAnswer {
  v1::OpenReply opened;
  v1::ServerMessage reply;
};

// As Ask, and says how the journal was found that was opened first (how.journal). Blocking.
absl::StatusOr<JournalAnswer> AskJournal(const ClientOptions& options,
                                         const v1::ClientMessage& request, const AskOptions& how);

struct Located {
  Lsn lsn;
  std::string journal_id;  // 16 bytes
  uint32_t generation = 0;
  Lsn oldest_lsn;  // of the journal, when it was found
  struct Loss {
    uint32_t generation = 0;  // that began with it
    Lsn first_lsn;            // from here on something else may stand there since
  };
  std::vector<Loss> losses;  // that the journal reports, oldest first
};

// The LSN that a position stands for now. Errors: kTransactionNotFound, and those of Ask.
absl::StatusOr<Located> Locate(const ClientOptions& options, const std::string& journal,
                               const Position& position);

}  // namespace ringjournal::client

#endif  // CLIENT_ASK_JOURNAL_H_
