// Application checkpoints as chunks and back, without clock, thread or socket.
#ifndef CLIENT_TAKEOVER_CHECKPOINT_CHUNKS_H_
#define CLIENT_TAKEOVER_CHECKPOINT_CHUNKS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/read_transaction.h"
#include "client/takeover/application_checkpoint.h"
#include "client/transaction_run.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"
#include "proto/application.pb.h"

namespace ringjournal::client {

// Chunks of at most `chunk_bytes`, each a run of one transaction, in order.
std::vector<TransactionRun> EncodeCheckpoint(const ApplicationCheckpoint& checkpoint,
                                             uint64_t saver,
                                             size_t chunk_bytes = limits::kCheckpointChunkBytes);

// Takes the side journal's transactions in order and keeps the checkpoints that were saved last and
// are whole: whatever their LSNs, as those of a history that a recovery gave up may be higher.
// What never became whole (its saver died), or is not what its digest says, is passed over: the
// ones before it still stand. One owner, no threads.
class CheckpointAssembler {
 public:
  explicit CheckpointAssembler(size_t kept = 2) : kept_(kept) {}
  void Take(const ReadTransaction& transaction);
  // Those kept, the one saved last first; they are the caller's from now on.
  std::vector<ApplicationCheckpoint> TakeNewest();
  // Checkpoints that came to nothing.
  uint64_t broken() const { return broken_; }

 private:
  struct Partial {
    v1::CheckpointChunk first;  // without its data
    Lsn first_chunk;
    uint32_t chunks = 0;
    std::string state;
  };

  void TakeChunk(v1::CheckpointChunk chunk, Lsn lsn);
  void Finish(Partial partial);

  size_t kept_;
  std::map<uint64_t, Partial> partial_;  // by saver
  std::vector<ApplicationCheckpoint> whole_;
  uint64_t broken_ = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_CHECKPOINT_CHUNKS_H_
