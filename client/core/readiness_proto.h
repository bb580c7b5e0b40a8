// What a server says about a journal, as readiness. Pure.
#ifndef CLIENT_CORE_READINESS_PROTO_H_
#define CLIENT_CORE_READINESS_PROTO_H_

#include <string>

#include "client/journal_readiness.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// Everything but fence_round_trip_ns. `reply` is the leader's; any other node's says that there is
// no leader, and how the copies were.
JournalReadiness ReadinessOf(const v1::JournalReply& reply);

// Fills `ready` and `verdict` from the rest.
void JudgeReadiness(JournalReadiness* readiness);

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_READINESS_PROTO_H_
