#include "server/start/journal_start.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/recovery/loss_report.h"
#include "journal/ring/ring_recovery.h"
#include "journal/segment/segment_scan.h"
#include "server/config_store/document_edits.h"
#include "server/session/describe.h"
#include "server/start/rebuild.h"

namespace ringjournal {
namespace {

constexpr uint64_t kEverything = 0;  // of DiskRecoveryOptions::replay_bytes

class Starter {
 public:
  Starter(const JournalStartInput& input, JournalStorage* storage, ConfigChanger change)
      : in_(input), storage_(storage), change_(change) {
    RJ_CHECK(JournalId::FromView(in_.config.id(), &id_));
    settings_ = WithDefaults(in_.config.settings());
    head_bytes_ = RingHeadBytes(settings_.producers_max());
  }

  absl::StatusOr<JournalStart> Run() {
    RJ_RETURN_IF_ERROR(LookAtRing());
    RJ_RETURN_IF_ERROR(ListFiles());
    bool ring_serves = ring_.verdict == RingVerdict::kIntact;
    // With an intact ring only the newest segment is needed: it tells where the disk ends.
    RJ_RETURN_IF_ERROR(LookAtDisk(ring_serves ? 1 : settings_.ring_bytes()));
    StartInput found;
    found.ring = ring_.verdict;
    found.disk = disk_.verdict;
    found.ring_joins_disk = joins_;
    found.memory_only = settings_.memory_only();
    found.has_been_led = in_.config.epoch() > 0;
    found.stopped_there = StoppedAt(in_.config, in_.node, DiskEnd());
    StartDecision decision = DecideStart(found);
    start_.action = decision.action;
    start_.sentence =
        absl::StrCat(decision.reason, " [ring: ", ring_.reason, "; disk: ", disk_.sentence, "]");
    start_.notes = disk_.notes;
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
    absl::StatusOr<RingMemory> memory = storage_->OpenRing(head_bytes_, settings_.ring_bytes());
    if (absl::IsNotFound(memory.status())) {
      ring_.verdict = RingVerdict::kAbsent;
      ring_.reason = "there is no ring file";
      return absl::OkStatus();
    }
    if (absl::IsFailedPrecondition(memory.status())) {
      ring_.verdict = RingVerdict::kForeign;
      ring_.reason = std::string(memory.status().message());
      return absl::OkStatus();
    }
    if (!memory.ok()) return memory.status();
    memory_ = *memory;
    RingIdentityValues identity = Identity(in_.config.generation());
    ring_ = InspectRing(memory_, &identity);
    if (ring_.verdict == RingVerdict::kIntact && !CountsForComplete()) {
      ring_.verdict = RingVerdict::kNotIntact;
      ring_.reason =
          "the ring is of a process that is not known to have held every committed entry";
    }
    return absl::OkStatus();
  }

  // As (node, content_inc) or as (node, claim_inc), never by what the registry gave last.
  bool CountsForComplete() const {
    return CompleteNames(ring_.content_incarnation) || CompleteNames(ring_.claim_incarnation);
  }

  bool CompleteNames(Incarnation incarnation) const {
    for (const v1::ReplicaId& id : in_.config.complete()) {
      if (id.node() == in_.node && id.incarnation() == incarnation.value()) return true;
    }
    return false;
  }

  RingIdentityValues Identity(uint32_t generation) const {
    return {id_, in_.boot, generation, settings_.producers_max()};
  }

  absl::Status ListFiles() {
    if (settings_.memory_only()) return absl::OkStatus();
    absl::StatusOr<std::vector<SegmentFile>> files = storage_->ListSegments();
    if (!files.ok()) return files.status();
    files_ = *std::move(files);
    return absl::OkStatus();
  }

  void RecoverFrom(uint64_t replay_bytes, RecoveryVisitor* visitor) {
    DiskRecoveryOptions options;
    options.journal = id_;
    options.replay_bytes = replay_bytes;
    auto bytes = [this](size_t i) { return storage_->ReadSegment(files_[i].name); };
    disk_ = RecoverDisk(files_, bytes, options, visitor);
  }

  // Where the disk's log ends, and whether the ring goes on from there.
  absl::Status LookAtDisk(uint64_t replay_bytes) {
    Rebuild rebuild(nullptr, {}, in_.incarnation);
    RecoverFrom(replay_bytes, &rebuild);
    RJ_RETURN_IF_ERROR(rebuild.status());
    on_disk_ = rebuild.derived();
    JudgeOldest();
    bool readable = disk_.verdict != DiskVerdict::kUnreadable;
    joins_ = ring_.verdict == RingVerdict::kIntact && readable &&
             RingJoinsDisk(ring_.oldest_entry.index, on_disk_.position());
    return absl::OkStatus();
  }

