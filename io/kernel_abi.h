// What the kernel offers and Debian 12's liburing 2.3 headers lack: constants and struct fields,
// each with the kernel version that brought it and how its presence is probed.
//
// Rule: a bit is passed to the kernel only after its probe succeeded; otherwise the older behaviour
// is used. Never pass IORING_SETUP_NO_SQARRAY (6.6): the kernel takes it, liburing 2.3 then
// overwrites the head of the ring and no completion is ever seen.
#ifndef IO_KERNEL_ABI_H_
#define IO_KERNEL_ABI_H_

#include <linux/time_types.h>

#include <cstddef>
#include <cstdint>

namespace ringjournal::io::abi {

// ---- io_uring_params.features ----
// 6.12. io_uring_getevents_arg.min_wait_usec is honoured.
inline constexpr uint32_t kFeatureMinTimeout = 1u << 15;
// 6.15. IORING_ENTER_NO_IOWAIT is honoured.
inline constexpr uint32_t kFeatureNoIowait = 1u << 17;

// ---- io_uring_enter flags ----
// 6.15, probed by kFeatureNoIowait. Without it a waiting ring is accounted as 100 % iowait.
inline constexpr uint32_t kEnterNoIowait = 1u << 7;

// ---- multishot receive ----
// sqe->len limits each receive (about 6.15) and sqe->optlen, which liburing 2.3 calls file_index,
// all of them together (6.17): then the multishot ends by itself. Probed by use: EINVAL where
// unknown.

// ---- provided buffer rings ----
// Flag of the registration, in the field that liburing 2.3 calls `pad`. 6.12, probed by
// registering: EINVAL where it is unknown. One buffer serves many receives, each consuming what it
// needs. Used only together with kFeatureNoIowait, though: before 6.15 a final completion that
// carries bytes can be seen after a later receive from the same buffer ("io_uring: ensure deferred
// completions are flushed for multishot"), and then nobody knows whose bytes are where.
inline constexpr uint16_t kBufferRingIncremental = 2;
// Flag of a completion, 6.12: the buffer will be used again. Not trusted where res is 0: some
// kernels forget it at end of stream although they keep the buffer.
inline constexpr uint32_t kCqeBufferMore = 1u << 4;

// The extended argument of io_uring_enter2 as of 6.12; liburing 2.3 calls min_wait_usec `pad`.
// Older kernels demand 0 there.
struct GetEventsArg {
  uint64_t sigmask;
  uint32_t sigmask_size;
  uint32_t min_wait_usec;
  uint64_t timespec;  // address of a __kernel_timespec
};
static_assert(sizeof(GetEventsArg) == 24 && offsetof(GetEventsArg, min_wait_usec) == 12);

}  // namespace ringjournal::io::abi

#endif  // IO_KERNEL_ABI_H_
