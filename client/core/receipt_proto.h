// A receipt as the protocol writes it.
#ifndef CLIENT_CORE_RECEIPT_PROTO_H_
#define CLIENT_CORE_RECEIPT_PROTO_H_

#include <string>

#include "client/cursor.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

inline void FillReceipt(const Cursor& cursor, v1::Receipt* receipt) {
  receipt->set_journal_id(std::string(cursor.journal.view()));
  receipt->set_generation(cursor.epoch.generation);
  receipt->set_epoch(cursor.epoch.epoch);
  receipt->set_index(cursor.index.value());
  receipt->set_last_lsn(cursor.lsn.value());
  receipt->set_chain(cursor.chain);
}

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_RECEIPT_PROTO_H_
