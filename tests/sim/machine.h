// What outlives a process: disk, shared memory, the config store's file, the kernel's boot id.
#ifndef TESTS_SIM_MACHINE_H_
#define TESTS_SIM_MACHINE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "journal/ring/test_memory.h"
#include "server/config_store/memory_slot_file.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_disk.h"

namespace ringjournal::sim {

// Shared memory of the rings, by journal.
class SimRings {
 public:
  // As JournalStorage demands.
  absl::StatusOr<RingMemory> Open(const JournalId& id, size_t head_bytes, size_t data_bytes);
  RingMemory Create(const JournalId& id, size_t head_bytes, size_t data_bytes);
  void Remove(const JournalId& id) { rings_.erase(id); }
  void Clear() { rings_.clear(); }
  TestRingMemory* Find(const JournalId& id);

 private:
  std::map<JournalId, std::unique_ptr<TestRingMemory>> rings_;
};

// One computer. Owned by the world; one thread.
struct Machine {
  explicit Machine(Random* r) : random(r), disk(r) {}

  // The process is gone, the kernel and its memory are not.
  void EndProcess();
  // Power fails.
  void LoseMemory();
  // Flips bits or zeroes pages of a ring. Says what it did.
  std::string DamageRing(const JournalId& id);

  Random* random;
  SimDisk disk;
  SimRings rings;
  std::shared_ptr<MemoryDisk> config = std::make_shared<MemoryDisk>();
  BootId boot = {1};
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_MACHINE_H_
