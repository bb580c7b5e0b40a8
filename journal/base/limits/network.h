// Limits of event loops, connections and files, and their times.
#ifndef JOURNAL_BASE_LIMITS_NETWORK_H_
#define JOURNAL_BASE_LIMITS_NETWORK_H_

#include <cstdint>

#include "journal/base/limits/journal.h"
#include "journal/base/limits/units.h"

namespace ringjournal::limits {

// ---- network and files ----
// One turn of an event loop returns at most so many events, and stops taking received bytes beyond
// the other, so that acknowledgements flow while a peer floods us.
inline constexpr uint32_t kTurnEventsMax = 256;
inline constexpr uint64_t kTurnReceivedBytes = 1 * kMiB;
// Provided buffers of one loop, 16 MiB each way: one buffer serves many receives where the kernel
// can (count x bytes), else each receive takes a whole smaller one.
inline constexpr uint32_t kReceiveBuffers = 64;
inline constexpr uint32_t kReceiveBufferBytes = 256 * kKiB;
inline constexpr uint32_t kClassicReceiveBuffers = 256;
inline constexpr uint32_t kClassicReceiveBufferBytes = 64 * kKiB;
// What the kernel receives for one connection ahead of us, where it can be told (6.17): the most
// that still arrives after a pause, beside one buffer. Elsewhere all the buffers together.
inline constexpr uint32_t kReceiveAheadBytesMax = 1 * kMiB;
// Freed memory of this size and above is given back to the kernel at once.
inline constexpr int kReturnedBufferBytes = 128 * 1024;
// Unsent bytes go to the kernel in pieces of so many bytes, so that progress is seen.
inline constexpr uint32_t kSendChunkBytes = 256 * kKiB;
// When a connection's unsent bytes fall below it, the sender is told that it may go on.
inline constexpr uint64_t kSendLowMarkBytes = 256 * kKiB;
// The loop itself ends a connection here; sessions are to stop at kSendBufferBytesMax, at most one
// frame later.
inline constexpr uint64_t kSendQueueBytesMax = kSendBufferBytesMax + kFrameBytesMax;
// Buffers for unsent bytes that are kept for reuse, and the largest that is worth keeping: what a
// session that pauses at kSendBufferPauseBytes grows to. 64 MiB in all, at worst.
inline constexpr uint32_t kSparesMax = 16;
inline constexpr uint64_t kSpareBytesMax = 4 * kMiB;
// Connections of one loop: the slot has 24 bits in a completion.
inline constexpr uint32_t kLoopConnectionsMax = (1u << 24) - 1;
inline constexpr uint32_t kListenersMax = 16;
// File reads and writes of one loop that have not ended; more is a programmer's error.
inline constexpr uint32_t kFileOpsInFlightMax = 8192;
// Kernel threads for file operations that would block, per loop.
inline constexpr uint32_t kKernelWorkersMax = 2;
// After a connection's last byte is sent, how long and for how many bytes we still listen, so that
// the peer reads our last frame before a reset takes it away.
inline constexpr uint32_t kLingerMs = 2000;
inline constexpr uint64_t kLingerBytesMax = 64 * kMiB;
// Pause of accepting when descriptors ran out, unless a connection closes earlier.
inline constexpr uint32_t kAcceptRetryMs = 100;
inline constexpr int kListenBacklog = 4096;  // the kernel lowers it to net.core.somaxconn
// A dead peer is noticed after 5 + 3 * 4 = 17 s.
inline constexpr uint32_t kKeepaliveIdleS = 5;
inline constexpr uint32_t kKeepaliveIntervalS = 4;
inline constexpr uint32_t kKeepaliveCount = 3;
// How long the lock of a data directory is tried: after a SIGKILL the kernel still holds the files
// of operations in flight.
inline constexpr uint32_t kDirectoryLockWaitMs = 250;
// And how long where the holder is seen to be dying: on a busy disk the kernel may need seconds to
// end the operations of a killed process.
inline constexpr uint32_t kDyingLockHolderWaitMs = 10000;
// How long the set-up of an event loop waits for memory that the kernel has not taken back yet.
inline constexpr uint32_t kRingSetupWaitMs = 500;
// Blocking jobs that wait for the control thread; more is a programmer's error. Every journal may
// have a few at once.
inline constexpr uint32_t kWorkerJobsMax = 8 * kJournalsPerNodeMax;

// ---- time ----
inline constexpr uint32_t kHelloTimeoutMs = 10000;
inline constexpr uint32_t kStalledFrameTimeoutMs = 30000;
inline constexpr uint32_t kStalledSendTimeoutMs = 30000;
inline constexpr uint32_t kHeartbeatIntervalMs = 5000;
// The same for clients of one of several nodes that wait for its answer: whether it is still there
// is asked so often, as another may lead by now. Such an answer may take two of them and four round
// trips. Readers ask four times less often, who waits for nothing as above.
inline constexpr uint32_t kClusterHeartbeatMs = 50;
// Where there are several nodes, one that neither accepts a connection nor greets within this is
// passed over: it may be frozen or cut off, while its host still accepts.
inline constexpr uint32_t kNodeTriedMs = 400;
// An address that has been silent again and again is not gone to for so long, although another node
// still names it: as long as a try of it takes, twice.
inline constexpr uint32_t kSilentNodeMs = 2 * kNodeTriedMs;
inline constexpr uint32_t kIdleTimeoutMs = 60000;
inline constexpr uint32_t kDrainTimeoutMs = 10000;
// How long a start waits for a port: a killed process's listener goes with its last operation.
inline constexpr uint32_t kListenRetryMs = 1500;
// Log time never jumps further than this ahead of the last entry's for one bad clock reading.
inline constexpr uint64_t kLogTimeJumpNsMax = 10ull * 1000 * 1000 * 1000;

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_NETWORK_H_
