// Limits of the client library, the command line and the benchmarks.
#ifndef JOURNAL_BASE_LIMITS_CLIENT_H_
#define JOURNAL_BASE_LIMITS_CLIENT_H_

#include <cstdint>

#include "journal/base/limits/journal.h"
#include "journal/base/limits/units.h"

namespace ringjournal::limits {

// ---- client ----
// Appends of one session without an answer, by default and at most: keeps any network busy, and a
// resend short.
inline constexpr uint32_t kClientAppendsInFlightDefault = 1024;
inline constexpr uint64_t kClientBytesInFlightDefault = 32 * kMiB;
// And at most: what a server's session takes before it pauses.
inline constexpr uint32_t kClientAppendsInFlightMax = kAppendsInFlightPerSessionMax;
inline constexpr uint64_t kClientBytesInFlightMax = kSessionBytesInFlightMax;
// A Writer's own deadline of one append, and of one request, unless the caller says otherwise.
inline constexpr uint32_t kClientAppendTimeoutMs = 30000;
inline constexpr uint32_t kClientRequestTimeoutMs = 10000;
// Text of a connection string: as many nodes as a cluster may have, each with its comma.
inline constexpr uint32_t kClientServersMax = 64;
inline constexpr uint32_t kClientServersBytesMax = kClientServersMax * 302;
// Answers that name the leader's address, followed at once; then with the pause of any other retry,
// as two nodes may each name the other while the leader changes.
inline constexpr uint32_t kClientLeadersFollowedMax = 3;
// The fake journal for users' tests: connections at once, and bytes that it keeps before its ring
// counts as full.
inline constexpr uint32_t kFakeJournalConnectionsMax = 64;
inline constexpr uint64_t kFakeJournalBytesMax = 256 * kMiB;
// Ranges of acknowledged LSNs that a session remembers, to name what a loss may have taken; 64 KiB.
inline constexpr uint32_t kClientAckedRangesMax = 4096;
// Credit of a reader, and so the memory that it may fill.
inline constexpr uint64_t kClientReadCreditBytes = 4 * kMiB;
// The command line's batch: large enough for full throughput, small enough for a short wait.
inline constexpr uint32_t kClientBatchTransactions = 512;
inline constexpr uint64_t kClientBatchBytes = 256 * kKiB;
// A cursor file is a dozen short lines; anything larger is something else.
inline constexpr uint32_t kCursorFileBytesMax = 4 * kKiB;

// ---- takeover ----
// How often an active writer says in its journal that it lives, and what it has acted on: a record
// of about 100 bytes.
inline constexpr uint32_t kWriterHeartbeatMs = 25;
// How long a standby hears nothing of the writer before it takes over: four heartbeats, for one or
// two may be late on a busy machine.
inline constexpr uint32_t kWriterSilentMs = 100;
// Ranges of LSNs in doubt that a standby remembers, 16 bytes each.
inline constexpr uint32_t kInDoubtRangesMax = 65536;
// Effects that a standby keeps for what the writer has not marked as acted on.
inline constexpr uint64_t kEffectBytesMax = 64 * kMiB;
// Digests of the state that a standby keeps to compare, and that one record of a writer's carries.
inline constexpr uint32_t kStateDigestsKept = 1024;
// One chunk of an application checkpoint: a transaction of the side journal.
inline constexpr uint32_t kCheckpointChunkBytes = 1 * kMiB;
// Ring of a side journal for application checkpoints, unless the caller says otherwise.
inline constexpr uint64_t kCheckpointRingBytes = 64 * kMiB;
// How long one application checkpoint may take to be saved, all chunks together: it waits for the
// disks of a majority, one of which may just come back.
inline constexpr uint32_t kCheckpointSaveTimeoutMs = 2 * 60 * 1000;
// How long a standby waits for a side journal that nobody leads, where it can do without: longer
// than a failover, shorter than a replay is worth waiting for.
inline constexpr uint32_t kCheckpointLoadPatienceMs = 5000;
// State of one application checkpoint: a quarter of a ring of 4 GiB.
inline constexpr uint64_t kApplicationCheckpointBytesMax = 1 * kGiB;

// ---- command line ----
// Output that is gathered before a write: large enough that the system call costs little.
inline constexpr uint64_t kOutputBufferBytes = 256 * kKiB;
// Transactions that a reading command takes at once: many enough to spread the cost of a call, few
// enough to stay in the processor's first cache.
inline constexpr uint32_t kReadBatchTransactions = 64;
// Memory of --reverse: so much is read forward before it is printed backward.
inline constexpr uint64_t kReverseBytesMax = 32 * kMiB;
// Transactions of the first piece that --reverse reads; pieces grow up to the bytes above.
inline constexpr uint32_t kReverseWindowTransactions = 1024;
// Payloads that one run of a --exec command takes at most.
inline constexpr uint32_t kExecBatchMax = 65536;
// One line of a JSON import: a transaction in base64, with its metadata.
inline constexpr uint64_t kImportLineBytesMax = 8 * kMiB;
// One read of an import's file.
inline constexpr uint64_t kImportReadBytes = 1 * kMiB;
// How often the progress bar is drawn, and how often a line is written where there is no terminal.
inline constexpr uint32_t kProgressBarMs = 200;
inline constexpr uint32_t kProgressLineMs = 5000;
// How often a followed read saves its cursor.
inline constexpr uint32_t kCursorSaveMs = 1000;

// ---- bench ----
// Connections of one load: its single thread looks at each of them in every turn.
inline constexpr uint32_t kBenchConnectionsMax = 64;
// Appends that a load encodes before its clock starts; a longer load repeats them.
inline constexpr uint64_t kBenchPoolBytesMax = 512 * kMiB;
// One send of a load: large enough that the system call costs little, small enough that the other
// end starts early.
inline constexpr uint64_t kBenchWriteBytes = 64 * kKiB;
// Times that bench runs floor and server in turn, for medians.
inline constexpr uint32_t kBenchRoundsMax = 1000;

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_CLIENT_H_
