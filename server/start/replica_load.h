// What a node of a cluster has of one journal when its process starts: a replica that neither leads
// nor follows yet.
#ifndef SERVER_START_REPLICA_LOAD_H_
#define SERVER_START_REPLICA_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "journal/node/replica.h"
#include "server/cluster/journal_context.h"
#include "server/start/journal_start.h"

namespace ringjournal {

// Where the content of a loaded replica comes from.
enum class ContentKind {
  kNothing,  // an empty ring
  kDisk,     // segments, in a new ring that counts for nobody
  kRing,     // memory that survived its process
};
const char* ContentKindText(ContentKind kind);

struct ReplicaContent {
  ContentKind kind = ContentKind::kNothing;
  // Of a ring, else 0: under which its content was acknowledged, and which the last cas of a memory
  // recovery named. It counts for `complete` under either (replication.md section 7).
  Incarnation content_incarnation, claim_incarnation;
};

struct LoadedReplica {
  std::unique_ptr<Replica> replica;
  ReplicaContent content;
  // Every entry that was ever on this disk, down to the oldest that is kept, is there: what a loss
  // report counts as a whole disk. False also for an empty one.
  bool disk_is_whole = false;
  // The highest that any group on disk calls committed, maybe in a generation that is over; may lie
  // above the end of the log. A loss report takes it into account.
  Watermark committed_seen;
  // Of a ring: what its process knew to be committed.
  Index committed;
  std::string sentence;  // what was found and done, for the log
  std::vector<std::string> notes;
};

// What the cluster has to know of it: for Shard::AddReplica.
LogOrigin OriginOf(const LoadedReplica& loaded);

// Loads this node's copy without leading and without changing the config:
//   - an intact ring of this boot, journal and generation, whatever its incarnations: it is a log
//     even where it does not count for `complete`; joined with the disk where the two agree. What
//     the disk holds beyond that was cut before, and is written anew from there on;
//   - else what the disk holds, in a new ring;
//   - else, and for a journal that was never led, an empty replica in a new ring.
// Nothing of it is called committed until AllowCommit says so, as its end may have to be cut again.
// No segment is deleted here; who begins a recovery of memory must do as StartJournal does with the
// ring's incarnations. Reads the disk: may take seconds.
//
// An error: this node cannot hold the journal; nothing was deleted. DataLoss, for people to look
// at: a ring or a segment of a newer version; a segment of another journal and no intact ring;
// segments of a journal that, by the config, was never led. Others are of the storage.
absl::StatusOr<LoadedReplica> LoadReplica(const JournalStartInput& input, JournalStorage* storage);

}  // namespace ringjournal

#endif  // SERVER_START_REPLICA_LOAD_H_
