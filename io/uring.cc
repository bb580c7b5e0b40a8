#include "io/uring.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "io/kernel_abi.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {
namespace {

constexpr uint32_t kCommonFlags = IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
// From best to plainest. A default ring (the last) takes 40 % less than the first.
constexpr std::array<uint32_t, 4> kSetups = {
    // 6.1: completions are made only when we enter, not in any system call.
    kCommonFlags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    // 6.0
    kCommonFlags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
    // 5.19
    kCommonFlags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_COOP_TASKRUN,
    kCommonFlags,
};

// Returns 0 or -errno.
int SetUp(uint32_t flags, const Uring::Options& options, io_uring* ring, io_uring_params* params) {
  if ((flags & options.refused_setup_flags) != 0) return -EINVAL;
  memset(ring, 0, sizeof *ring);
  memset(params, 0, sizeof *params);
  params->flags = flags;
  params->cq_entries = options.cq_entries;
  return io_uring_queue_init_params(options.sq_entries, ring, params);
}

// The best setup that the kernel takes. Returns 0 or -errno.
int SetUpBest(const Uring::Options& options, io_uring* ring, io_uring_params* params) {
  for (uint32_t flags : kSetups) {
    int error = SetUp(flags, options, ring, params);
    if (error != -EINVAL) return error;
  }
  return -EINVAL;
}

void RaiseLockedMemoryLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_MEMLOCK, &limit);  // best effort
}

}  // namespace

absl::StatusOr<std::unique_ptr<Uring>> Uring::Create(const Options& options) {
  std::unique_ptr<Uring> ring(new Uring());
  io_uring_params params;
  RaiseLockedMemoryLimit();
  int error = SetUpBest(options, &ring->ring_, &params);
  for (uint32_t waited_ms = 0; error == -ENOMEM && waited_ms < limits::kRingSetupWaitMs;) {
    constexpr uint32_t kPauseMs = 10;
    usleep(kPauseMs * 1000);
    waited_ms += kPauseMs;
    error = SetUpBest(options, &ring->ring_, &params);
  }
  if (error < 0) {
    ring->ring_.ring_fd = -1;
    return ExplainSetupFailure(-error, ReadSetupFacts());
  }
  ring->features_ = params.features & ~options.hidden_features;
  ring->setup_flags_ = params.flags;
  // A child process must not share the queues.
  io_uring_ring_dontfork(&ring->ring_);
  RJ_RETURN_IF_ERROR(CheckRequiredFeatures(ring.get(), ReadSetupFacts()));
  return ring;
}

std::vector<std::span<std::byte>> Uring::mappings() const {
  const size_t entries_bytes = ring_.sq.ring_entries * sizeof(io_uring_sqe);
  std::vector<std::span<std::byte>> all = {
      {static_cast<std::byte*>(ring_.sq.ring_ptr), ring_.sq.ring_sz},
      {reinterpret_cast<std::byte*>(ring_.sq.sqes), entries_bytes}};
  if (ring_.cq.ring_ptr != ring_.sq.ring_ptr) {
    all.push_back({static_cast<std::byte*>(ring_.cq.ring_ptr), ring_.cq.ring_sz});
  }
  return all;
}

Uring::~Uring() {
  if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

absl::Status Uring::Enable() {
  if (enabled_) return absl::OkStatus();
  // liburing 2.3 declares io_uring_enable_rings but does not export it.
  int error = io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS,
                                nullptr, 0);
  if (error < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot enable the io_uring: ", strerror(-error),
                     ". It was enabled by another thread; run the loop in that thread only."));
  }
  enabled_ = true;
  return absl::OkStatus();
}

uint32_t Uring::unsubmitted() const { return ring_.sq.sqe_tail - *ring_.sq.khead; }

io_uring_sqe* Uring::GetSqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    // Without GETEVENTS no completion is needed for room, so this works from inside a batch.
    RJ_CHECK(Enable().ok());
    for (int tries = 0; sqe == nullptr && tries < 1000; ++tries) {
      Publish();
      Submit(0, 0, nullptr, 0);
      sqe = io_uring_get_sqe(&ring_);
    }
    RJ_CHECK(sqe != nullptr);
  }
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

// Makes the entries visible to the kernel (liburing 2.3 keeps this step private).
void Uring::Publish() {
  io_uring_sq& sq = ring_.sq;
  if (sq.sqe_head == sq.sqe_tail) return;
  sq.sqe_head = sq.sqe_tail;
  __atomic_store_n(sq.ktail, sq.sqe_tail, __ATOMIC_RELEASE);
}

int Uring::Submit(uint32_t wait_nr, uint32_t flags, void* arg, size_t arg_bytes) {
  return io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), unsubmitted(), wait_nr, flags,
                         static_cast<sigset_t*>(arg), arg_bytes);
}

int Uring::Enter(const EnterOptions& options) {
  Publish();
  uint32_t wait_nr = options.wait_nr;
  abi::GetEventsArg arg = {};
  __kernel_timespec timeout = {};
  if (wait_nr > 0 && options.timeout_ns >= 0) {
    timeout.tv_sec = options.timeout_ns / 1'000'000'000;
    timeout.tv_nsec = options.timeout_ns % 1'000'000'000;
    arg.timespec = reinterpret_cast<uint64_t>(&timeout);
  }
  if (wait_nr > 1) {
    if (options.min_wait_us > 0 && has(abi::kFeatureMinTimeout)) {
      arg.min_wait_usec = options.min_wait_us;
    } else {
      wait_nr = 1;
    }
  }
  uint32_t flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  if (has(abi::kFeatureNoIowait)) flags |= abi::kEnterNoIowait;
  int result = Submit(wait_nr, flags, &arg, sizeof arg);
  if (result >= 0) return 0;
  RJ_CHECK(result == -ETIME || result == -EINTR || result == -EBUSY || result == -EAGAIN ||
           result == -EEXIST);
  return result;
}

const io_uring_cqe* Uring::Peek() const {
  const io_uring_cq& cq = ring_.cq;
  unsigned head = *cq.khead;
  if (head == __atomic_load_n(cq.ktail, __ATOMIC_ACQUIRE)) return nullptr;
  return &cq.cqes[head & cq.ring_mask];
}

void Uring::Advance() { io_uring_cq_advance(&ring_, 1); }

}  // namespace ringjournal::io
