// One journal on one node: ring, derived state, producers, checkpoints, watermarks.
#ifndef JOURNAL_NODE_REPLICA_H_
#define JOURNAL_NODE_REPLICA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/checkpoint/checkpointer.h"
#include "journal/format/append_scan.h"
#include "journal/node/derived_state.h"
#include "journal/ring/ring.h"
#include "proto/client.pb.h"
#include "proto/config.pb.h"

namespace ringjournal {

struct ReplicaOptions {
  JournalId id;
  Epoch epoch;              // the config document's, won by this incarnation
  Incarnation incarnation;  // of this process
  uint64_t config_version = 0;
  v1::JournalSettings settings;  // every field filled in
  // Entries below are not known to be on disk, although later ones will be: the ring went on above
  // a hole of the disk. 0: no hole.
  Index disk_hole_below;
};

// A producer as a session holds it.
struct ProducerHandle {
  ProducerSlot slot = 0;
  uint32_t epoch = 0;
};

// What an accepted append got. `duplicate`: it had been applied before; first_lsn is 0 when its
// place is no longer known, and index is then one at or above it.
struct AppendPlace {
  Index index;
  Lsn first_lsn;
  uint32_t count = 0;
  uint64_t chain = 0;
  bool duplicate = false;
};

enum class AppendVerdict {
  kAccepted,
  kRefused,   // see the refusal
  kMustWait,  // nothing changed: offer it again when the watermarks have moved
};

struct Marks {
  Watermark oldest;   // first that is kept
  Watermark durable;  // the others: the last that is so
  Watermark committed;
  Watermark end;
};

// The leader's side of a journal (on one node the in-sync set is this replica alone, so commit is
// its own end). Pure: time comes in, disk operations go out. One thread. Fields of `refusal` out
// parameters are filled only when something is refused.
class Replica {
 public:
  // `derived` is the state at the ring's end. Entries from `checkpoint_from` on are not on disk
  // yet; `checkpoint_state` is the derived state there.
  Replica(const ReplicaOptions& options, Ring ring, DerivedState derived,
          const RingPlace& checkpoint_from, const v1::StateSnapshot& checkpoint_state,
          SegmentCatalog on_disk);

  // Counts what the ring holds as committed and appends the epoch start. Call once, before anything
  // else. Where the ring is full of entries that are not on disk, the epoch start follows at the
  // end of the batch in which the disk has made room; until then clients are told to come back.
  void LeaderStart(Time now);
  bool leads() const { return leads_; }

  // The hot path: check, header, one copy. Allocates nothing unless it refuses.
  AppendVerdict Append(const AppendEnvelope& envelope, const ProducerHandle& producer, Time now,
                       AppendPlace* place, v1::ErrorReply* refusal);
  // Opens a producer for a new session and fences an older one of the same name. False: refused.
  bool OpenProducer(std::string_view name, Time now, ProducerHandle* handle,
                    v1::ErrorReply* refusal);
  // Forgets what lies below `before`, rounded down to an entry, on disk to a segment. False:
  // refused.
  bool Trim(Lsn before, Time now, v1::ErrorReply* refusal);
  // What became of a producer's sequence. With `settle` "never" is made final, which ends the
  // producer's open session.
  bool Resolve(std::string_view producer, Sequence sequence, bool settle, Time now,
               v1::ResolveReply* reply, v1::ErrorReply* refusal);

  // ---- as a backup, and for both roles with several nodes (replica_backup.cc) ----
  struct Taken {
    enum class Verdict {
      kAll,       // everything offered is in this log
      kRingFull,  // what came before is; offer the rest again
      kWrong,     // the rest is not a continuation of this log, or damaged: nothing of it was taken
    } verdict = Verdict::kAll;
    std::string wrong;
  };
  // Takes whole records as the leader's ring holds them. What this log has already must be the same
  // bytes, and is passed over; the rest must continue it, and is verified (header and body CRC,
  // index, LSN, chain) before it is copied.
  Taken TakeEntries(ByteSpan records);
  // Forgets everything above `last`, whose chain hash is `chain`. Nothing is changed on an error:
  // FailedPrecondition below what is committed (I5: evidence of a violated promise), NotFound below
  // what the ring can go back to (begin anew from the leader's snapshot), DataLoss if the chain is
  // another one.
  absl::Status TruncateTo(Index last, uint64_t chain);
  // Entries up to here may be called committed, once this replica holds and counts them. Never
  // falls. Until the first call: all, as for a leader that is alone.
  void AllowCommit(Index index);
  // Leads, or follows a leader of, this epoch from now on.
  void set_epoch(Epoch epoch, uint64_t config_version) {
    options_.epoch = epoch;
    options_.config_version = config_version;
  }

