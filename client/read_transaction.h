// One transaction as a reader sees it.
#ifndef CLIENT_READ_TRANSACTION_H_
#define CLIENT_READ_TRANSACTION_H_

#include <cstdint>

#include "journal/base/bytes.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// A view: the bytes belong to the reader.
struct ReadTransaction {
  Lsn lsn;
  Index index;  // of the entry that holds it
  Epoch epoch;
  Epoch writer;  // writer epoch that it was appended with; zero: the journal was not fenced
  uint64_t log_time_ns = 0;  // Unix time of the entry by the leader's clock
  uint64_t chain = 0;        // chain hash up to and with the entry
  ByteSpan encoded;          // the serialised ringjournal.v1.Transaction
  ByteSpan payload;          // the user's bytes in it
};

}  // namespace ringjournal::client

#endif  // CLIENT_READ_TRANSACTION_H_
