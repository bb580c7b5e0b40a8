// Limits of entries, rings, segments and journals, and of the sessions that serve them.
#ifndef JOURNAL_BASE_LIMITS_JOURNAL_H_
#define JOURNAL_BASE_LIMITS_JOURNAL_H_

#include <cstdint>

#include "journal/base/limits/units.h"

namespace ringjournal::limits {

// ---- frames and appends ----
// Bytes of one frame's body. Large enough for a batch, small enough that 100 of them fit a ring.
inline constexpr uint32_t kFrameBytesMax = 8 * kMiB;
// Before its hello a client is nobody: it gets a small buffer.
inline constexpr uint32_t kFrameBytesMaxBeforeHello = 4 * kKiB;
// Frame bytes beside the transactions of an append: its own fields.
inline constexpr uint32_t kAppendOverheadBytesMax = 1 * kKiB;
// Bytes of one transaction, tag and length included.
inline constexpr uint32_t kTransactionBytesMax = 4 * kMiB;
// One append is one entry: its acknowledgement and its search stay short.
inline constexpr uint32_t kTransactionsPerAppendMax = 65536;
inline constexpr uint32_t kHeadersPerTransactionMax = 64;
// Frames of which the rest is received in place. Below, several come with one system call.
inline constexpr uint32_t kLargeFrameBytes = 16 * kKiB;
// Memory for cut frames that a connection keeps while it is idle: a rare large frame must not cost
// its buffer for the life of a session.
inline constexpr uint64_t kFrameBufferKeptBytes = 64 * kKiB;

// ---- names ----
inline constexpr uint32_t kJournalNameBytesMax = 100;  // fits a file name with room for suffixes
inline constexpr uint32_t kProducerNameBytesMax =
    64;  // so that an idle producer costs <= 128 bytes

// ---- rings ----
inline constexpr uint64_t kRingBytesMin = 64 * kKiB;
inline constexpr uint64_t kRingBytesDefault = 256 * kMiB;
inline constexpr uint64_t kRingBytesMax = 64 * kGiB;
// Shared memory of all rings of one node, unless the operator says otherwise.
inline constexpr uint64_t kRingBytesTotalDefault = 8 * kGiB;
// One sample of the LSN index per so many ring bytes: a look-up scans at most this much.
inline constexpr uint64_t kRingIndexStrideBytes = 64 * kKiB;
// A write of the ring's state snapshot at least every so many ring bytes (a share of the ring).
inline constexpr uint64_t kRingSnapshotsPerRing = 8;
// Kept free in a full ring for control records (trim, fence, producer open), at most this much and
// at most a 32nd of the ring.
inline constexpr uint64_t kRingControlReserveBytes = 16 * kKiB;
// Entries looked through for the place of a duplicate; beyond it the answer has no LSN.
inline constexpr uint64_t kDuplicateSearchEntriesMax = 200000;

// ---- segments and checkpoints ----
inline constexpr uint64_t kSegmentBytesMin = 1 * kMiB;
inline constexpr uint64_t kSegmentBytesDefault = 64 * kMiB;
// Retention by age: a hundred years. Longer means "keep", which is 0.
inline constexpr uint64_t kRetentionAgeMsMax = 100ull * 365 * 24 * 3600 * 1000;
// Longest that entries may wait for a checkpoint.
inline constexpr uint32_t kCheckpointIntervalMsMax = 24 * 3600 * 1000;
inline constexpr uint64_t kSegmentBytesMax = 2 * kGiB - 4 * kKiB;  // offsets fit 31 bits
inline constexpr uint32_t kBlockBytes = 4096;  // direct I/O alignment; the disk's physical block
inline constexpr uint64_t kGroupBytesMax = 1 * kMiB;  // entry bytes gathered into one disk write
inline constexpr uint32_t kGroupsInFlightMax = 4;     // beyond it this disk gets no faster
inline constexpr uint64_t kCheckpointBytesDefault = 1 * kMiB;
inline constexpr uint32_t kCheckpointIntervalMsDefault = 10;
// How long an append may wait for ring space that a checkpoint will free.
inline constexpr uint32_t kRingFullWaitMs = 2000;
inline constexpr uint32_t kStorageRetryMs = 500;  // how often a full disk is tried again

// ---- journals, producers, sessions ----
inline constexpr uint32_t kJournalsPerNodeMax = 1000;
inline constexpr uint32_t kProducersMaxDefault = 10000;
inline constexpr uint32_t kProducersMax = 100000;
inline constexpr uint32_t kProducerStateBytesMax = 128;  // one producer in a snapshot
// Producers that one answer names: it stays a small frame.
inline constexpr uint32_t kProducersNamedMax = 1000;
inline constexpr uint32_t kEpochHistoryMax = 4096;  // older epochs are forgotten first
inline constexpr uint32_t kSessionsMaxDefault = 10000;
// Acknowledgements that one session may wait for; then its receive is paused.
inline constexpr uint32_t kAppendsInFlightPerSessionMax = 16384;
// Replies not yet taken by the socket; then the session's receive is paused.
inline constexpr uint64_t kSendBufferPauseBytes = 1 * kMiB;
// And here the session is ended: the peer does not read.
inline constexpr uint64_t kSendBufferBytesMax = 16 * kMiB;
inline constexpr uint32_t kReadsPerSessionMax = 16;
// Requests for a checkpoint that one session may wait for; the disk answers them, not the session.
inline constexpr uint32_t kCheckpointWaitsPerSessionMax = 16;
// Answers of one session that wait for commit; then its frames wait. About 200 bytes each.
inline constexpr uint32_t kDeferredRepliesPerSessionMax = 256;
inline constexpr uint64_t kReadCreditBytesMax = 64 * kMiB;
inline constexpr uint64_t kReadChunkBytes = 256 * kKiB;  // of one ReadData
inline constexpr uint64_t kSegmentReadBytes = 1 * kMiB;  // of one read from a segment
// Stated to clients; a session that sends more is slowed at its socket.
inline constexpr uint64_t kSessionBytesInFlightMax = 64 * kMiB;
inline constexpr uint32_t kClientNameBytesMax = 100;
// Id of a transaction that a position names: it is kept as long as the search lasts.
inline constexpr uint32_t kPositionIdBytesMax = 4 * kKiB;

static_assert(kTransactionBytesMax + kAppendOverheadBytesMax < kFrameBytesMax);
static_assert(kFrameBytesMax < (1u << 28), "an entry's length is a 4-byte varint");
static_assert(kRingBytesMin % kBlockBytes == 0 && (kRingBytesMin & (kRingBytesMin - 1)) == 0);
static_assert(kSegmentBytesMax < (1ull << 31));

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_JOURNAL_H_
