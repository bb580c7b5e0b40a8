// A transaction with its metadata, as a writer gives it and a reader finds it.
#ifndef CLIENT_TRANSACTION_H_
#define CLIENT_TRANSACTION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/bytes.h"

namespace ringjournal::client {

// A name and a value that travel with a transaction. Views; the bytes belong to the caller.
struct TransactionHeader {
  std::string_view name;  // UTF-8
  std::string_view value;
  friend bool operator==(const TransactionHeader&, const TransactionHeader&) = default;
};

// Views; the bytes belong to the caller. Everything but the payload may be left out.
struct Transaction {
  std::string_view payload;     // opaque to the server
  std::string_view type;        // full protobuf name of the payload's message, if it is one; UTF-8
  std::string_view key;         // what the transaction is about, for filters
  std::string_view id;          // the user's own id of it, for seek
  uint64_t client_time_ns = 0;  // Unix time by the client's clock; 0: not given
  std::vector<TransactionHeader> headers;
};

// Appends the serialised ringjournal.v1.Transaction to *out, without tag and length.
void EncodeTransaction(const Transaction& transaction, std::string* out);

// Reads ReadTransaction::encoded; the views point into it. False if it is malformed. Fields that
// this version does not know are skipped.
bool ParseTransaction(ByteSpan encoded, Transaction* transaction);

}  // namespace ringjournal::client

#endif  // CLIENT_TRANSACTION_H_
