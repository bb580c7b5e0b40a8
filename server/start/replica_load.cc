#include "server/start/replica_load.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "server/start/agreeing_state.h"
#include "server/start/journal_material.h"

namespace ringjournal {
namespace {

class Loader {
 public:
  Loader(const JournalStartInput& input, JournalStorage* storage)
      : in_(input), found_(input, storage) {}

  absl::StatusOr<LoadedReplica> Run() {
    RJ_RETURN_IF_ERROR(found_.LookAtRing());
    PassOverUntoldRing();
    RJ_RETURN_IF_ERROR(found_.ListFiles());
    RJ_RETURN_IF_ERROR(Load());
    // Its end may be a tail that was never committed, whatever was known of it before.
    out_.replica->AllowCommit(Index(0));
    absl::StrAppend(&out_.sentence, " [ring: ", found_.ring.reason,
                    "; disk: ", found_.disk.sentence, "]");
    out_.notes.insert(out_.notes.end(), found_.disk.notes.begin(), found_.disk.notes.end());
    out_.committed_seen = found_.disk.committed;
    return std::move(out_);
  }

 private:
  bool ring_is_intact() const { return found_.ring.verdict == RingVerdict::kIntact; }
  bool led() const { return in_.config.epoch() > 0; }

  // One that was never acknowledged nor claimed was made by a load, and may have been left half
  // filled by a kill: it must not be taken for a cut of what the disk holds.
  void PassOverUntoldRing() {
    bool told = found_.ring.content_incarnation != Incarnation(0) ||
                found_.ring.claim_incarnation != Incarnation(0);
    if (!ring_is_intact() || told) return;
    found_.ring.verdict = RingVerdict::kNotIntact;
    found_.ring.reason = "nothing in the ring was ever acknowledged";
  }

  absl::Status Load() {
    if (!led()) return LoadNew();
    return ring_is_intact() ? LoadFromRing() : LoadFromDisk();
  }

  // What nobody may touch, as in DecideStart. But damage on one node of several is no reason to
  // stop: the others have the entries.
  absl::Status CheckVerdicts() const {
    StartInput input;
    input.ring = found_.ring.verdict;
    input.disk = found_.disk.verdict;
    input.has_been_led = led();
    StartDecision decision = DecideStart(input);
    const bool newer = input.ring == RingVerdict::kNewerVersion;
    const bool tolerated = input.disk == DiskVerdict::kUnreadable ||
                           (input.disk == DiskVerdict::kForeign && ring_is_intact());
    if (decision.action != StartAction::kRefuse || (led() && !newer && tolerated)) {
      return absl::OkStatus();
    }
    return Unusable(absl::StrCat(decision.reason, " [ring: ", found_.ring.reason,
                                 "; disk: ", found_.disk.sentence, "]"));
  }

  absl::Status LoadNew() {
    found_.RecoverFrom(1, nullptr);
    RJ_RETURN_IF_ERROR(CheckVerdicts());
    out_.sentence = "a new journal: nothing was ever appended";
    return Make(found_.StartEmpty(Incarnation(0)), ContentKind::kNothing);
  }

  absl::Status LoadFromRing() {
    absl::StatusOr<ReplicaParts> parts = found_.StartFromRing();
    if (!parts.ok()) return parts.status();
    RJ_RETURN_IF_ERROR(RestoreOlderState(&parts->ring));
    // Only the newest segment is needed: it tells where the disk ends. But it may be one that was
    // cut away, or lie behind damage.
    AgreeingState on_disk(&parts->ring, found_.ring.position);
    Compare(1, &on_disk);
    if (on_disk.differs_from_start()) {
      on_disk = AgreeingState(&parts->ring, found_.ring.position);
      Compare(JournalMaterial::kEverything, &on_disk);
      out_.notes.push_back(absl::StrCat("the whole disk was read: ", found_.disk.sentence));
    }
    RJ_RETURN_IF_ERROR(on_disk.status());
    RJ_RETURN_IF_ERROR(CheckVerdicts());
    Join(on_disk, &*parts);
    return Make(std::move(parts), ContentKind::kRing);
  }

  // A leader may have the log cut down to what is committed, and a state there or below is what a
  // cut begins with. Where damage took it, the disk has it again: without it a cut of the end would
  // cost the whole log.
  absl::Status RestoreOlderState(Ring* ring) {
    const Index next = found_.ring.committed.next();
    const bool can_be_cut = ring->ReadSnapshotAtOrBelow(next).has_value();
    if (can_be_cut || found_.ring.committed == Index(0) || found_.memory_only()) {
      return absl::OkStatus();
    }
    AgreeingState older(ring, found_.ring.position, next);
    Compare(JournalMaterial::kEverything, &older);
    RJ_RETURN_IF_ERROR(older.status());
    if (!older.joins()) return absl::OkStatus();
    DerivedState derived = older.derived();
    RingPlace place = *JournalMaterial::FindFrom(*ring, derived.position());
    for (; place.index < next; place = ring->Next(place)) {
      RJ_RETURN_IF_ERROR(derived.Apply(ring->Record(place)));
    }
    v1::StateSnapshot state;
    derived.WriteTo(&state);
    if (!ring->RestoreOlderSnapshot(place, state)) return absl::OkStatus();
    out_.notes.push_back(absl::StrCat("the state at entry ", next.value(),
                                      " was damaged in memory and is restored from the disk"));
    return absl::OkStatus();
  }

  void Compare(uint64_t replay_bytes, AgreeingState* on_disk) {
    found_.RecoverFrom(replay_bytes, on_disk);
    if (on_disk->started()) return;
    // Nothing is on this disk, or nothing of it is known: both begin with the first entry.
    v1::StateSnapshot empty;
    DerivedState().WriteTo(&empty);
    on_disk->OnStart(empty);
  }

