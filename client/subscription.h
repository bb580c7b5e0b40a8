// Reads a journal and remembers where it is.
//
//   auto subscription = journal.Subscribe({.from = Position::Oldest(), .follow = true});
//   ReadTransaction t;
//   while (*(*subscription)->Next(&t) == ReadStep::kTransaction) {
//     Use(t.payload);
//     SaveCursor(path, (*subscription)->cursor());  // behind what Use did, or in one step with it
//   }
#ifndef CLIENT_SUBSCRIPTION_H_
#define CLIENT_SUBSCRIPTION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "client/cursor.h"
#include "client/options.h"
#include "client/outcome.h"
#include "client/read_transaction.h"
#include "client/reader.h"

namespace ringjournal::client {

// A Reader with a cursor. One connection, no thread of its own: everything happens inside Next, on
// the caller's thread. Not thread safe: one thread at a time.
class Subscription {
 public:
  // Connects and opens options.journal; for Journal::Subscribe. With a cursor, first makes sure
  // that the journal is the one that the cursor was saved in and still holds what it had delivered.
  static absl::StatusOr<std::unique_ptr<Subscription>> Open(const ClientOptions& client,
                                                            const ReaderOptions& options,
                                                            const Cursor* cursor);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // The next transaction; waits for it at most `timeout` (0: only what is here). Its bytes are
  // valid until the next call. Errors as for Reader::Next; after one, open again with cursor().
  absl::StatusOr<ReadStep> Next(ReadTransaction* transaction,
                                std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max());

  // Behind the last transaction that Next delivered. Before the first it stands where reading will
  // start, if that is known, else at the oldest.
  Cursor cursor() const;
  // Last LSN that could be read when the server last said so.
  Lsn visible_lsn() const;
  uint64_t reconnects() const;
  // The newest loss that was reported to this reader.
  const std::optional<LossNotice>& last_loss() const;

 private:
  struct Impl;
  explicit Subscription(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_SUBSCRIPTION_H_
