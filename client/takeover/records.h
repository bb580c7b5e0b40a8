// Transactions that the library itself writes among the user's.
#ifndef CLIENT_TAKEOVER_RECORDS_H_
#define CLIENT_TAKEOVER_RECORDS_H_

#include <string>
#include <string_view>

#include "client/read_transaction.h"
#include "client/transaction_run.h"
#include "proto/application.pb.h"

namespace ringjournal::client {

inline constexpr std::string_view kWriterRecordType = "ringjournal.v1.WriterRecord";
inline constexpr std::string_view kCheckpointChunkType = "ringjournal.v1.CheckpointChunk";

// What a transaction is to who replays it.
enum class RecordKind {
  kUser,          // the application's own
  kWriterRecord,  // see WriterRecord
  kForeign,       // of the library, of a kind that this version does not know: to be passed over
  kMalformed,     // says that it is a WriterRecord, and cannot be read
};

// The payload is the first field and the type the next: nothing behind it, no type. So it is the
// application's own, without a look at anything but its ends.
inline bool HasOnlyPayload(const ReadTransaction& t) {
  return t.payload.data() + t.payload.size() == t.encoded.data() + t.encoded.size();
}

// Cheap for a transaction that has only a payload. `record` is filled with kWriterRecord.
RecordKind ReadRecord(const ReadTransaction& transaction, v1::WriterRecord* record);

// Appends it to a run, as one transaction.
void AddRecord(const v1::WriterRecord& record, TransactionRun* run);

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_RECORDS_H_
