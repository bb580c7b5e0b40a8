// The caller's payloads or transactions, checked and encoded.
#ifndef CLIENT_C_APPEND_RUN_H_
#define CLIENT_C_APPEND_RUN_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "client/c/ringjournal.h"
#include "client/transaction_run.h"

namespace ringjournal::client::c {

class Payloads {
 public:
  virtual ~Payloads() = default;
  // May throw std::bad_alloc.
  virtual absl::StatusOr<TransactionRun> Run() const = 0;
};

// One transaction with only a payload.
class OnePayload : public Payloads {
 public:
  explicit OnePayload(rj_bytes payload) : payload_(payload) {}
  absl::StatusOr<TransactionRun> Run() const override;

 private:
  rj_bytes payload_;
};

// Several, of any version of the struct.
class Batch : public Payloads {
 public:
  Batch(const rj_transaction* first, size_t count) : first_(first), count_(count) {}
  absl::StatusOr<TransactionRun> Run() const override;

 private:
  const rj_transaction* first_;
  size_t count_;
};

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_APPEND_RUN_H_
