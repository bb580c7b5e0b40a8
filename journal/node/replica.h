// One journal on one node: ring, derived state, producers, checkpoints, watermarks.
#ifndef JOURNAL_NODE_REPLICA_H_
#define JOURNAL_NODE_REPLICA_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "journal/checkpoint/checkpointer.h"
#include "journal/format/append_scan.h"
#include "journal/node/derived_state.h"
#include "journal/node/replication_marks.h"
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

// Who opens a producer. The bytes of `name` are the caller's, for the call.
struct ProducerOpening {
  std::string_view name;
  uint64_t client_instance = 0;  // what the session calls itself (v1::ProducerOpen); 0: nothing
  // The generation and producer epoch that the session has appended with; zero: it has appended
  // nothing. Refused (FENCED) once somebody else has raised it: what the session would send again
  // may have been settled as never applied, or be another session's by now. Needs
  // `client_instance`.
  Epoch before = {};
  Epoch writer = {};  // the writer epoch that the session holds, where the journal is fenced
};

// Who wants to be the writer of a fenced journal, and of whom it takes over.
struct WriterClaim {
  std::string claimant;           // at most kWriterClaimantBytesMax
  uint64_t nonce = 0;             // of this claim; not 0
  std::optional<Epoch> replaces;  // the writer epoch that it ends; nullopt: whichever is current
  std::string reason;             // at most kWriterReasonBytesMax
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

  // What readers see: of a disk, too, only what is committed, as anything else may be cut.
  Watermark Visible(bool durable_only) const {
    return durable_only ? std::min(durable, committed) : committed;
  }
};

// A journal's replica, leading or following (on one node the in-sync set is this replica alone, so
// commit is its own end). Pure: time comes in, disk operations go out. One thread. Fields of
// `refusal` out parameters are filled only when something is refused.
class Replica {
 public:
  // `derived` is the state at the ring's end. Entries from `checkpoint_from` on are not on disk
  // yet; `checkpoint_state` is the derived state there.
  Replica(const ReplicaOptions& options, Ring ring, DerivedState derived,
          const RingPlace& checkpoint_from, const v1::StateSnapshot& checkpoint_state,
          SegmentCatalog on_disk);

  // ---- roles (replica_roles.cc) ----
  // Leads the epoch that was set last, from now on: counts what the ring holds under this
  // incarnation (as committed, unless AllowCommit was ever called) and appends the epoch start.
  // Where the ring is full of entries that may not be given up, the epoch start follows at the end
  // of the batch in which there is room; until then clients are told to come back. A replica may
  // lead again in a later epoch, after having followed or without.
  void LeaderStart(Time now);
  bool leads() const { return leads_; }
  // Leads no more: every append and every control entry is refused from now on, and no level
  // counts as reached. What was appended stays; who waits for it is the caller's to answer.
  void StepDown();
  // A leader that is about to hand over adds nothing by itself (retention). What is asked of it,
  // its caller refuses.
  void Hold(bool holds) { held_ = holds; }
  // Follows from now on, its log being a beginning of the leader's: what it holds counts under this
  // incarnation and this epoch's generation. Call before the first acknowledgement to a leader.
  // `older`: the incarnation under which the config's `complete` names what it holds still; then it
  // counts under that one, too, as the claim. Zero: it does not name it.
  void BackupStart(Incarnation older);
  // Index of the EPOCH_START of the epoch that was set last; 0: that entry is not in this log.
  Index epoch_start() const;
  // As a backup that the leader cannot bring up to date entry by entry: forgets the log, which goes
  // on at `state` in ring, derived state and on disk. Commit stays where it was until the leader's
  // word reaches the state's boundary. Nothing is changed on an error: FailedPrecondition if that
  // would take away what is committed (I5: evidence of a violated promise), or on a leader or a
  // stopping node; InvalidArgument if the state is not one that a leader would send.
  // Until the state is on disk, nothing is durable; who counts durable copies has to forget what
  // this replica said of entries below `state`.
  absl::Status BeginAnew(const v1::StateSnapshot& state);
  // A new generation begins: what the old one called committed is for its loss report, and may be
  // truncated (I5 holds within a generation). Not on a leader.
  void ForgetCommit();
  // A backup needs a state snapshot of this ring that is committed, and there is none: takes one of
  // now, if the ring may hold another. It is of use once commit has reached it.
  void OfferSnapshot() {
    if (ring_.may_write_snapshot()) TakeSnapshot();
  }
  // Before a compare-and-swap that names this incarnation as the one whose ring won a memory
  // recovery: a kill right behind it must leave a ring that counts. `content_counts`: the config's
  // `complete` names the ring's content incarnation; else it names the claim of a start that died.
  void Claim(bool content_counts);

