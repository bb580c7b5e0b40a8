#include "journal/ring/ring_recovery.h"

#include "absl/strings/str_cat.h"
#include "journal/base/checksum.h"
#include "journal/base/mutants.h"

namespace ringjournal {
namespace {

uint32_t SlotCrc(const SnapshotSlotHeader& header, ByteSpan bytes) {
  uint32_t crc =
      Crc32c({reinterpret_cast<const std::byte*>(&header), offsetof(SnapshotSlotHeader, crc32c)});
  return Crc32cExtend(crc, bytes);
}

RingInspection Fail(RingInspection inspection, RingVerdict verdict, std::string reason) {
  inspection.verdict = verdict;
  inspection.reason = std::move(reason);
  return inspection;
}

bool IdentityIsWhole(const RingIdentity& id) {
  size_t from = offsetof(RingIdentity, data_bytes);
  return id.crc32c == Crc32c({reinterpret_cast<const std::byte*>(&id) + from, sizeof id - from});
}

// kIntact, or why the identity does not fit.
RingVerdict CheckIdentity(const RingMemory& memory, const RingIdentityValues* expected,
                          std::string* reason) {
  const RingIdentity& id = memory.control()->identity;
  if (id.magic == 0) {
    *reason = "the ring file was never filled in";
    return RingVerdict::kAbsent;
  }
  if (id.magic != kRingMagic) {
    *reason = "this is not a ring file";
    return RingVerdict::kForeign;
  }
  if (id.layout_version != kRingLayoutVersion) {
    *reason = absl::StrCat("ring layout ", id.layout_version, "; this version reads ",
                           kRingLayoutVersion, ": use a newer version");
    return RingVerdict::kNewerVersion;
  }
  if (!IdentityIsWhole(id)) {
    *reason = "the control page's identity is damaged";
    return RingVerdict::kNotIntact;
  }
  if (id.data_bytes != memory.data_bytes ||
      id.snapshot_slot_bytes != (memory.head_bytes - kControlPageBytes) / 2) {
    *reason = "the ring has another size than its journal's settings say";
    return RingVerdict::kForeign;
  }
  if (expected == nullptr) return RingVerdict::kIntact;
  if (id.journal != expected->journal) {
    *reason = absl::StrCat("the ring belongs to journal ", id.journal.ToHex());
    return RingVerdict::kForeign;
  }
  if (id.generation != expected->generation) {
    *reason = absl::StrCat("the ring is of generation ", id.generation, ", the journal of ",
                           expected->generation);
    return RingVerdict::kForeign;
  }
  if (id.boot != expected->boot) {
    *reason = "the ring is of another boot of this machine";
    return RingVerdict::kStale;
  }
  return RingVerdict::kIntact;
}

void NoteOlder(uint64_t sequence, uint64_t offset, const v1::StateSnapshot& state,
               RingInspection* out) {
  out->older_snapshot_sequence = sequence;
  out->older_snapshot_offset = offset;
  out->older_snapshot_next_index = Index(state.next_index());
}

// The newest valid snapshot whose offset lies in [oldest, end].
bool TakeSnapshot(const RingMemory& memory, RingInspection* out) {
  size_t slot_bytes = out->identity.snapshot_slot_bytes;
  for (int i = 0; i < 2; ++i) {
    SnapshotSlotHeader header;
    v1::StateSnapshot state;
    if (!ReadSnapshotSlot(memory.snapshot_slot(i, slot_bytes), slot_bytes, &header, &state))
      continue;
    if (header.ring_offset < out->oldest || header.ring_offset > out->stated_end) continue;
    if (header.sequence <= out->snapshot_sequence) {
      NoteOlder(header.sequence, header.ring_offset, state, out);
      continue;
    }
    if (out->snapshot_sequence > 0) {
      NoteOlder(out->snapshot_sequence, out->snapshot_offset, out->snapshot, out);
    }
    out->snapshot_sequence = header.sequence;
    out->snapshot_offset = header.ring_offset;
    out->snapshot = std::move(state);
  }
  return out->snapshot_sequence > 0;
}

LogPosition PositionOf(const v1::StateSnapshot& s) {
  return {Index(s.next_index()), Lsn(s.next_lsn()), s.chain(), {s.generation(), s.epoch()}};
}

// Walks the records. Empty, or what is wrong with the one at *offset.
class Walk {
 public:
  Walk(const RingMemory& memory, RingInspection* out) : memory_(memory), out_(out) {}

