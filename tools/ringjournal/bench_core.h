// The append path of one leader without sockets, disk and threads: what its parts cost.
#ifndef TOOLS_RINGJOURNAL_BENCH_CORE_H_
#define TOOLS_RINGJOURNAL_BENCH_CORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/shared_memory.h"
#include "journal/node/replica.h"

namespace ringjournal::bench {

// A leader alone, on a ring of its own: the same code as in a server. One thread.
class CoreLeader {
 public:
  // Opens so many producers, with names of 64 bytes. ResourceExhausted without memory for the ring.
  static absl::StatusOr<std::unique_ptr<CoreLeader>> Create(uint32_t producers,
                                                            uint64_t ring_bytes);

  // Appends of `batch` transactions of 128 bytes, each by the next producer of `order`, the end of
  // a batch behind every 64. Returns nanoseconds of CPU per append. DataLoss if one is not
  // acknowledged at the place where it must stand.
  absl::StatusOr<double> Append(const std::vector<ProducerSlot>& order, uint64_t appends,
                                uint32_t batch);
  // Only what exactly-once adds to them, on a table with the same content: is the session the
  // newest, is the sequence the next one, what is known of the producer now.
  absl::StatusOr<double> JudgeOnly(const std::vector<ProducerSlot>& order, uint64_t appends,
                                   uint32_t batch);
  // Every producer appends again what it appended last: answered with its place, or with none where
  // that is no longer in memory, and nothing is added. DataLoss if not.
  absl::Status ResendLast(uint32_t batch);
  // Walks what the ring holds: no hole and no repeat in LSNs, the last one is the last
  // acknowledged.
  absl::Status Verify() const;
  // Nanoseconds of one write of the state of all producers, as every eighth of the ring.
  double SnapshotNs();
  uint64_t SnapshotBytes() const;
  double open_ns() const { return open_ns_; }  // of one opening, on average

 private:
  explicit CoreLeader(io::SharedRing memory) : memory_(std::move(memory)) {}
  absl::Status OpenAll(uint32_t producers);
  void Start(uint32_t producers);
  AppendEnvelope EnvelopeOf(ProducerSlot slot, uint32_t batch) const;

  io::SharedRing memory_;
  std::unique_ptr<Replica> replica_;
  std::vector<ProducerHandle> handles_;  // by slot
  std::vector<uint64_t> last_;           // sequence, by slot
  std::string run_;                      // transactions of one append
  uint32_t run_batch_ = 0;
  uint64_t lsn_ = 0;  // last acknowledged
  Time now_{1'000'000'000, 1'700'000'000'000'000'000};
  std::vector<StorageOp> ops_;
  double open_ns_ = 0;
};

// All slots, in an order that is the same in every run and has nothing to do with that of memory.
std::vector<ProducerSlot> ScatteredSlots(uint32_t producers);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_CORE_H_
