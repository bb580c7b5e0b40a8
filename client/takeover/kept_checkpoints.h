// Which application checkpoints a saver keeps, and so what it may trim; without clock, thread or
// socket.
#ifndef CLIENT_TAKEOVER_KEPT_CHECKPOINTS_H_
#define CLIENT_TAKEOVER_KEPT_CHECKPOINTS_H_

#include <cstdint>
#include <vector>

#include "client/cursor.h"
#include "client/takeover/application_checkpoint.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// Keeps the two that this saver has saved, or taken over, last; and of the side journal also what
// somebody else has saved that is newer than both, as its saver may have replaced this one.
// One owner, no threads.
class KeptCheckpoints {
 public:
  // What a side journal holds, newest first, and its next LSN from before it was read. Those that
  // are not of the journal's current generation do not count: a recovery may have given up what
  // they hold, and then nobody can start from them.
  KeptCheckpoints(const std::vector<ApplicationCheckpoint>& found, Lsn side_next,
                  uint32_t generation);

  // One is saved: its chunks as they are acknowledged, in order, and its end. Zero: the chunk is in
  // the side journal, and its place is not known.
  void Begin() { chunks_ = 0; }
  void OnChunk(Lsn place);
  void OnSaved(const Cursor& at);

  // Somebody else may have saved something since it was looked for last.
  bool must_look() const { return must_look_; }
  // What the side journal holds now, newest first.
  void OnFound(const std::vector<ApplicationCheckpoint>& found);

  // First LSN that must stay in the side journal, and in the journal; zero: trim nothing.
  Lsn side_from() const;
  Lsn journal_from() const;

 private:
  struct Place {
    Lsn first_chunk;  // zero: not known
    Cursor at;
  };
  static bool Newer(const Cursor& a, const Cursor& b);

  std::vector<Place> kept_;    // the older first
  std::vector<Place> others_;  // newer than all of kept_
  Lsn first_chunk_;            // of what is being saved
  uint32_t chunks_ = 0;
  Lsn expected_;  // where the next chunk comes to lie if nobody else saves
  bool must_look_ = false;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_KEPT_CHECKPOINTS_H_
