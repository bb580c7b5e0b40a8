// Reads a journal: a range, all of it, or its tail as it grows. Blocking and small.
//
//   auto reader = Reader::Open({.server = "127.0.0.1:7411"}, {.journal = "orders"});
//   ReadTransaction t;
//   while (*(*reader)->Next(&t) == ReadStep::kTransaction) Use(t.lsn, t.payload);
#ifndef CLIENT_READER_H_
#define CLIENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "client/cursor.h"
#include "client/errors.h"
#include "client/options.h"
#include "client/outcome.h"
#include "client/position.h"
#include "client/read_transaction.h"
#include "journal/base/limits.h"

namespace ringjournal {
struct RecordView;  // journal/format/entry_layout.h: not for those who only read transactions
}

namespace ringjournal::client {

struct ReaderOptions {
  std::string journal;
  Position from;
  std::optional<Cursor> cursor;  // instead of `from`: go on behind it; kBadCursor if it is foreign
  std::optional<Lsn> until_lsn;  // first that is not wanted any more
  // Instead of until_lsn: the last that is wanted, where it names a transaction; a time or newest
  // lies between two.
  std::optional<Position> until;
  bool follow = false;        // wait for more at the end instead of finishing
  bool durable_only = false;  // only what is on the server's disk
  uint64_t credit_bytes = limits::kClientReadCreditBytes;  // memory that the reader may fill
  uint32_t accept_generation = 0;
};

enum class ReadStep {
  kTransaction,
  kNothingYet,  // the time is over, or nothing has arrived
  kFinished,    // everything that was asked for has been delivered
};

// One reader. Verifies every entry; goes on after a disconnect without gap or repeat. Not thread
// safe: one thread at a time.
class Reader {
 public:
  // Connects, opens the journal and finds the positions. Errors by CodeOf: kCannotConnect,
  // kJournalNotFound, kTransactionNotFound, kBadCursor, …
  static absl::StatusOr<std::unique_ptr<Reader>> Open(const ClientOptions& client,
                                                      const ReaderOptions& options);
  // The same without waiting: connects and opens within Next, which returns what Open would have.
  static std::unique_ptr<Reader> Start(const ClientOptions& client, const ReaderOptions& options);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The next transaction; waits for it at most `timeout_ns` (0: only what is here; INT64_MAX: for
  // ever). Its bytes are valid until the next call. Errors: kTrimmed, kDamaged, kDataLoss (see
  // last_loss), kCannotConnect, …, and kStopped for an interrupt, after which Next may go on.
  absl::StatusOr<ReadStep> Next(ReadTransaction* transaction, int64_t timeout_ns = INT64_MAX);

  // The same for many at once, as many as are here and `into` holds: their number is *taken, more
  // than 0 with kTransaction and else 0. Cheaper than one by one where transactions are small.
  absl::StatusOr<ReadStep> Next(std::span<ReadTransaction> into, size_t* taken,
                                int64_t timeout_ns = INT64_MAX);

  // The next whole entry, verified, control records too: for who keeps entries as they are. Entries
  // that the range cuts come whole. Its bytes, times and errors are as with Next; not to be mixed
  // with it.
  absl::StatusOr<ReadStep> NextEntry(RecordView* view, int64_t timeout_ns = INT64_MAX);
  // Takes nothing: receives up to the credit and keeps the connection alive until the time is over.
  // Errors as with Next.
  absl::Status Wait(int64_t timeout_ns);

  // Behind the last transaction that Next has delivered: save it, and give it to another reader.
  Cursor cursor() const;
  // Where the range begins; for `oldest` the first that was kept at the open. 0: not known yet.
  Lsn from_lsn() const;
  // First LSN that is not wanted any more, once known.
  std::optional<Lsn> until_lsn() const;
  JournalId journal_id() const;
  uint32_t generation() const;
  // The newest generation of which the server has let it read on: nothing that it has delivered was
  // lost up to there. Behind generation() for as long as an answer takes.
  uint32_t seen_generation() const;
  // LSN of the next transaction that Next will deliver: where to resume. 0: not known yet.
  Lsn next_lsn() const;
  // Last LSN that could be read when the server last said so.
  Lsn visible_lsn() const;
  uint64_t reconnects() const;
  const std::optional<LossNotice>& last_loss() const;

 private:
  template <class Take>
  absl::StatusOr<ReadStep> Step(int64_t timeout_ns, Take take);
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_READER_H_
