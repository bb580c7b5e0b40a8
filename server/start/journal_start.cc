#include "server/start/journal_start.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/recovery/loss_report.h"
#include "server/config_store/document_edits.h"
#include "server/start/journal_material.h"

namespace ringjournal {
namespace {

class Starter {
 public:
  Starter(const JournalStartInput& input, JournalStorage* storage, ConfigChanger change)
      : in_(input), storage_(storage), change_(change), found_(input, storage) {}

  absl::StatusOr<JournalStart> Run() {
    RJ_RETURN_IF_ERROR(LookAtRing());
    RJ_RETURN_IF_ERROR(found_.ListFiles());
    bool ring_serves = found_.ring.verdict == RingVerdict::kIntact;
    // With an intact ring only the newest segment is needed: it tells where the disk ends.
    RJ_RETURN_IF_ERROR(LookAtDisk(ring_serves ? 1 : found_.settings().ring_bytes()));
    StartInput input;
    input.ring = found_.ring.verdict;
    input.disk = found_.disk.verdict;
    input.ring_joins_disk = joins_;
    input.memory_only = found_.memory_only();
    input.has_been_led = in_.config.epoch() > 0;
    input.stopped_there = StoppedAt(in_.config, in_.node, DiskEnd());
    StartDecision decision = DecideStart(input);
    start_.action = decision.action;
    start_.sentence = absl::StrCat(decision.reason, " [ring: ", found_.ring.reason,
                                   "; disk: ", found_.disk.sentence, "]");
    start_.notes = found_.disk.notes;
    switch (decision.action) {
      case StartAction::kStartEmpty:
        RJ_RETURN_IF_ERROR(StartEmpty());
        break;
      case StartAction::kWarmStart:
      case StartAction::kWarmStartDiskDamaged:
        RJ_RETURN_IF_ERROR(StartWarm());
        break;
      case StartAction::kColdStart:
        RJ_RETURN_IF_ERROR(StartCold());
        break;
      case StartAction::kDiskRecovery:
        RJ_RETURN_IF_ERROR(RecoverFromDisk());
        break;
      case StartAction::kRefuse:
        return Unusable(start_.sentence);
    }
    RemoveUseless();
    start_.replica->LeaderStart(in_.now);
    if (!start_.replica->leads()) {
      start_.notes.push_back("the ring is full: the journal serves once the disk has made room");
    }
    return std::move(start_);
  }

 private:
  absl::Status LookAtRing() {
    RJ_RETURN_IF_ERROR(found_.LookAtRing());
    RingInspection* ring = &found_.ring;
    if (ring->verdict == RingVerdict::kIntact && !CountsForComplete()) {
      ring->verdict = RingVerdict::kNotIntact;
      ring->reason =
          "the ring is of a process that is not known to have held every committed entry";
    }
    return absl::OkStatus();
  }

  // As (node, content_inc) or as (node, claim_inc), never by what the registry gave last.
  bool CountsForComplete() const {
    return found_.CompleteNames(found_.ring.content_incarnation) ||
           found_.CompleteNames(found_.ring.claim_incarnation);
  }

  // Where the disk's log ends, and whether the ring goes on from there.
  absl::Status LookAtDisk(uint64_t replay_bytes) {
    Rebuild rebuild(nullptr, {}, in_.incarnation);
    found_.RecoverFrom(replay_bytes, &rebuild);
    RJ_RETURN_IF_ERROR(rebuild.status());
    on_disk_ = rebuild.derived();
    JudgeOldest();
    bool readable = found_.disk.verdict != DiskVerdict::kUnreadable;
    joins_ = found_.ring.verdict == RingVerdict::kIntact && readable &&
             RingJoinsDisk(found_.ring.oldest_entry.index, on_disk_.position());
    return absl::OkStatus();
  }

  // Segments that are missing at the front are no end of the log, but what was on disk is not
  // there. Only the derived state at the end knows what was trimmed.
  void JudgeOldest() {
    if (found_.disk.segments.empty() || on_disk_.oldest().index >= found_.disk.oldest.index) return;
    if (found_.disk.verdict != DiskVerdict::kClean && found_.disk.verdict != DiskVerdict::kTornTail)
      return;
    found_.disk.verdict = DiskVerdict::kGap;
    absl::StrAppend(&found_.disk.sentence, "; the entries from ", on_disk_.oldest().index.value(),
                    " to ", found_.disk.oldest.index.prev().value(),
                    " are missing (trim the journal to LSN ", found_.disk.oldest.lsn.value(),
                    " to go on without them)");
  }

  Claim MakeClaim() const {
    return Claim{found_.id(), in_.node, in_.incarnation,
                 absl::StrCat("start-", in_.incarnation.value(), "-", in_.config.name())};
  }

  absl::Status ChangeConfig(v1::ConfigDocument next) {
    absl::StatusOr<v1::ConfigDocument> now = change_(std::move(next));
    if (!now.ok()) return now.status();
    start_.document = *std::move(now);
    for (const v1::JournalConfig& config : start_.document.journals()) {
      if (config.id() == in_.config.id()) start_.config = config;
    }
    return absl::OkStatus();
  }

  // Behind the cas: the config is the one that stands now.
  void Make(SegmentCatalog catalog, ReplicaParts parts) {
    start_.replica = found_.MakeReplica(start_.config, start_.document.version(),
                                        std::move(catalog), std::move(parts));
  }

