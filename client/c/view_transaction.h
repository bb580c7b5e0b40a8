// A transaction as C programs see it.
#ifndef CLIENT_C_VIEW_TRANSACTION_H_
#define CLIENT_C_VIEW_TRANSACTION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/c/ringjournal.h"
#include "client/read_transaction.h"

namespace ringjournal::client::c {

// Points into `read` and `headers`.
absl::StatusOr<rj_read_transaction> ViewTransaction(const ReadTransaction& read,
                                                    std::vector<rj_header>* headers);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_VIEW_TRANSACTION_H_
