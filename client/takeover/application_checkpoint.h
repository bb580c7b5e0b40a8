// What a transaction system saves of itself.
#ifndef CLIENT_TAKEOVER_APPLICATION_CHECKPOINT_H_
#define CLIENT_TAKEOVER_APPLICATION_CHECKPOINT_H_

#include <string>

#include "client/cursor.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// The application's own state behind one transaction of its journal.
struct ApplicationCheckpoint {
  // The last transaction in it, and of which history: as Standby::cursor or an append's receipt
  // gives it.
  Cursor at;
  Lsn acted;  // what was acted on when it is saved: `at` at least
  std::string state;
  Lsn first_chunk;  // where it begins in the side journal; filled in by reading
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_APPLICATION_CHECKPOINT_H_
