// Limits of nodes that replicate: how long each waits for another, and how much it sends.
#ifndef JOURNAL_BASE_LIMITS_REPLICATION_H_
#define JOURNAL_BASE_LIMITS_REPLICATION_H_

#include <cstdint>

#include "journal/base/limits/units.h"

namespace ringjournal::limits {

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
// A claimant's name. The control page of a ring has room for one.
inline constexpr size_t kWriterClaimantBytesMax = 64;
inline constexpr size_t kWriterReasonBytesMax = 200;  // for people; stays in the log
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

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_REPLICATION_H_