  // New segments start where the disk's log leaves the ring's, so that the disk is the same log
  // again; where they do not meet, as early as the ring's own snapshot allows.
  void Join(const AgreeingState& on_disk, ReplicaParts* parts) {
    out_.committed = found_.ring.committed;
    out_.content = {ContentKind::kRing, found_.ring.content_incarnation,
                    found_.ring.claim_incarnation};
    out_.sentence = "the ring is intact and serves";
    if (found_.memory_only()) return;
    if (!on_disk.joins()) {
      UseOlderSnapshot(parts);
      parts->disk_hole_below = parts->checkpoint_from.index;
      out_.sentence +=
          ", but the disk lacks entries below the ring's oldest: check the disk, or let other "
          "members serve them";
      return;
    }
    JudgeFront(on_disk.derived(), parts);
    const LogPosition& common = on_disk.derived().position();
    parts->checkpoint_from = *JournalMaterial::FindFrom(parts->ring, common);
    on_disk.derived().WriteTo(&parts->state);
    if (on_disk.cut()) {
      out_.notes.push_back(absl::StrCat("the disk holds entries from ", common.next_index.value(),
                                        " on that were cut from the log: it is written anew from "
                                        "there"));
    }
  }

  static void UseOlderSnapshot(ReplicaParts* parts) {
    const Index newest(parts->state.next_index());
    std::optional<v1::StateSnapshot> older = parts->ring.ReadSnapshotAtOrBelow(newest.prev());
    if (!older.has_value()) return;
    std::optional<RingPlace> place = parts->ring.Find(Index(older->next_index()));
    if (!place.has_value()) return;
    parts->checkpoint_from = *place;
    parts->state = *std::move(older);
  }

  absl::Status LoadFromDisk() {
    Rebuild rebuild(nullptr, {}, Incarnation(0));
    found_.RecoverFrom(found_.settings().ring_bytes(), &rebuild);
    RJ_RETURN_IF_ERROR(rebuild.status());
    RJ_RETURN_IF_ERROR(CheckVerdicts());
    absl::StatusOr<ReplicaParts> parts =
        found_.StartFromDisk(in_.config.generation(), Incarnation(0));
    if (!parts.ok()) return parts.status();
    JudgeFront(parts->derived, &*parts);
    const bool nothing = parts->derived.position().next_index == Index(1);
    out_.sentence = absl::StrCat("the ring is ", RingVerdictText(found_.ring.verdict),
                                 nothing ? " and the disk holds no entry: empty until it follows"
                                         : ": the log is what the disk holds");
    return Make(std::move(parts), nothing ? ContentKind::kNothing : ContentKind::kDisk);
  }

  // A replica that began above the oldest entry, or lost segments, lacks entries on its disk.
  void JudgeFront(const DerivedState& on_disk, ReplicaParts* parts) {
    const DiskVerdict verdict = found_.disk.verdict;
    const bool has_front =
        !found_.disk.segments.empty() && on_disk.oldest().index >= found_.disk.oldest.index;
    out_.disk_is_whole =
        has_front && (verdict == DiskVerdict::kClean || verdict == DiskVerdict::kTornTail);
    if (!has_front && !found_.disk.segments.empty()) {
      parts->disk_hole_below = found_.disk.oldest.index;
    }
  }

  absl::Status Make(absl::StatusOr<ReplicaParts> parts, ContentKind kind) {
    if (!parts.ok()) return parts.status();
    out_.content.kind = kind;
    SegmentCatalog catalog = found_.Catalog();
    if (found_.disk.verdict != DiskVerdict::kForeign) KeepUselessForTrim(&catalog);
    catalog.Supersede(parts->checkpoint_from.index);
    out_.replica = found_.MakeReplica(in_.config, in_.document.version(), std::move(catalog),
                                      *std::move(parts));
    return absl::OkStatus();
  }

  // They may be needed again: what is below the oldest entry is so by a trim that may yet be cut.
  void KeepUselessForTrim(SegmentCatalog* catalog) const {
    for (size_t i = 0; i < found_.files.size(); ++i) {
      if (!JournalMaterial::IsUseless(found_.disk.findings[i].role)) continue;
      catalog->AddSuperseded(found_.files[i].name.ToFileName(), found_.files[i].name.first_index);
    }
  }

  const JournalStartInput& in_;
  JournalMaterial found_;
  LoadedReplica out_;
};

}  // namespace

const char* ContentKindText(ContentKind kind) {
  switch (kind) {
    case ContentKind::kNothing:
      return "nothing";
    case ContentKind::kDisk:
      return "disk";
    case ContentKind::kRing:
      return "ring";
  }
  return "?";
}

LogOrigin OriginOf(const LoadedReplica& loaded) {
  LogOrigin origin;
  switch (loaded.content.kind) {
    case ContentKind::kNothing:
      origin.source = v1::LOG_SOURCE_NONE;
      break;
    case ContentKind::kDisk:
      origin.source = v1::LOG_SOURCE_DISK;
      break;
    case ContentKind::kRing:
      origin.source = v1::LOG_SOURCE_RING;
      break;
  }
  origin.content = loaded.content.content_incarnation;
  origin.claim = loaded.content.claim_incarnation;
  origin.committed_seen = loaded.committed_seen;
  origin.committed = loaded.committed;
  origin.disk_is_whole = loaded.disk_is_whole;
  return origin;
}

absl::StatusOr<LoadedReplica> LoadReplica(const JournalStartInput& input, JournalStorage* storage) {
  return Loader(input, storage).Run();
}

}  // namespace ringjournal
