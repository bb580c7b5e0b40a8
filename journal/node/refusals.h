// What a refused request is told: what, why, what to do next.
#ifndef JOURNAL_NODE_REFUSALS_H_
#define JOURNAL_NODE_REFUSALS_H_

#include <string>

#include "journal/base/types.h"
#include "journal/node/writer_state.h"
#include "journal/producer/producer_table.h"
#include "proto/client.pb.h"

namespace ringjournal {

void Refuse(v1::ErrorCode code, std::string message, v1::ErrorReply* refusal);
void RefuseOutOfOrder(Sequence first, uint32_t count, Sequence last, v1::ErrorReply* refusal);
void RefuseChecksum(uint32_t stated, uint32_t computed, v1::ErrorReply* refusal);
void RefuseForRing(uint64_t record_bytes, uint64_t limit, v1::ErrorReply* refusal);
void RefuseForSegment(uint64_t record_bytes, uint64_t limit, v1::ErrorReply* refusal);
void RefuseFencedProducer(const ProducerState& state, v1::ErrorReply* refusal);
// `said`: the writer epoch that the caller says it holds; zero: none. `generation`: the journal's.
void RefuseFencedWriter(const WriterState& current, Epoch said, uint32_t generation,
                        v1::ErrorReply* refusal);
// A later writer epoch than any that this log knows: whoever granted it leads, not this node.
void RefuseUnknownWriter(Epoch said, Epoch newest, v1::ErrorReply* refusal);
// The newest fence is not committed yet, and may be lost with its leader.
void RefuseBeforeFence(const WriterState& current, v1::ErrorReply* refusal);
// Of a claim that names another writer epoch than the current one. `holds`: somebody holds that.
void RefuseHeldWriter(const WriterState& current, Epoch named, bool holds, v1::ErrorReply* refusal);
// A retry of applied sequences, in another batch than the one that was applied.
void RefuseOtherBoundaries(Sequence first, uint32_t count, Sequence applied_first,
                           uint32_t applied_count, Sequence last, v1::ErrorReply* refusal);
void RefuseExpectedLsn(Lsn expected, Lsn actual, v1::ErrorReply* refusal);
void RefuseProducers(uint32_t limit, v1::ErrorReply* refusal);
void RefuseDiskFull(v1::ErrorReply* refusal);
void RefuseNoSegment(uint32_t retry_after_ms, v1::ErrorReply* refusal);
// Nothing was changed, and soon it can be: `message` says what is waited for.
void RefuseNotYet(std::string message, uint32_t retry_after_ms, v1::ErrorReply* refusal);
// The leader of a new epoch has not begun it: the others do not have its first entry yet, or there
// is no room for that one.
void RefuseBeforeEpoch(v1::ErrorReply* refusal);
void RefuseEpochWithoutRoom(v1::ErrorReply* refusal);
void RefuseBackPressure(uint32_t retry_after_ms, v1::ErrorReply* refusal);

}  // namespace ringjournal

#endif  // JOURNAL_NODE_REFUSALS_H_