  // Segments that are missing at the front are no end of the log, but what was on disk is not
  // there. Only the derived state at the end knows what was trimmed.
  void JudgeOldest() {
    if (disk_.segments.empty() || on_disk_.oldest().index >= disk_.oldest.index) return;
    if (disk_.verdict != DiskVerdict::kClean && disk_.verdict != DiskVerdict::kTornTail) return;
    disk_.verdict = DiskVerdict::kGap;
    absl::StrAppend(&disk_.sentence, "; the entries from ", on_disk_.oldest().index.value(), " to ",
                    disk_.oldest.index.prev().value(), " are missing (trim the journal to LSN ",
                    disk_.oldest.lsn.value(), " to go on without them)");
  }

  Claim MakeClaim() const {
    return Claim{id_, in_.node, in_.incarnation,
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

  ReplicaOptions MakeOptions() const {
    ReplicaOptions options;
    options.id = id_;
    options.epoch = {start_.config.generation(), start_.config.epoch()};
    options.incarnation = in_.incarnation;
    options.config_version = start_.document.version();
    options.settings = settings_;
    options.disk_hole_below = disk_hole_below_;
    return options;
  }

  absl::Status MakeRing() {
    absl::StatusOr<RingMemory> memory = storage_->CreateRing(head_bytes_, settings_.ring_bytes());
    if (!memory.ok()) return memory.status();
    memory_ = *memory;
    return absl::OkStatus();
  }

  absl::Status StartEmpty() {
    RJ_RETURN_IF_ERROR(MakeRing());
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadNew(&next, MakeClaim()));
    DerivedState derived;
    v1::StateSnapshot state = EmptyState();
    // Before the cas: a crash behind it must find a ring that counts, or the empty journal would be
    // reported as a loss.
    Ring ring = Ring::Create(memory_, Identity(in_.config.generation()), state, in_.incarnation);
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    RingPlace from = ring.end();
    start_.replica = std::make_unique<Replica>(MakeOptions(), std::move(ring), std::move(derived),
                                               from, state, SegmentCatalog());
    return absl::OkStatus();
  }

  absl::Status StartWarm() {
    v1::ConfigDocument next = in_.document;
    RingIncarnations held{ring_.content_incarnation, ring_.claim_incarnation};
    RJ_RETURN_IF_ERROR(LeadAfterMemoryRecovery(&next, MakeClaim(), held));
    Ring ring = Ring::Adopt(memory_, ring_);
    DerivedState derived = DerivedState::ReadFrom(ring_.snapshot);
    RingPlace snapshot_place = *FindFrom(ring, derived.position());
    for (RingPlace p = snapshot_place; p.index < ring.end().index; p = ring.Next(p)) {
      RJ_RETURN_IF_ERROR(derived.Apply(ring.Record(p)));
    }
    RingPlace from = snapshot_place;
    v1::StateSnapshot state = ring_.snapshot;
    // Behind damage there may be segments of a lost generation, which look like the log to who
    // reads only the newest.
    if (joins_ && !settings_.memory_only() && !CheckJoin(ring).ok()) {
      RJ_RETURN_IF_ERROR(LookAtDisk(kEverything));
      start_.notes.push_back(absl::StrCat("the whole disk was read: ", disk_.sentence));
    }
    // The new base is where the disk's log ends, so that the next recovery finds no hole; where
    // ring and disk do not meet, it is as early as the ring's own snapshot allows.
    if (joins_ && !settings_.memory_only()) {
      RJ_RETURN_IF_ERROR(CheckJoin(ring));
      from = *FindFrom(ring, on_disk_.position());
      on_disk_.WriteTo(&state);
    }
    if (!joins_) disk_hole_below_ = from.index;
    // The cas of a start that died right after it named its claim: the content is that one's now.
    // Else two deaths in a row would leave a ring that counts for nobody.
    if (!CompleteNames(ring_.content_incarnation)) {
      ring.set_content_incarnation(ring_.claim_incarnation);
    }
    // Before the cas that names this incarnation, so that a crash in between is understood.
    ring.set_claim_incarnation(in_.incarnation);
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    start_.replica = std::make_unique<Replica>(MakeOptions(), std::move(ring), std::move(derived),
                                               from, state, Catalog());
    return absl::OkStatus();
  }

  // The place of the next entry at a position: a record's, or the ring's end.
  static std::optional<RingPlace> FindFrom(const Ring& ring, const LogPosition& position) {
    if (position.next_index == ring.end().index) return ring.end();
    return ring.Find(position.next_index);
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
    return {disk_.end.next_index.prev(), disk_.end.next_lsn.prev(), disk_.end.chain};
  }

  // Everything is on disk, and everybody knows it.
  absl::Status StartCold() {
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadAfterOrderlyStop(&next, MakeClaim(), DiskEnd()));
    return StartFromDisk(std::move(next), in_.config.generation());
  }