  std::string Run() {
    out_->end = out_->oldest;
    while (true) {
      if (out_->end == out_->snapshot_offset) {
        std::string wrong = MeetSnapshot();
        if (!wrong.empty()) return wrong;
      }
      if (out_->end == out_->stated_end) return "";
      std::string wrong = Step();
      if (!wrong.empty()) return wrong;
    }
  }

  bool contradicts_snapshot() const { return contradicts_snapshot_; }

 private:
  // At its offset the snapshot and the records must agree; an empty stretch before it is fine.
  std::string MeetSnapshot() {
    LogPosition expected = PositionOf(out_->snapshot);
    if (!started_) {
      out_->position = expected;
      out_->oldest_entry = {expected.next_index, expected.next_lsn};
      started_ = true;
      return "";
    }
    const LogPosition& got = out_->position;
    bool same = got.next_index == expected.next_index && got.next_lsn == expected.next_lsn &&
                got.chain == expected.chain;
    contradicts_snapshot_ = !same;
    return same ? "" : "the records do not lead to the state snapshot";
  }

  std::string Step() {
    uint64_t limit = out_->stated_end - out_->end;
    ByteSpan bytes(memory_.data + (out_->end & (memory_.data_bytes - 1)), limit);
    RecordView view;
    RecordVerdict verdict = ParseRecord(bytes, &view);
    if (verdict == RecordVerdict::kOk) verdict = VerifyBody(view);
    if (verdict != RecordVerdict::kOk) return RecordVerdictText(verdict);
    if (!started_) {
      Start(view);
      return "";
    }
    std::string wrong = out_->position.Advance(view);
    if (!wrong.empty()) return wrong;
    out_->end += view.record.size();
    return "";
  }

  // The first record's chain cannot be derived; it is bound to the rest by what follows.
  void Start(const RecordView& view) {
    const EntryHeader& h = view.header;
    started_ = true;
    out_->oldest_entry = {h.index, h.first_lsn};
    out_->position = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
    out_->end += view.record.size();
  }

