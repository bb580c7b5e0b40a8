#include "tests/sim/machine.h"

#include "absl/strings/str_cat.h"

namespace ringjournal::sim {
namespace {

// RingHeadBytes(producers_max), solved for producers_max.
uint32_t ProducersFor(size_t head_bytes) {
  uint32_t low = 1, high = limits::kProducersMax;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (RingHeadBytes(middle) < head_bytes) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

TestRingMemory* SimRings::Find(const JournalId& id) {
  auto it = rings_.find(id);
  return it == rings_.end() ? nullptr : it->second.get();
}

absl::StatusOr<RingMemory> SimRings::Open(const JournalId& id, size_t head_bytes,
                                          size_t data_bytes) {
  TestRingMemory* ring = Find(id);
  if (ring == nullptr) return absl::NotFoundError("no ring");
  const RingMemory& memory = ring->memory();
  if (memory.head_bytes != head_bytes || memory.data_bytes != data_bytes) {
    return absl::FailedPreconditionError("the ring has another size");
  }
  return memory;
}

RingMemory SimRings::Create(const JournalId& id, size_t head_bytes, size_t data_bytes) {
  auto& ring = rings_[id];
  ring = std::make_unique<TestRingMemory>(data_bytes, ProducersFor(head_bytes));
  RJ_CHECK(ring->memory().head_bytes == head_bytes);
  return ring->memory();
}

void Machine::EndProcess() {
  disk.EndProcess();
  config->fail_at = 0;
}

void Machine::LoseMemory() {
  disk.LoseUnsynced();
  if (config->unsynced) config->Crash(random->Below(config->unsynced->bytes.size() + 1));
  rings.Clear();
  ++boot[0];
  boot[1] = static_cast<uint8_t>(boot[1] + (boot[0] == 0));
}

std::string Machine::DamageRing(const JournalId& id) {
  TestRingMemory* ring = rings.Find(id);
  if (ring == nullptr) return "no ring to damage";
  const RingMemory& m = ring->memory();
  const RingControl& control = *m.control();
  if (random->Chance(15)) {
    // A changed layout version looks like a newer program's ring, which is rightly refused.
    size_t at = random->Below(sizeof(RingControl));
    while (at >= offsetof(RingIdentity, layout_version) && at < offsetof(RingIdentity, crc32c))
      ++at;
    m.head[at] ^= static_cast<std::byte>(1 << random->Below(8));
    return absl::StrCat("control page byte ", at);
  }
  if (random->Chance(15)) {
    size_t at = kControlPageBytes + random->Below(m.head_bytes - kControlPageBytes);
    if (random->Chance(70))
      at = kControlPageBytes + random->Below(2) * (m.head_bytes - kControlPageBytes) / 2 +
           random->Below(200);
    m.head[at] ^= static_cast<std::byte>(1 << random->Below(8));
    return absl::StrCat("snapshot byte ", at);
  }
  uint64_t end = control.ends[control.active & 1].end;
  uint64_t from = random->Chance(70) ? control.oldest : end - std::min<uint64_t>(end, 400);
  uint64_t at = from + (end > from ? random->Below(end - from) : 0);
  size_t place = at & (m.data_bytes - 1);
  if (random->Chance(70)) {
    m.data[place] ^= static_cast<std::byte>(1 << random->Below(8));
    return absl::StrCat("ring offset ", at, ", one bit");
  }
  std::memset(m.data + place / 4096 * 4096, 0, 4096);
  return absl::StrCat("ring offset ", at, ", its page zeroed");
}

}  // namespace ringjournal::sim
