// Every limit of the system, in one place: unit, value, reason. docs/limits.md is checked against
// it.
#ifndef JOURNAL_BASE_LIMITS_H_
#define JOURNAL_BASE_LIMITS_H_

#include <cstdint>

namespace ringjournal::limits {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

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

// ---- replication ----
// A leader that has nothing to say says so this often: several in a row may be lost before anybody
// looks for another leader.
inline constexpr uint32_t kPeerHeartbeatMs = 10;
// When a client is to ask a leader again whose epoch has not begun yet: that takes one round trip
// between nodes.
inline constexpr uint32_t kEpochRetryMs = 10;
// How long a backup hears nothing before it wants to lead, and a leader before it drops a backup.
inline constexpr uint32_t kPeerGraceMs = 150;
// A leader that hears nothing of a backup for ten of its answers says nothing to it either.
inline constexpr uint32_t kPeerDeafMs = 100;
// How long a member of the in-sync set may acknowledge no entry while some wait for it: it answers,
// and yet holds everybody up. With the change of the config document clients wait 300 ms at most.
inline constexpr uint32_t kPeerStallMs = 200;
// A distant one may take twice as long as is usual of it, and at most this long.
inline constexpr uint32_t kPeerStallFactor = 2;
inline constexpr uint32_t kPeerStallMsMax = 1000;
// How long a catch-up may not get on. Above a disk's worst seconds: nobody waits for it.
inline constexpr uint32_t kCatchUpStallMs = 5000;
// A member of the in-sync set whose lag is more than so many percent of the ring is marked, and no
// longer so below the lowest: half of a ring is nothing that the round trip between nodes explains.
inline constexpr uint32_t kLaggardMarkPercent = 50;
inline constexpr uint32_t kLaggardClearPercent = 25;
// Above this it is dropped, if enough others stay: the rest of the ring is what appends have left
// until they must wait for it.
inline constexpr uint32_t kLaggardDropPercent = 75;
// How long a lag must last before it counts: a burst fills the ring faster than any acknowledgement
// can come.
inline constexpr uint32_t kLaggardHoldMs = 150;
// Acknowledgements that take less are never too late, whatever the others take: no longer than
// kPeerStallMs, for clients wait as long.
inline constexpr uint32_t kLaggardAgeFloorMs = 200;
// Nor are those that take less than so many times what they usually take (their 99th percentile).
inline constexpr uint32_t kLaggardAgeFactor = 8;
// Acknowledgements of a backup that say what is usual.
inline constexpr uint32_t kLaggardAges = 128;
// How long who asks for a linearizable end waits for a heartbeat of every member of the in-sync
// set: a dead one is dropped in the meantime (kPeerGraceMs, and a change of the config document).
inline constexpr uint32_t kTailWaitMs = 1000;
// Drops of a backup after which its waits do not double any more: about 3 s.
inline constexpr uint32_t kPeerBackOffDoublingsMax = 6;
// Connections of peers that were accepted: each node dials once, and may come again before the old
// one's end is seen.
inline constexpr uint32_t kPeerConnectionsMax = 4 * 64;
inline constexpr uint32_t kPeerRetryMs = 50;  // of an unanswered Follow, probe or connection
// How long a recovery from memory waits for all replicas of `complete`, and how long members of the
// in-sync set are left to elect one of themselves before others come in.
inline constexpr uint32_t kMemoryRecoveryWaitMs = 1000;
inline constexpr uint32_t kProbeFreshMs = 500;  // an older answer says nothing about now
// How long an operator's recovery asks all nodes: who lives answers one of many probes meanwhile.
inline constexpr uint32_t kRecoverAskMs = 1000;
// When its outcome is called unknown; a config store that is away must not hold an operator up.
inline constexpr uint32_t kRecoverWaitMs = 10000;
// An operator's written word; it stays in the config document.
inline constexpr uint32_t kStatementBytesMax = 200;
// The config document is read again this often: the store's watch is only a hint.
inline constexpr uint32_t kConfigPollMs = 500;
// A change of the config document without an answer is settled by a no-op change after this.
inline constexpr uint32_t kConfigSettleMs = 100;
// How long a planned handover waits for its target; appends wait, too: about a failover's time.
inline constexpr uint32_t kHandoverWaitMs = 250;
// How long a node that stops rests: who has taken over may share its disk and processors.
inline constexpr uint32_t kStopRestMs = 200;
// How long an append or an open waits for a handover or for an epoch to begin before it is refused:
// longer than a handover may take, and shorter than clients try a node (kNodeTriedMs).
inline constexpr uint32_t kHeldFrameMs = 350;
inline constexpr uint32_t kHandoverRetryMs = 10;  // when to append again that it has refused
// When to ask again for a change that another one is in the way of, or the state of the copies: a
// change takes the config store some milliseconds.
inline constexpr uint32_t kChangeRetryMs = 50;
// How long a client is in trouble before it says so: a failover is over by then.
inline constexpr uint32_t kClientNoticeAfterMs = 1000;
inline constexpr uint32_t kMembershipWaitMs = 10000;  // of a change, for the disks of who stays
// Bytes of a frame between nodes: the largest record with its envelope, or a state snapshot.
inline constexpr uint32_t kPeerFrameBytesMax = 16 * kMiB;
// Entries in one Replicate: large enough for the network, small enough that heartbeats pass.
inline constexpr uint32_t kReplicateBytesMax = 256 * kKiB;
// Entries sent to one backup and not acknowledged: 67 ms of a gigabit link, so many times the
// round trip between nodes that stand near each other; a slow backup must not take the leader's
// memory.
inline constexpr uint32_t kReplicateWindowBytes = 8 * kMiB;
// What the socket to one peer has not taken: then nothing but heartbeats is sent to it.
inline constexpr uint32_t kPeerSendQueueBytesMax = 4 * kMiB;

// ---- configuration and logs ----
// Serialised bytes of the config document: below the 1.5 MiB that etcd takes in one request.
inline constexpr uint32_t kConfigDocumentBytesMax = 1 * kMiB;
// Requests of one config store that are not answered yet; then Submit refuses.
inline constexpr uint32_t kConfigRequestsInFlightMax = 64;
// The thread of a config store that works on its own looks for work at least this often.
inline constexpr uint32_t kConfigWaitMs = 100;
// A node that starts asks the config store again after this, for as long as it takes.
inline constexpr uint32_t kRegisterRetryMs = 50;
// Socket buffers between nodes: a burst for a backup that reads late waits in the kernel, uncopied.
inline constexpr uint32_t kPeerSocketBufferBytes = 4 * kMiB;
// A peer's dead host is noticed after 3 s even where nothing is sent: its connections are not kept.
inline constexpr uint32_t kPeerKeepaliveIdleS = 1;
inline constexpr uint32_t kPeerKeepaliveIntervalS = 1;
inline constexpr uint32_t kPeerKeepaliveCount = 2;
// The file that says whose a data directory is.
inline constexpr uint32_t kDataDirOwnerBytesMax = 1 * kKiB;
// etcd as the config store. One request with all its attempts: longer than an election of etcd with
// its default settings (1 s to 2 s); whoever asked then decides anew.
inline constexpr uint32_t kEtcdRequestTimeoutMs = 2500;
// A connection, TLS included: far above any round trip between machines of one cluster, and below
// what a failover may cost, as an endpoint that is cut off is noticed by it.
inline constexpr uint32_t kEtcdConnectTimeoutMs = 200;
// A read without an answer is asked of another endpoint after this; reading twice costs nothing.
inline constexpr uint32_t kEtcdReadAttemptMs = 300;
// A change without an answer is called unknown after this: it is never sent twice.
inline constexpr uint32_t kEtcdCasAttemptMs = 1000;
// Pause before an endpoint that has just failed is asked again.
inline constexpr uint32_t kEtcdRetryMs = 20;
// The watch begins again after this; changes are read every kConfigPollMs meanwhile.
inline constexpr uint32_t kEtcdWatchRetryMs = 50;
// Connections of one store at a time, besides the watch: a node asks for one thing at a time,
// seldom for more; other requests wait their turn.
inline constexpr uint32_t kEtcdTransfersMax = 8;
// Bytes of one answer: the largest document in base64 (a third more) with its JSON, twice over.
inline constexpr uint32_t kEtcdAnswerBytesMax = 3 * kMiB;
// Clusters of etcd have 3 or 5 members.
inline constexpr uint32_t kEtcdEndpointsMax = 16;
// A scheme and kAddressBytesMax.
inline constexpr uint32_t kEtcdEndpointBytesMax = 320;
// Of the key in etcd; it stands in messages.
inline constexpr uint32_t kEtcdPrefixBytesMax = 256;
// Of the file that holds the password.
inline constexpr uint32_t kEtcdPasswordBytesMax = 1024;
// Of etcd's own words in our messages.
inline constexpr uint32_t kEtcdErrorTextBytesMax = 200;

inline constexpr uint64_t kIncarnationMax = (uint64_t{1} << 48) - 1;  // a sealed word of a ring
inline constexpr uint32_t kNodesMax = 64;             // of a cluster; each is in every document
inline constexpr uint32_t kNodeNameBytesMax = 64;     // it stands in log lines and metrics
inline constexpr uint32_t kAddressBytesMax = 300;     // a DNS name (253) and a port
inline constexpr uint32_t kChangeIdBytesMax = 64;     // of change ids and registration nonces
inline constexpr uint32_t kLossReasonBytesMax = 200;  // one sentence; the rest is cut off
// Log lines that wait for the writer thread (about 400 bytes each); then the oldest is dropped.
inline constexpr uint32_t kLogQueueLines = 4096;
// Bytes of one log line: a pipe takes so many at once without blocking (PIPE_BUF).
inline constexpr uint32_t kLogLineBytesMax = 4096;
// How long one line waits for a reader of stderr that has stopped reading.
inline constexpr uint32_t kLogStalledWaitMs = 200;
// Server settings. More idle spinning than this starves the disk on a small machine.
inline constexpr uint32_t kSpinUsMax = 10000;
inline constexpr uint32_t kSessionsMax = 1000000;
inline constexpr uint32_t kDrainTimeoutMsMax = 3600 * 1000;
// Bytes of the server's configuration file: many times what all settings with comments need, so
// that a wrong path (a segment, a device) is refused before it is read into memory.
inline constexpr uint64_t kConfigFileBytesMax = 64 * kKiB;

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

static_assert(kTransactionBytesMax + kAppendOverheadBytesMax < kFrameBytesMax);
static_assert(kFrameBytesMax < (1u << 28), "an entry's length is a 4-byte varint");
static_assert(kRingBytesMin % kBlockBytes == 0 && (kRingBytesMin & (kRingBytesMin - 1)) == 0);
static_assert(kSegmentBytesMax < (1ull << 31));

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_H_
