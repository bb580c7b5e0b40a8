// Limits of the config document, the config store, logs and settings.
#ifndef JOURNAL_BASE_LIMITS_CONFIG_H_
#define JOURNAL_BASE_LIMITS_CONFIG_H_

#include <cstdint>

#include "journal/base/limits/units.h"

namespace ringjournal::limits {

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

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_CONFIG_H_