  // Once per batch: counts the own end, moves watermarks, emits disk operations. After it,
  // acknowledgements may leave.
  void EndOfBatch(Time now, std::vector<StorageOp>* ops);
  // Empty, or why the process must stop.
  std::string OnStorageDone(const StorageDone& done, Time now);
  bool OwnsToken(uint32_t token) const { return checkpointer_.Owns(token); }
  // When EndOfBatch is due although nothing happens; INT64_MAX: never.
  int64_t deadline_ns() const;

  // An append waits for durable >= index: groups are then written without waiting for more.
  void NoteDiskWaiter(Index index);
  // Asks for everything appended so far to be made durable; done when durable >= the index
  // returned.
  Index RequestCheckpoint();
  // Nothing will be appended any more: everything goes to the disk, then the closing group.
  void Stop() { stopping_ = true; }
  // Settings that may change while the journal is open.
  void ApplySettings(const v1::JournalSettings& settings);

  // True if an append of that level has reached it: for its acknowledgement.
  bool HasReached(v1::Level level, Index index) const;
  // The level that is true of the entry now, for the acknowledgement.
  v1::Level LevelReached(Index index) const;
  bool memory_only() const { return options_.settings.memory_only(); }

  Marks marks() const;
  const Ring& ring() const { return ring_; }
  const DerivedState& derived() const { return derived_; }
  const Checkpointer& checkpointer() const { return checkpointer_; }
  const ReplicaOptions& options() const { return options_; }
  // Nothing is left to write; after Stop, the last segment is closed too.
  bool settled() const {
    return memory_only() || (checkpointer_.idle(ring_) && (!stopping_ || checkpointer_.closed()));
  }
  uint64_t appended_bytes() const { return appended_bytes_; }

 private:
  bool CheckAppend(const AppendEnvelope& envelope, const ProducerHandle& producer,
                   v1::ErrorReply* refusal);
  bool CheckLevel(v1::Level level, v1::ErrorReply* refusal);
  AppendVerdict AnswerDuplicate(const AppendEnvelope& envelope, const ProducerState& producer,
                                AppendPlace* place, v1::ErrorReply* refusal);
  std::optional<AppendPlace> FindSequence(const ProducerState& producer, Sequence sequence) const;
  bool AppendControl(v1::EntryKind kind, const v1::ControlRecord& record, Time now);
  EntryHeader NextHeader(Time now);
  bool RaiseProducerEpoch(ProducerSlot slot, Time now);
  Index Reusable() const;
  size_t ControlReserve() const;
  void ApplyRetention(Time now);
  void TryLead(Time now);
  void SetBoundaryIfDue(size_t record_bytes);
  void MoveCommit();
  std::string TakeRecord(const RecordView& view, bool* full);
  void TakeSnapshot();

  ReplicaOptions options_;
  Ring ring_;
  DerivedState derived_;
  Checkpointer checkpointer_;
  Watermark committed_;
  std::optional<Index> commit_allowed_;
  Index trim_entry_;                // the newest trim stands here or before
  Index disk_wanted_;               // somebody waits for durable >= this
  Index flush_wanted_;              // likewise, on demand
  int64_t stamp_monotonic_ns_ = 0;  // of the clock reading that stamps entries now
  uint64_t stamp_max_ns_ = 0;       // which reaches no further than this
  uint64_t appended_bytes_ = 0;
  bool stopping_ = false;
  bool wants_to_lead_ = false;
  bool leads_ = false;
  v1::StateSnapshot scratch_;  // reused, so that snapshots keep their memory
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_REPLICA_H_