  const RingMemory& memory_;
  RingInspection* out_;
  bool started_ = false;
  bool contradicts_snapshot_ = false;
};

}  // namespace

const char* RingVerdictText(RingVerdict verdict) {
  switch (verdict) {
    case RingVerdict::kAbsent:
      return "absent";
    case RingVerdict::kForeign:
      return "foreign";
    case RingVerdict::kStale:
      return "stale";
    case RingVerdict::kNewerVersion:
      return "newer version";
    case RingVerdict::kNotIntact:
      return "not intact";
    case RingVerdict::kIntact:
      return "intact";
  }
  return "?";
}

namespace {

// The words of the control page that say by themselves whether they are damaged.
bool TakeSealed(const RingControl& control, RingInspection* out) {
  uint64_t content = 0, claim = 0, committed = 0;
  bool whole = OpenWord(LoadAcquire(&control.content_incarnation), &content) &&
               OpenWord(LoadAcquire(&control.claim_incarnation), &claim) &&
               OpenWord(LoadAcquire(&control.active), &out->active) &&
               OpenWord(LoadAcquire(&control.committed), &committed);
  out->content_incarnation = Incarnation(content);
  out->claim_incarnation = Incarnation(claim);
  out->committed = Index(committed);
  return whole && out->active <= 1;
}

}  // namespace

RingInspection InspectRing(const RingMemory& memory, const RingIdentityValues* expected) {
  RingInspection out;
  if (memory.head_bytes < kControlPageBytes) {
    return Fail(out, RingVerdict::kForeign, "the file is too small for a ring");
  }
  const RingControl& control = *memory.control();
  out.identity = control.identity;
  std::string reason;
  RingVerdict verdict = CheckIdentity(memory, expected, &reason);
  if (verdict != RingVerdict::kIntact) return Fail(out, verdict, reason);
  if (!TakeSealed(control, &out)) {
    return Fail(out, RingVerdict::kNotIntact, "the control page is damaged");
  }
  out.stated_end = LoadAcquire(&control.ends[out.active].end);
  out.acked_end = LoadAcquire(&control.ends[out.active].acked_end);
  out.oldest = LoadAcquire(&control.oldest);
  if (out.oldest > out.stated_end || out.stated_end - out.oldest > memory.data_bytes ||
      out.acked_end > out.stated_end) {
    return Fail(out, RingVerdict::kNotIntact, "the control page's positions contradict each other");
  }
  if (!TakeSnapshot(memory, &out)) {
    return Fail(out, RingVerdict::kNotIntact, "no valid state snapshot between oldest and end");
  }
  Walk walk(memory, &out);
  std::string wrong = walk.Run();
  if (out.committed >= out.position.next_index && out.end >= out.acked_end) {
    return Fail(out, RingVerdict::kNotIntact, "more is committed than the ring holds");
  }
  if (wrong.empty()) return Fail(out, RingVerdict::kIntact, "every record verified");
  // Of another log, whatever was acknowledged: nothing can be derived from it.
  if (walk.contradicts_snapshot()) return Fail(out, RingVerdict::kNotIntact, wrong);
  bool acknowledged = out.end < out.acked_end && !Mutated(Mutant::kAckedEndIgnored);
  if (acknowledged || out.end < out.snapshot_offset) {
    return Fail(
        out, RingVerdict::kNotIntact,
        absl::StrCat("damage at ring offset ", out.end, ", below what was acknowledged: ", wrong));
  }
  return Fail(out, RingVerdict::kIntact,
              absl::StrCat("a tail of ", out.stated_end - out.end,
                           " bytes that nobody was told of was cut: ", wrong));
}

void StrikeOutSnapshotSlot(std::byte* slot) {
  StoreRelease(reinterpret_cast<uint64_t*>(slot), 0);
  std::memset(slot + sizeof(uint64_t), 0, kSnapshotSlotHeaderBytes - sizeof(uint64_t));
}

bool WriteSnapshotSlot(std::byte* slot, size_t slot_bytes, uint64_t sequence, uint64_t ring_offset,
                       std::string_view state) {
  const size_t length = state.size();
  if (length > slot_bytes - kSnapshotSlotHeaderBytes) return false;
  // The old header is struck out first: a kill in between must not leave it in front of new bytes
  // that happen to match.
  StrikeOutSnapshotSlot(slot);
  std::byte* bytes = slot + kSnapshotSlotHeaderBytes;
  std::memcpy(bytes, state.data(), length);
  SnapshotSlotHeader header{sequence, ring_offset, static_cast<uint32_t>(length), 0};
  header.crc32c = SlotCrc(header, {bytes, length});
  std::memcpy(slot + 8, reinterpret_cast<std::byte*>(&header) + 8, sizeof header - 8);
  StoreRelease(reinterpret_cast<uint64_t*>(slot), sequence);
  return true;
}

bool ReadSnapshotSlot(const std::byte* slot, size_t slot_bytes, SnapshotSlotHeader* header,
                      v1::StateSnapshot* state) {
  std::memcpy(header, slot, sizeof *header);
  if (header->sequence == 0 || header->length > slot_bytes - kSnapshotSlotHeaderBytes) return false;
  ByteSpan bytes(slot + kSnapshotSlotHeaderBytes, header->length);
  if (SlotCrc(*header, bytes) != header->crc32c) return false;
  return state->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

namespace {

uint64_t SealOf(uint64_t value) {
  std::byte bytes[8];
  Store64(bytes, value);
  uint32_t crc = Crc32c(ByteSpan(bytes, 8));
  return (crc ^ (crc >> 16)) & 0xffff;
}

}  // namespace

uint64_t SealWord(uint64_t value) { return value | (SealOf(value) ^ SealOf(0)) << 48; }

bool OpenWord(uint64_t word, uint64_t* value) {
  *value = SealedValue(word);
  return SealWord(*value) == word;
}

}  // namespace ringjournal
