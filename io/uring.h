// One io_uring: set up with the best flags that this kernel takes, entered with one system call.
#ifndef IO_URING_H_
#define IO_URING_H_

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringjournal::io {

// Owns one ring. Create may run in any thread; the thread that calls Enable owns the ring from then
// on, and every other method that enters the kernel (GetSqe on a full queue, Enter) belongs to it.
// Completions are read in place: `while ((cqe = Peek())) { ...; Advance(); }`.
class Uring {
 public:
  struct Options {
    // Rounded up to powers of two by the kernel, and charged to the user's limit of locked memory:
    // 64 bytes and 16 bytes each.
    uint32_t sq_entries = 1024;
    uint32_t cq_entries = 16384;
    // Test hooks: what to pretend that the kernel does not have.
    uint32_t refused_setup_flags = 0;  // IORING_SETUP_*
    uint32_t hidden_features = 0;      // IORING_FEAT_*, abi::kFeature*
  };

  // Tries the setups from best to plainest. Errors: ExplainSetupFailure's. While memory is short it
  // waits up to limits::kRingSetupWaitMs: a ring that was just closed gives its memory back late.
  static absl::StatusOr<std::unique_ptr<Uring>> Create(const Options& options);
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // Makes the calling thread the owner. Idempotent in that thread. FailedPrecondition elsewhere.
  absl::Status Enable();

  // A zeroed submission entry, submitted by the next Enter. Never null: submits when the queue is
  // full.
  io_uring_sqe* GetSqe();
  // Entries that the kernel has not taken yet.
  uint32_t unsubmitted() const;

  struct EnterOptions {
    uint32_t wait_nr = 0;     // completions to wait for; 0: only run what is ready
    int64_t timeout_ns = -1;  // < 0: for ever
    // With wait_nr > 1: after so many microseconds any completion is enough. Where the kernel
    // cannot (before 6.12), wait_nr is lowered to 1 instead.
    uint32_t min_wait_us = 0;
  };
  // Submits everything, runs pending task work, waits: one system call. Returns 0, or -ETIME (timed
  // out), -EINTR, -EBUSY and -EAGAIN (reap completions, then again): all normal. -EEXIST: the ring
  // belongs to another thread. Anything else is a programmer's error and stops the process.
  int Enter(const EnterOptions& options);

  // The oldest completion, or null; Advance gives its place back to the kernel.
  const io_uring_cqe* Peek() const;
  void Advance();
  // True if entering the kernel without waiting would produce completions. Costs no system call.
  bool wants_enter() const {
    return (LoadSqFlags() & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  }
  // True while completions wait in the kernel because the completion queue was full.
  bool overflowed() const { return (LoadSqFlags() & IORING_SQ_CQ_OVERFLOW) != 0; }
  // Completions that were lost for ever. Anything but 0 is a reason to alarm.
  uint32_t dropped() const { return *ring_.cq.koverflow; }

  // Features (IORING_FEAT_*, abi::kFeature*) less the hidden ones.
  uint32_t features() const { return features_; }
  uint32_t setup_flags() const { return setup_flags_; }
  bool has(uint32_t feature) const { return (features_ & feature) == feature; }
  // For registrations.
  io_uring* raw() { return &ring_; }
  // What is shared with the kernel. Each of these mappings keeps the ring open.
  std::vector<std::span<std::byte>> mappings() const;

 private:
  Uring() = default;
  unsigned LoadSqFlags() const { return __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED); }
  void Publish();
  int Submit(uint32_t wait_nr, uint32_t flags, void* arg, size_t arg_bytes);

  io_uring ring_ = {};
  uint32_t features_ = 0;
  uint32_t setup_flags_ = 0;
  bool enabled_ = false;
};

// What the machine says about io_uring; gathered once so that the explanation can be tested.
struct SetupFacts {
  int disabled = -1;            // kernel.io_uring_disabled; -1: not readable (before 6.6)
  std::string kernel_release;   // uname -r
  uint64_t locked_kib_max = 0;  // RLIMIT_MEMLOCK; 0: not known
};
SetupFacts ReadSetupFacts();

// Why io_uring_setup failed with `error` (an errno), as one sentence with cause and remedy.
// PermissionDenied, Unimplemented or ResourceExhausted.
absl::Status ExplainSetupFailure(int error, const SetupFacts& facts);

// Unimplemented, naming what is missing, if a created ring lacks what the loop needs (kernel 6.0).
absl::Status CheckRequiredFeatures(Uring* ring, const SetupFacts& facts);

}  // namespace ringjournal::io

#endif  // IO_URING_H_
