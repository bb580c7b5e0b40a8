// The head of a ring file over a small valid ring: control page and a snapshot slot of any bytes.
//
// Input: up to kControlBytes of the control page, then the start of the first snapshot slot. They
// lie over those of a valid ring, once as they are and once with their checksums mended.
#include <algorithm>
#include <cstring>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/ring/test_ring.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

constexpr size_t kControlBytes = sizeof(RingControl);
constexpr size_t kInputBytesMax = kControlBytes + 4096;

// A ring with a few records and a snapshot, made once; every input starts from the same bytes.
class Subject {
 public:
  Subject() : ring_(limits::kRingBytesMin) {
    for (size_t i = 1; i <= 4; ++i) RJ_CHECK(ring_.Append(100 * i, 2));
    ring_.Snapshot();
    RJ_CHECK(ring_.Append(50, 1));
    ring_.ring.RaiseAckedEnd();
    std::memcpy(control_, head(), sizeof control_);
    std::memcpy(slot_, slot(), sizeof slot_);
  }
  const RingMemory& memory() const { return ring_.memory.memory(); }
  std::byte* head() const { return memory().head; }
  std::byte* slot() const {
    return memory().snapshot_slot(0, SnapshotSlotBytes(TestRing::kProducers));
  }

  void Restore() {
    std::memcpy(head(), control_, sizeof control_);
    std::memcpy(slot(), slot_, sizeof slot_);
  }
  void Overlay(ByteSpan input) {
    const ByteSpan control = input.first(std::min(input.size(), kControlBytes));
    const ByteSpan slot_bytes = input.subspan(control.size());
    if (!control.empty()) std::memcpy(head(), control.data(), control.size());
    if (!slot_bytes.empty()) {
      std::memcpy(slot(), slot_bytes.data(), std::min(slot_bytes.size(), sizeof slot_));
    }
  }
  void MendChecksums() {
    RingIdentity& id = memory().control()->identity;
    const size_t from = offsetof(RingIdentity, data_bytes);
    id.crc32c = Crc32c({reinterpret_cast<const std::byte*>(&id) + from, sizeof id - from});
    auto* header = reinterpret_cast<SnapshotSlotHeader*>(slot());
    const size_t room = SnapshotSlotBytes(TestRing::kProducers) - kSnapshotSlotHeaderBytes;
    if (header->length > room) return;
    const uint32_t crc = Crc32c({slot(), offsetof(SnapshotSlotHeader, crc32c)});
    header->crc32c = Crc32cExtend(crc, {slot() + kSnapshotSlotHeaderBytes, header->length});
  }
  std::string Bytes() const {
    return std::string(AsView({head(), kControlBytes})) + std::string(AsView({slot(), 400}));
  }

 private:
  TestRing ring_;
  std::byte control_[kControlBytes];
  std::byte slot_[4096];
};

std::string InspectOnce(const Subject& subject) {
  const RingIdentityValues ours = TestRing::Identity();
  const RingInspection found = InspectRing(subject.memory(), &ours);
  const RingInspection any = InspectRing(subject.memory(), nullptr);
  for (const RingInspection* inspection : {&found, &any}) {
    if (inspection->verdict != RingVerdict::kIntact) {
      RJ_CHECK(!inspection->reason.empty());
      continue;
    }
    RJ_CHECK(inspection->oldest <= inspection->end && inspection->end <= inspection->stated_end);
    RJ_CHECK(inspection->end - inspection->oldest <= subject.memory().data_bytes);
    RJ_CHECK(inspection->acked_end <= inspection->end);
    RJ_CHECK(inspection->oldest_entry.index <= inspection->position.next_index);
    Ring::Adopt(subject.memory(), *inspection);  // holds its own invariants
  }
  return RingVerdictText(found.verdict);
}

}  // namespace

std::string Decode(ByteSpan input) {
  static Subject& subject = *new Subject();
  if (input.size() > kInputBytesMax) return "too long";
  subject.Restore();
  subject.Overlay(input);
  const std::string verdict = InspectOnce(subject);
  subject.Restore();  // Adopt may write
  subject.Overlay(input);
  subject.MendChecksums();
  const std::string behind = InspectOnce(subject);
  subject.Restore();
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  Subject subject;
  const std::string good = subject.Bytes();
  std::string foreign = good, version = good, damaged = good, ends = good, boot = good;
  foreign[0] ^= 1;
  version[8] = 9;
  damaged[30] ^= 1;
  boot[offsetof(RingIdentity, boot)] ^= 1;
  Store64(ends.data() + offsetof(RingControl, ends), ~uint64_t{0});
  std::string snapshot = good;
  snapshot[kControlBytes + 8] ^= 1;
  return {
      "", good, foreign, version, damaged, ends, boot, snapshot, std::string(kControlBytes, '\0')};
}

}  // namespace ringjournal::fuzz
