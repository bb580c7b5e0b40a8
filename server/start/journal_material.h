// What a node finds of one journal when its process starts, and how a replica is made of it: what
// StartJournal and LoadReplica share.
#ifndef SERVER_START_JOURNAL_MATERIAL_H_
#define SERVER_START_JOURNAL_MATERIAL_H_

#include <memory>
#include <optional>
#include <vector>

#include "journal/ring/ring_recovery.h"
#include "server/start/journal_start.h"
#include "server/start/rebuild.h"

namespace ringjournal {

// What a replica is built from.
struct ReplicaParts {
  Ring ring;
  DerivedState derived;              // at the ring's end
  RingPlace checkpoint_from;         // entries from here on are not on disk yet
  v1::StateSnapshot state;           // before `checkpoint_from`
  Index disk_hole_below = Index(0);  // as in ReplicaOptions
};

// Reads, and makes a new ring where it is told to; changes no segment. One thread. Holds references
// to its arguments.
class JournalMaterial {
 public:
  static constexpr uint64_t kEverything = 0;  // of DiskRecoveryOptions::replay_bytes

  JournalMaterial(const JournalStartInput& input, JournalStorage* storage);

  // Fills `ring`: whatever there is, it has a verdict. An error: the storage itself failed.
  absl::Status LookAtRing();
  // Fills `files`; none for a memory-only journal.
  absl::Status ListFiles();
  // Fills `disk`.
  void RecoverFrom(uint64_t replay_bytes, RecoveryVisitor* visitor);

  // The three ways to a replica. A new ring replaces the old one and names `claim` as the
  // incarnation that makes it count.
  absl::StatusOr<ReplicaParts> StartEmpty(Incarnation claim);
  // From an intact ring. Checkpoints go on where its newest snapshot is, the disk's end being
  // unknown here.
  absl::StatusOr<ReplicaParts> StartFromRing();
  // From the newest segments that fill a ring, made for `generation`.
  absl::StatusOr<ReplicaParts> StartFromDisk(uint32_t generation, Incarnation claim);

  // With the epoch of that config. `catalog` as below.
  std::unique_ptr<Replica> MakeReplica(const v1::JournalConfig& config, uint64_t config_version,
                                       SegmentCatalog catalog, ReplicaParts parts) const;
  // The segments that form the log, as `disk` says, and those that hold nothing of it, which go
  // with a later trim.
  SegmentCatalog Catalog();
  // True for a file that holds nothing and would never seem to.
  static bool IsUseless(SegmentRole role) {
    return role == SegmentRole::kUnopened || role == SegmentRole::kTrimmed;
  }

  // The place of the next entry at a position: a record's, or the ring's end.
  static std::optional<RingPlace> FindFrom(const Ring& ring, const LogPosition& position);
  // True if the config's `complete` names this node in that incarnation.
  bool CompleteNames(Incarnation incarnation) const;

  const JournalId& id() const { return id_; }
  const v1::JournalSettings& settings() const { return settings_; }
  bool memory_only() const { return settings_.memory_only(); }

  RingInspection ring;
  std::vector<SegmentFile> files;
  DiskRecovery disk;

 private:
  void LookForClaim();
  RingIdentityValues Identity(uint32_t generation) const;
  absl::Status MakeRing();

  const JournalStartInput& in_;
  JournalStorage* storage_;
  JournalId id_;
  v1::JournalSettings settings_;
  size_t head_bytes_ = 0;
  RingMemory memory_;
};

}  // namespace ringjournal

#endif  // SERVER_START_JOURNAL_MATERIAL_H_
