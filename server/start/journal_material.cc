#include "server/start/journal_material.h"

#include <set>
#include <utility>

#include "journal/base/check.h"
#include "journal/segment/segment_scan.h"
#include "server/session/describe.h"

namespace ringjournal {
namespace {

v1::StateSnapshot EmptyState() {
  v1::StateSnapshot state;
  DerivedState().WriteTo(&state);
  return state;
}

}  // namespace

JournalMaterial::JournalMaterial(const JournalStartInput& input, JournalStorage* storage)
    : in_(input), storage_(storage), settings_(WithDefaults(input.config.settings())) {
  RJ_CHECK(JournalId::FromView(in_.config.id(), &id_));
  head_bytes_ = RingHeadBytes(settings_.producers_max());
}

absl::Status JournalMaterial::LookAtRing() {
  absl::StatusOr<RingMemory> memory = storage_->OpenRing(head_bytes_, settings_.ring_bytes());
  if (absl::IsNotFound(memory.status())) {
    ring.verdict = RingVerdict::kAbsent;
    ring.reason = "there is no ring file";
    return absl::OkStatus();
  }
  if (absl::IsFailedPrecondition(memory.status())) {
    ring.verdict = RingVerdict::kForeign;
    ring.reason = std::string(memory.status().message());
    return absl::OkStatus();
  }
  if (!memory.ok()) return memory.status();
  memory_ = *memory;
  RingIdentityValues identity = Identity(in_.config.generation());
  ring = InspectRing(memory_, &identity);
  if (ring.verdict == RingVerdict::kForeign) LookForClaim();
  return absl::OkStatus();
}

// A process that died between the cas of a new generation and the ring's first store under it: the
// claim, written before that cas, says that this ring won.
void JournalMaterial::LookForClaim() {
  // Its last generation may be further back: a process goes on with an old log until it leads.
  if (ring.identity.generation >= in_.config.generation()) return;
  RingIdentityValues identity = Identity(ring.identity.generation);
  RingInspection older = InspectRing(memory_, &identity);
  // The next start makes the claim the content before it claims for itself.
  bool won = CompleteNames(older.claim_incarnation) || CompleteNames(older.content_incarnation);
  if (older.verdict == RingVerdict::kIntact && won) ring = std::move(older);
}

RingIdentityValues JournalMaterial::Identity(uint32_t generation) const {
  return {id_, in_.boot, generation, settings_.producers_max()};
}

bool JournalMaterial::CompleteNames(Incarnation incarnation) const {
  for (const v1::ReplicaId& id : in_.config.complete()) {
    if (id.node() == in_.node && id.incarnation() == incarnation.value()) return true;
  }
  return false;
}

absl::Status JournalMaterial::ListFiles() {
  if (memory_only()) return absl::OkStatus();
  absl::StatusOr<std::vector<SegmentFile>> found = storage_->ListSegments();
  if (!found.ok()) return found.status();
  files = *std::move(found);
  return absl::OkStatus();
}

void JournalMaterial::RecoverFrom(uint64_t replay_bytes, RecoveryVisitor* visitor) {
  DiskRecoveryOptions options;
  options.journal = id_;
  options.replay_bytes = replay_bytes;
  auto bytes = [this](size_t i) { return storage_->ReadSegment(files[i].name); };
  disk = RecoverDisk(files, bytes, options, visitor);
}

absl::Status JournalMaterial::MakeRing() {
  absl::StatusOr<RingMemory> memory = storage_->CreateRing(head_bytes_, settings_.ring_bytes());
  if (!memory.ok()) return memory.status();
  memory_ = *memory;
  return absl::OkStatus();
}

absl::StatusOr<ReplicaParts> JournalMaterial::StartEmpty(Incarnation claim) {
  RJ_RETURN_IF_ERROR(MakeRing());
  v1::StateSnapshot state = EmptyState();
  Ring made = Ring::Create(memory_, Identity(in_.config.generation()), state, claim);
  RingPlace from = made.end();
  return ReplicaParts{std::move(made), DerivedState(), from, std::move(state)};
}

absl::StatusOr<ReplicaParts> JournalMaterial::StartFromRing() {
  Ring adopted = Ring::Adopt(memory_, ring);
  DerivedState derived = DerivedState::ReadFrom(ring.snapshot);
  RingPlace snapshot_place = *FindFrom(adopted, derived.position());
  for (RingPlace p = snapshot_place; p.index < adopted.end().index; p = adopted.Next(p)) {
    RJ_RETURN_IF_ERROR(derived.Apply(adopted.Record(p)));
  }
  return ReplicaParts{std::move(adopted), std::move(derived), snapshot_place, ring.snapshot};
}

absl::StatusOr<ReplicaParts> JournalMaterial::StartFromDisk(uint32_t generation,
                                                            Incarnation claim) {
  RJ_RETURN_IF_ERROR(MakeRing());
  Rebuild rebuild(&memory_, Identity(generation), claim);
  RecoverFrom(settings_.ring_bytes(), &rebuild);
  if (!rebuild.ring().has_value()) rebuild.OnStart(EmptyState());
  RJ_RETURN_IF_ERROR(rebuild.status());
  Ring filled = *std::move(rebuild.ring());
  // All of it had been acknowledged: after a crash damage in it must not be taken for a tail.
  filled.RaiseAckedEnd();
  RingPlace from = filled.end();
  v1::StateSnapshot state;
  rebuild.derived().WriteTo(&state);
  return ReplicaParts{std::move(filled), rebuild.derived(), from, std::move(state)};
}

std::unique_ptr<Replica> JournalMaterial::MakeReplica(const v1::JournalConfig& config,
                                                      uint64_t config_version,
                                                      SegmentCatalog catalog,
                                                      ReplicaParts parts) const {
  ReplicaOptions options;
  options.id = id_;
  options.epoch = {config.generation(), config.epoch()};
  options.incarnation = in_.incarnation;
  options.config_version = config_version;
  options.settings = settings_;
  options.disk_hole_below = parts.disk_hole_below;
  return std::make_unique<Replica>(options, std::move(parts.ring), std::move(parts.derived),
                                   parts.checkpoint_from, parts.state, std::move(catalog));
}

SegmentCatalog JournalMaterial::Catalog() {
  SegmentCatalog catalog;
  std::set<size_t> used;
  for (const UsableSegment& segment : disk.segments) {
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
    used.insert(segment.file);
  }
  // Files that hold nothing of the log, but would seem to if those after them were trimmed away.
  for (size_t i = 0; i < files.size(); ++i) {
    const SegmentRole role = disk.findings[i].role;
    if (used.count(i) > 0 || IsUseless(role) || role == SegmentRole::kRefused) continue;
    catalog.AddSuperseded(files[i].name.ToFileName(), files[i].name.first_index);
  }
  return catalog;
}

std::optional<RingPlace> JournalMaterial::FindFrom(const Ring& ring, const LogPosition& position) {
  if (position.next_index == ring.end().index) return ring.end();
  return ring.Find(position.next_index);
}

}  // namespace ringjournal
