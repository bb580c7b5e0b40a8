#include "io/memory_holder.h"

#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "io/errno_status.h"

namespace ringjournal::io {
namespace {

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kWritten = true;

// Of the C library nothing may be called in the holder: its errno is that of the thread that made
// it, since the thread-local storage is shared too.
int64_t Call(int64_t number, int64_t a = 0, int64_t b = 0, int64_t c = 0, int64_t d = 0,
             int64_t e = 0) {
  int64_t result;
  register int64_t r10 asm("r10") = d;
  register int64_t r8 asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
}
#else
constexpr bool kWritten = false;
int64_t Call(int64_t, int64_t = 0, int64_t = 0, int64_t = 0, int64_t = 0, int64_t = 0) {
  return -ENOSYS;
}
#endif

constexpr size_t kStackBytes = 16 * 1024;
// Never freed, so that it is there for as long as the holder may be.
alignas(64) std::byte g_stack[kStackBytes];

std::span<std::byte> g_first[MemoryHolder::kFirstMax];
std::atomic<size_t> g_first_count = 0;

// The memory is taken down in the kernel, which gives a processor away only now and then meanwhile,
// whatever the priority: 100 ms in which whoever takes over had half of two processors. So that
// comes after the failover.
constexpr int64_t kRestNs = 500'000'000;
constexpr int kLowestPriority = 19;  // of setpriority(2)

// All that the holder ever does. The mask, inherited, blocks all signals: SIGTERM for a whole
// service or terminal is not for it.
int Hold(void* argument) {
  static constexpr char kName[] = "rj-memory";
  const int64_t owner = reinterpret_cast<intptr_t>(argument);
  Call(SYS_prctl, PR_SET_NAME, reinterpret_cast<int64_t>(kName));
  if (owner > 0) Call(SYS_close_range, 0, owner - 1, 0);
  Call(SYS_close_range, owner + 1, UINT32_MAX, 0);
  // Readable once all threads of the owner are past closing its descriptors. A death signal of the
  // parent (PR_SET_PDEATHSIG) comes with its first thread: a later one may then be the last to use
  // the memory, and would take it down before it closes the descriptors.
  pollfd end = {.fd = static_cast<int>(owner), .events = POLLIN, .revents = 0};
  while (Call(SYS_ppoll, reinterpret_cast<int64_t>(&end), 1) == -EINTR) {
  }
  const size_t first = g_first_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < first; ++i) {
    Call(SYS_munmap, reinterpret_cast<intptr_t>(g_first[i].data()),
         static_cast<int64_t>(g_first[i].size()));
  }
  Call(SYS_setpriority, PRIO_PROCESS, 0, kLowestPriority);
  const timespec rest = {.tv_sec = kRestNs / 1'000'000'000, .tv_nsec = kRestNs % 1'000'000'000};
  Call(SYS_nanosleep, reinterpret_cast<int64_t>(&rest));
  Call(SYS_exit_group, 0);
  return 0;
}

bool UnderValgrind() {
  const char* preloaded = getenv("LD_PRELOAD");
  return preloaded != nullptr && strstr(preloaded, "vgpreload") != nullptr;
}

}  // namespace

absl::StatusOr<MemoryHolder> MemoryHolder::Start() {
  if (!kWritten || UnderValgrind()) {
    return absl::UnimplementedError("there is no memory holder in this build or under this tool");
  }
  const auto owner = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (owner < 0) return ErrnoStatus(errno, "cannot watch this process for the memory holder");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // No signal at its end, which nobody waits for. Debuggers are not to follow it: they would take
  // their breakpoints out of memory that is shared.
  const int pid = clone(Hold, g_stack + kStackBytes, CLONE_VM | CLONE_UNTRACED,
                        reinterpret_cast<void*>(intptr_t{owner}));
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(owner);
  if (pid < 0) return ErrnoStatus(error, "cannot start the memory holder");
  return MemoryHolder(pid);
}

void MemoryHolder::UnmapFirst(std::span<std::byte> mapping) {
  const size_t count = g_first_count.load(std::memory_order_relaxed);
  if (count == kFirstMax) return;
  g_first[count] = mapping;
  g_first_count.store(count + 1, std::memory_order_release);
}

MemoryHolder::~MemoryHolder() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace ringjournal::io
