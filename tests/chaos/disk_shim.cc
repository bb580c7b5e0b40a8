#include "tests/chaos/disk_shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <vector>

namespace ringjournal::chaos {
namespace {

// Of kernel 6.10. An older one answers 0, which the server takes for EIO too.
constexpr uint32_t kNopInjectResult = 1;
constexpr uint32_t kBlockBytes = 4096;
constexpr size_t kTimesMax = 4096;  // entries of one submission at most

// Never taken apart: other threads run until the process ends.
struct Shim {
  DiskFaults* faults = nullptr;
  std::mutex mutex;
  std::map<int, io_uring*> rings;  // by descriptor
  unsigned seed = 0;
};

DiskFaults* MapFaults() {
  const char* path = getenv("RINGJOURNAL_CHAOS_DISK");
  if (path == nullptr) return nullptr;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();  // a fault that is not there would pass for one that did no harm
  void* mapped = mmap(nullptr, sizeof(DiskFaults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) abort();
  return static_cast<DiskFaults*>(mapped);
}

Shim& TheShim() {
  static Shim* shim = [] {
    auto* made = new Shim();
    made->faults = MapFaults();
    made->seed = static_cast<unsigned>(getpid());
    return made;
  }();
  return *shim;
}

template <class Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// Whether this sync is the one that fails.
bool FailsNow(DiskFaults* faults) {
  for (uint32_t at = faults->fail_at; at != 0;) {
    if (!faults->fail_at.compare_exchange_weak(at, at - 1)) continue;
    if (at == 1) ++faults->failed;
    return at == 1;
  }
  return false;
}

// How much longer this sync takes, ms.
uint32_t SlowerMs(Shim* shim) {
  const uint32_t least = shim->faults->slow_min_ms, most = shim->faults->slow_max_ms;
  if (most == 0) return 0;
  ++shim->faults->slowed;
  return least + static_cast<uint32_t>(rand_r(&shim->seed)) % (most - least + 1);
}

__kernel_timespec TimeOf(uint32_t ms) { return {ms / 1000, ms % 1000 * 1'000'000LL}; }

// The entries that the kernel has not seen yet, and what it is given instead.
class Submission {
 public:
  Submission(Shim* shim, io_uring_sq* sq) : shim_(shim), sq_(sq), head_(*sq->khead) {}

  // How many entries it has become more.
  unsigned Change() {
    const unsigned before = *sq_->ktail - head_;
    bool linked = false;  // an entry of an earlier try, changed then
    for (unsigned i = 0; i < before; ++i) {
      const io_uring_sqe& sqe = sq_->sqes[(head_ + i) & sq_->ring_mask];
      const bool sync = sqe.opcode == IORING_OP_WRITE && (sqe.rw_flags & RWF_DSYNC) != 0 && !linked;
      linked = (sqe.flags & (IOSQE_IO_HARDLINK | IOSQE_IO_LINK)) != 0;
      // Room for it and for what stands behind it.
      if (!sync || out_.size() + 2 + (before - i) > sq_->ring_entries) {
        out_.push_back(sqe);
      } else {
        ChangeSync(sqe);
      }
    }
    for (unsigned i = 0; i < out_.size(); ++i) {
      sq_->sqes[(head_ + i) & sq_->ring_mask] = out_[i];
    }
    sq_->sqe_head = sq_->sqe_tail = head_ + static_cast<unsigned>(out_.size());
    __atomic_store_n(sq_->ktail, sq_->sqe_tail, __ATOMIC_RELEASE);
    return static_cast<unsigned>(out_.size()) - before;
  }

 private:
  void ChangeSync(const io_uring_sqe& sqe) {
    if (FailsNow(shim_->faults)) return Fail(sqe);
    if (const uint32_t ms = SlowerMs(shim_); ms != 0) AddPause(ms);
    out_.push_back(sqe);
  }

  // Nobody is told of it.
  void AddPause(uint32_t ms) {
    static __kernel_timespec times[kTimesMax];
    static std::atomic<size_t> next = 0;
    __kernel_timespec* time =
        &times[next++ % kTimesMax];  // the kernel copies it as it is submitted
    *time = TimeOf(ms);
    io_uring_sqe pause = {};
    io_uring_prep_timeout(&pause, time, 0, IORING_TIMEOUT_ETIME_SUCCESS);
    pause.flags = IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;
    out_.push_back(pause);
  }

  void Fail(const io_uring_sqe& sqe) {
    const auto how = static_cast<DiskFailure>(shim_->faults->failure.load());
    io_uring_sqe written = sqe;
    written.rw_flags = 0;
    written.flags |= IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;
    if (how == DiskFailure::kTorn) written.len = sqe.len / 2 / kBlockBytes * kBlockBytes;
    if (how != DiskFailure::kNothingWritten && written.len != 0) out_.push_back(written);
    io_uring_sqe failed = {};
    failed.opcode = IORING_OP_NOP;
    failed.rw_flags = kNopInjectResult;
    failed.len = static_cast<uint32_t>(-EIO);
    failed.user_data = sqe.user_data;
    out_.push_back(failed);
  }

  Shim* shim_;
  io_uring_sq* sq_;
  unsigned head_;
  std::vector<io_uring_sqe> out_;
};

io_uring* RingOf(Shim* shim, int fd) {
  std::lock_guard<std::mutex> lock(shim->mutex);
  auto found = shim->rings.find(fd);
  return found == shim->rings.end() ? nullptr : found->second;
}

// On the thread that asked, as a slow disk would.
void Wait(uint32_t ms) {
  const __kernel_timespec time = TimeOf(ms);
  timespec pause = {time.tv_sec, static_cast<long>(time.tv_nsec)};
  // lint-allow: sleep: it is the fault itself
  while (nanosleep(&pause, &pause) != 0) {
  }
}

int Sync(const char* name, int fd) {
  Shim& shim = TheShim();
  if (shim.faults != nullptr) {
    if (FailsNow(shim.faults)) {
      errno = EIO;
      return -1;
    }
    Wait(SlowerMs(&shim));
  }
  return Real<int(int)>(name)(fd);
}

void Know(io_uring* ring) {
  Shim& shim = TheShim();
  if (shim.faults == nullptr) return;
  std::lock_guard<std::mutex> lock(shim.mutex);
  shim.rings[ring->enter_ring_fd] = ring;
}

void Forget(io_uring* ring) {
  Shim& shim = TheShim();
  std::lock_guard<std::mutex> lock(shim.mutex);
  shim.rings.erase(ring->enter_ring_fd);
}

// How many entries there are now to submit.
unsigned Changed(unsigned fd, unsigned to_submit) {
  Shim& shim = TheShim();
  io_uring* ring = to_submit == 0 ? nullptr : RingOf(&shim, static_cast<int>(fd));
  if (ring == nullptr) return to_submit;
  if (shim.faults->fail_at == 0 && shim.faults->slow_max_ms == 0) return to_submit;
  return to_submit + Submission(&shim, &ring->sq).Change();
}

}  // namespace
}  // namespace ringjournal::chaos

namespace chaos = ringjournal::chaos;

extern "C" {

int io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* params) {
  const int result =
      chaos::Real<decltype(io_uring_queue_init_params)>(__func__)(entries, ring, params);
  if (result >= 0) chaos::Know(ring);
  return result;
}

void io_uring_queue_exit(io_uring* ring) {
  chaos::Forget(ring);
  chaos::Real<decltype(io_uring_queue_exit)>(__func__)(ring);
}

int io_uring_enter2(unsigned fd, unsigned to_submit, unsigned min_complete, unsigned flags,
                    sigset_t* sig, size_t sig_bytes) {
  return chaos::Real<decltype(io_uring_enter2)>(__func__)(fd, chaos::Changed(fd, to_submit),
                                                          min_complete, flags, sig, sig_bytes);
}

int fsync(int fd) { return chaos::Sync(__func__, fd); }
int fdatasync(int fd) { return chaos::Sync(__func__, fd); }

}  // extern "C"
