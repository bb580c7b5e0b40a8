#include "client/c/view_transaction.h"

#include "absl/strings/str_cat.h"
#include "client/c/boundary.h"
#include "client/errors.h"
#include "client/transaction.h"

namespace ringjournal::client::c {

absl::StatusOr<rj_read_transaction> ViewTransaction(const ReadTransaction& read,
                                                    std::vector<rj_header>* headers) {
  Transaction parsed;
  if (!ParseTransaction(read.encoded, &parsed)) {
    return MakeError(ErrorCode::kMalformed,
                     absl::StrCat("the transaction at LSN ", read.lsn.value(),
                                  " cannot be decoded: read on behind it, and tell who wrote it"));
  }
  headers->clear();
  for (const TransactionHeader& header : parsed.headers) {
    headers->push_back({BytesOf(header.name), BytesOf(header.value)});
  }
  rj_read_transaction out = {};
  out.struct_size = sizeof out;
  out.header_count = static_cast<uint32_t>(headers->size());
  out.headers = headers->data();
  out.payload = BytesOf(parsed.payload);
  out.type = BytesOf(parsed.type);
  out.key = BytesOf(parsed.key);
  out.id = BytesOf(parsed.id);
  out.client_time_ns = parsed.client_time_ns;
  out.lsn = read.lsn.value();
  out.index = read.index.value();
  out.generation = read.epoch.generation;
  out.epoch = read.epoch.epoch;
  out.log_time_ns = read.log_time_ns;
  out.chain = read.chain;
  return out;
}

}  // namespace ringjournal::client::c