  absl::Status RecoverFromDisk() {
    LossReportInput loss;
    loss.disk = &disk_;
    loss.generation = in_.config.generation() + 1;
    loss.commit_hint = {Index(in_.config.commit_hint().index()),
                        Lsn(in_.config.commit_hint().lsn())};
    loss.memory_only = settings_.memory_only();
    if (!loss.memory_only) loss.stopped_at = Lsn(in_.config.orderly_stop().lsn());
    loss.time_ns = static_cast<uint64_t>(in_.now.wall_ns);
    v1::ConfigDocument next = in_.document;
    RJ_RETURN_IF_ERROR(LeadAfterDiskRecovery(&next, MakeClaim(), BuildLossReport(loss)));
    return StartFromDisk(std::move(next), in_.config.generation() + 1);
  }

  absl::Status StartFromDisk(v1::ConfigDocument next, uint32_t generation) {
    RJ_RETURN_IF_ERROR(MakeRing());
    Rebuild rebuild(&memory_, Identity(generation), in_.incarnation);
    RecoverFrom(settings_.ring_bytes(), &rebuild);
    if (!rebuild.ring().has_value()) rebuild.OnStart(EmptyState());
    RJ_RETURN_IF_ERROR(rebuild.status());
    Ring ring = *std::move(rebuild.ring());
    // All of it had been acknowledged: a crash behind the cas must not take damage in it for a
    // tail.
    ring.RaiseAckedEnd();
    RJ_RETURN_IF_ERROR(ChangeConfig(std::move(next)));
    DerivedState derived = rebuild.derived();
    RingPlace from = ring.end();
    v1::StateSnapshot state;
    derived.WriteTo(&state);
    start_.replica = std::make_unique<Replica>(MakeOptions(), std::move(ring), std::move(derived),
                                               from, state, Catalog());
    return absl::OkStatus();
  }

  static v1::StateSnapshot EmptyState() {
    v1::StateSnapshot state;
    DerivedState().WriteTo(&state);
    return state;
  }

  SegmentCatalog Catalog() {
    SegmentCatalog catalog;
    for (const UsableSegment& segment : disk_.segments) {
      CatalogSegment entry;
      entry.name = segment.name.ToFileName();
      entry.first_index = segment.first_index;
      entry.first_lsn = segment.first_lsn;
      entry.bytes = segment.size_bytes;
      absl::StatusOr<ByteSpan> bytes = storage_->ReadSegment(segment.name);
      if (bytes.ok()) {
        entry.first_log_time_ns =
            ScanDescription(*bytes, ScanOptions{}).description.state().log_time_ns();
      }
      catalog.Add(std::move(entry));
    }
    AddSuperseded(&catalog);
    return catalog;
  }

  // Files that hold nothing of the log, but would seem to if those after them were trimmed away.
  void AddSuperseded(SegmentCatalog* catalog) const {
    std::set<size_t> used;
    for (const UsableSegment& segment : disk_.segments) used.insert(segment.file);
    for (size_t i = 0; i < files_.size(); ++i) {
      if (used.count(i) > 0 || IsUseless(disk_.findings[i].role)) continue;
      catalog->AddSuperseded(files_[i].name.ToFileName(), files_[i].name.first_index);
    }
  }

  static bool IsUseless(SegmentRole role) {
    return role == SegmentRole::kUnopened || role == SegmentRole::kTrimmed;
  }

  // On the journal's only member nothing is learnt from these files any more.
  void RemoveUseless() {
    for (size_t i = 0; i < disk_.findings.size(); ++i) {
      if (IsUseless(disk_.findings[i].role)) storage_->RemoveSegment(files_[i].name);
    }
  }

  const JournalStartInput& in_;
  JournalStorage* storage_;
  ConfigChanger change_;
  JournalId id_;
  v1::JournalSettings settings_;
  size_t head_bytes_ = 0;
  RingMemory memory_;
  RingInspection ring_;
  std::vector<SegmentFile> files_;
  DiskRecovery disk_;
  DerivedState on_disk_;  // at the end of the disk's log
  Index disk_hole_below_;
  bool joins_ = false;  // no entry is missing between disk and ring
  JournalStart start_;
};

}  // namespace

absl::StatusOr<JournalStart> StartJournal(const JournalStartInput& input, JournalStorage* storage,
                                          ConfigChanger change) {
  return Starter(input, storage, change).Run();
}

}  // namespace ringjournal
