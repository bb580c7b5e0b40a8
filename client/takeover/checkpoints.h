// Application checkpoints: a transaction system's own state, stored for it in a side journal, so
// that a standby need not replay from the beginning and the journal can be trimmed.
#ifndef CLIENT_TAKEOVER_CHECKPOINTS_H_
#define CLIENT_TAKEOVER_CHECKPOINTS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/journal.h"
#include "client/takeover/application_checkpoint.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// "orders" has its checkpoints in "orders.checkpoints": a journal like any other, replicated and on
// disk like it, and with a ring of its own, so that they do not drive transactions out of memory.
std::string CheckpointJournalName(std::string_view journal);

// The newest whole checkpoints, at most two, the newest first; none if there is no side journal.
// Reads all that the side journal holds: twice the size of the state. `patience`: how long it goes
// on without progress, at most what ClientOptions::retry_for_ns says. Errors as for a Reader.
absl::StatusOr<std::vector<ApplicationCheckpoint>> LoadCheckpoints(
    const Journal& journal, std::chrono::nanoseconds patience = std::chrono::nanoseconds::max());

struct CheckpointSaverOptions {
  std::string name;  // the producer that it appends as: another one for each process
  // Of the side journal, if it is created here: a power of two, at least four times the state's
  // size. 0: the default, limits::kCheckpointRingBytes.
  uint64_t ring_bytes = 0;
  // The writer epoch of who saves (TakeoverReport::new_writer): nothing is saved or trimmed once
  // another one holds it. Zero: not asked.
  Epoch writer;
  // Of one Save, all chunks together: it waits for the disks of a majority of the members.
  std::chrono::nanoseconds timeout = std::chrono::milliseconds(limits::kCheckpointSaveTimeoutMs);
  // Trims the journal below the older of the two checkpoints that are kept.
  bool trim = false;
};

// Saves checkpoints one after the other. Blocking: use a thread of its own where the state is
// large. Not thread safe: one thread at a time.
class CheckpointSaver {
 public:
  // Creates the side journal where there is none, with the journal's own memory_only setting.
  static absl::StatusOr<std::unique_ptr<CheckpointSaver>> Open(
      const Journal& journal, const CheckpointSaverOptions& options);
  ~CheckpointSaver();

  // Returns once it is on the disks of a majority, or replicated where there are none; then forgets
  // all but the two that were saved last, of the side journal also not what somebody else has saved
  // that is newer, and with `trim` of the journal what both hold. Nothing is forgotten once a
  // recovery that may have lost data has come since Open: who saves may have been replaced, and the
  // journal be another one from there on. kDeadline: not within
  // CheckpointSaverOptions::timeout. kTooLarge: the state is larger than
  // limits::kApplicationCheckpointBytesMax, or does not fit the side journal's ring twice. kFenced:
  // `writer` is not the writer any more; it must act on nothing. After an error the ones before it
  // still stand; after others than kFenced it may be called again.
  absl::Status Save(const ApplicationCheckpoint& checkpoint);

 private:
  struct Impl;
  explicit CheckpointSaver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_CHECKPOINTS_H_