  absl::Status StartEmpty() {
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadNew(&next, MakeClaim()));
    // Before the cas: a crash behind it must find a ring that counts, or the empty journal would be
    // reported as a loss.
    absl::StatusOr<ReplicaParts> parts = found_.StartEmpty(in_.incarnation);
    if (!parts.ok()) return parts.status();
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    Make(SegmentCatalog(), *std::move(parts));
    return absl::OkStatus();
  }

  absl::Status StartWarm() {
    v1::ConfigDocument next = in_.document;
    RingIncarnations held{found_.ring.content_incarnation, found_.ring.claim_incarnation};
    RJ_RETURN_IF_ERROR(LeadAfterMemoryRecovery(&next, MakeClaim(), held));
    absl::StatusOr<ReplicaParts> parts = found_.StartFromRing();
    if (!parts.ok()) return parts.status();
    Ring& ring = parts->ring;
    // Behind damage there may be segments of a lost generation, which look like the log to who
    // reads only the newest.
    if (joins_ && !found_.memory_only() && !CheckJoin(ring).ok()) {
      RJ_RETURN_IF_ERROR(LookAtDisk(JournalMaterial::kEverything));
      start_.notes.push_back(absl::StrCat("the whole disk was read: ", found_.disk.sentence));
    }
    // The new base is where the disk's log ends, so that the next recovery finds no hole; where
    // ring and disk do not meet, it is as early as the ring's own snapshot allows.
    if (joins_ && !found_.memory_only()) {
      RJ_RETURN_IF_ERROR(CheckJoin(ring));
      parts->checkpoint_from = *JournalMaterial::FindFrom(ring, on_disk_.position());
      on_disk_.WriteTo(&parts->state);
    }
    if (!joins_) parts->disk_hole_below = parts->checkpoint_from.index;
    // The cas of a start that died right after it named its claim: the content is that one's now.
    // Else two deaths in a row would leave a ring that counts for nobody.
    const Incarnation claimed = found_.ring.claim_incarnation;
    if (!found_.CompleteNames(found_.ring.content_incarnation)) {
      ring.set_content_incarnation(claimed);
    }
    // Before the cas that names this incarnation, so that a crash in between is understood.
    ring.set_claim_incarnation(in_.incarnation);
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    Make(found_.Catalog(), *std::move(parts));
    return absl::OkStatus();
  }

  // Ring and disk must be one log where they meet.
  absl::Status CheckJoin(const Ring& ring) const {
    const LogPosition& disk_end = on_disk_.position();
    if (disk_end.next_index > ring.end().index) {
      return Unusable(absl::StrCat("the disk reaches entry ", disk_end.next_index.value() - 1,
                                   ", the ring only ", ring.end().index.value() - 1));
    }
    std::optional<RingPlace> last = ring.Find(disk_end.next_index.prev());
    if (last.has_value() && ring.Record(*last).header.chain != disk_end.chain) {
      return Unusable(absl::StrCat("ring and disk differ at entry ", last->index.value(),
                                   ": their chain hashes do not match"));
    }
    return absl::OkStatus();
  }

  StoppedLog DiskEnd() const {
    return {found_.disk.end.next_index.prev(), found_.disk.end.next_lsn.prev(),
            found_.disk.end.chain};
  }

  // Everything is on disk, and everybody knows it.
  absl::Status StartCold() {
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadAfterOrderlyStop(&next, MakeClaim(), DiskEnd()));
    return StartFromDisk(std::move(next), in_.config.generation());
  }

  absl::Status RecoverFromDisk() {
    LossReportInput loss;
    loss.disk = &found_.disk;
    loss.generation = in_.config.generation() + 1;
    loss.commit_hint = {Index(in_.config.commit_hint().index()),
                        Lsn(in_.config.commit_hint().lsn())};
    loss.memory_only = found_.memory_only();
    if (!loss.memory_only) loss.stopped_at = Lsn(in_.config.orderly_stop().lsn());
    loss.time_ns = static_cast<uint64_t>(in_.now.wall_ns);
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadAfterDiskRecovery(&next, MakeClaim(), BuildLossReport(loss)));
    return StartFromDisk(std::move(next), in_.config.generation() + 1);
  }

  absl::Status StartFromDisk(v1::ConfigDocument next, uint32_t generation) {
    absl::StatusOr<ReplicaParts> parts = found_.StartFromDisk(generation, in_.incarnation);
    if (!parts.ok()) return parts.status();
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    Make(found_.Catalog(), *std::move(parts));
    return absl::OkStatus();
  }

  // On the journal's only member nothing is learnt from these files any more.
  void RemoveUseless() {
    for (size_t i = 0; i < found_.disk.findings.size(); ++i) {
      if (JournalMaterial::IsUseless(found_.disk.findings[i].role))
        storage_->RemoveSegment(found_.files[i].name);
    }
  }

  const JournalStartInput& in_;
  JournalStorage* storage_;
  ConfigChanger change_;
  JournalMaterial found_;
  DerivedState on_disk_;  // at the end of the disk's log
  bool joins_ = false;    // no entry is missing between disk and ring
  JournalStart start_;
};

}  // namespace

absl::StatusOr<JournalStart> StartJournal(const JournalStartInput& input, JournalStorage* storage,
                                          ConfigChanger change) {
  return Starter(input, storage, change).Run();
}

}  // namespace ringjournal
