// A disk that is slow or fails, for a program that is started with LD_PRELOAD=libchaos_disk.so.
//
// ringjournald writes its groups with RWF_DSYNC through io_uring, past libc: no shim of write or
// fsync would see them. What it does call is liburing's io_uring_enter2, which tells the kernel of
// new entries. The shim changes them before: a write that is to take long stands behind a timeout
// linked to it, one that is to fail becomes a no-op whose result is EIO. So the kernel and the
// program both run as they are, the loop is never held up, and there is no switch in production
// code. fsync, which makes directories and new segments durable, is wrapped as usual.
//
// What it is to do is in a file of DiskFaults, mapped by both sides: $RINGJOURNAL_CHAOS_DISK.
// Without it nothing is changed.
#ifndef TESTS_CHAOS_DISK_SHIM_H_
#define TESTS_CHAOS_DISK_SHIM_H_

#include <atomic>
#include <cstdint>

namespace ringjournal::chaos {

// How a write fails.
enum class DiskFailure : uint32_t {
  kNothingWritten = 0,
  kSyncFailed = 1,  // the bytes are there
  kTorn = 2,        // the first half of the blocks is there
};

// The file; faults.py writes it. A write with RWF_DSYNC and an fsync are each a sync.
struct DiskFaults {
  std::atomic<uint32_t> slow_min_ms;  // each sync takes so long …
  std::atomic<uint32_t> slow_max_ms;  // … to so long; 0: as long as it takes
  std::atomic<uint32_t> fail_at;      // 1: the next sync fails, 2: the one after it; 0: none
  std::atomic<uint32_t> failure;      // a DiskFailure
  std::atomic<uint32_t> slowed;       // how many were, counted by the shim
  std::atomic<uint32_t> failed;
};

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_DISK_SHIM_H_