  // The hot path: check, header, one copy. Allocates nothing unless it refuses.
  AppendVerdict Append(const AppendEnvelope& envelope, const ProducerHandle& producer, Time now,
                       AppendPlace* place, v1::ErrorReply* refusal);
  // Opens a producer for a new session and fences an older one of the same name. False: refused.
  bool OpenProducer(const ProducerOpening& opening, Time now, ProducerHandle* handle,
                    v1::ErrorReply* refusal);
  // Fences all older writers of a fenced journal (replica_writers.cc). The grant, which is
  // derived().writer(), may leave only once HasReached(LEVEL_REPLICATED, its index). The same claim
  // again is granted the same. False: refused.
  bool AcquireWriter(const WriterClaim& claim, Time now, v1::ErrorReply* refusal);
  // Only the holder of the writer epoch may append.
  bool fenced() const { return options_.settings.fenced(); }
  // The writer epoch of the log is of this generation: whoever was granted it holds it.
  bool writer_holds() const;
  // What the log says of its writer stays, and may be told.
  bool fence_is_committed() const;
  // Forgets what lies below `before`, rounded down to an entry, on disk to a segment. False:
  // refused.
  bool Trim(Lsn before, Time now, v1::ErrorReply* refusal);
  // What became of a producer's sequence. With `settle` "never" is made final, which ends the
  // producer's open session. With several copies the reply may leave only once
  // HasReached(LEVEL_REPLICATED, *true_from): the entry that it speaks of, and the start of this
  // epoch, must be committed. `true_from` may be null.
  bool Resolve(std::string_view producer, Sequence sequence, bool settle, Time now,
               v1::ResolveReply* reply, v1::ErrorReply* refusal, Index* true_from = nullptr,
               Epoch writer = Epoch());

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
  // The derived state behind entry `last`, which is not above the end, made anew from the ring;
  // `place`: of the entry behind. NotFound below what the ring can go back to.
  absl::StatusOr<DerivedState> DerivedAt(Index last, RingPlace* place) const;
  // Where the ring cannot go back to the state before one of its entries: puts that state, which a
  // leader sent, in place of the older of its own, so that it can. False, and nothing is changed,
  // if the state is not of this log, or the ring can go back there. Not on a leader.
  bool TakeOlderState(const v1::StateSnapshot& state);
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

  // ---- levels (replica_levels.cc) ----
  // What the leader of several copies knows beside its own memory and disk. Once this was called
  // levels follow replication.md section 8; before, they are those of a single copy. A new epoch
  // begins with nothing known: nothing above `received` is reached until the next call. Allocates
  // nothing once it was called with as many backups.
  void SetReplicationMarks(const ReplicationMarks& marks);
  // True if an append of that level may be acknowledged now. Not if the entry's place is that of a
  // duplicate: see below.
  bool HasReached(v1::Level level, Index index) const;
  // The same for what Append returned: a duplicate is answered only once its entry is committed and
  // so is the start of this epoch (KIP-207), whatever level it asked for.
  bool HasReached(v1::Level level, const AppendPlace& place) const;
  // The level that is true of the entry now, for the acknowledgement.
  v1::Level LevelReached(Index index) const;
  // How many replicas hold the entry, this one included: for the acknowledgement.
  Copies CopiesOf(Index index) const;
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
  bool MayWrite(Epoch writer, v1::ErrorReply* refusal) const;
  bool MayOpen(Epoch writer, v1::ErrorReply* refusal) const;
  void RefuseWriter(Epoch said, v1::ErrorReply* refusal) const;
  void RefuseEndedSession(const ProducerState& state, v1::ErrorReply* refusal) const;
  static bool IsGoodClaim(const WriterClaim& claim, v1::ErrorReply* refusal);
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
  void OwnContent();
  void CountOwnEnd();
  bool IsOnOwnDisk(Index index) const;
  bool IsReplicated(Index index) const;
  bool IsOnDiskQuorum(Index index) const;
  Index CommitFloor(Index index) const;
  void SetBoundaryIfDue(size_t record_bytes);
  void MoveCommit();
  std::string TakeRecord(const RecordView& view, bool* full);
  std::string CompareState(const RecordView& epoch_start) const;
  void TakeSnapshot();

  ReplicaOptions options_;
  Ring ring_;
  DerivedState derived_;
  Checkpointer checkpointer_;
  Watermark committed_;
  std::optional<Index> commit_allowed_;
  Index counted_end_;               // acked_end covers the entries up to here
  Index newest_open_;               // of a producer, as this leader has appended it
  Index trim_entry_;                // the newest trim stands here or before
  Index disk_wanted_;               // somebody waits for durable >= this
  Index flush_wanted_;              // likewise, on demand
  int64_t stamp_monotonic_ns_ = 0;  // of the clock reading that stamps entries now
  uint64_t stamp_max_ns_ = 0;       // which reaches no further than this
  uint64_t appended_bytes_ = 0;
  bool stopping_ = false;
  bool wants_to_lead_ = false;
  bool leads_ = false;
  bool held_ = false;
  bool several_copies_ = false;  // marks_ counts
  ReplicationMarks marks_;
  // Reused, so that snapshots keep their memory: of segments, and of the ring.
  v1::StateSnapshot scratch_;
  v1::StateSnapshot head_scratch_;
  std::string scratch_bytes_;
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_REPLICA_H_
