// Appends to a journal, exactly once, riding through disconnects. Blocking and small; the
// asynchronous library builds on the same core.
//
//   auto appender = Appender::Open({.server = "127.0.0.1:7411"}, {.journal = "orders"});
//   TransactionRun run;
//   run.Add("payload");
//   (*appender)->Append({.run = run.bytes(), .count = run.count()});
//   (*appender)->WaitAnswered();
//   AppendOutcome outcome;
//   while ((*appender)->NextOutcome(&outcome)) ...
#ifndef CLIENT_APPENDER_H_
#define CLIENT_APPENDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/append_request.h"
#include "client/cursor.h"
#include "client/errors.h"
#include "client/options.h"
#include "client/outcome.h"
#include "client/transaction_run.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

struct AppenderOptions {
  std::string journal;
  std::string producer;            // stable name; empty: a random one
  Epoch writer;                    // of a fenced journal: see Journal::AcquireWriter
  bool create = false;             // create the journal with default settings if there is none
  uint32_t accept_generation = 0;  // newest generation whose loss report the user has accepted
  // Losses before the first open concern nobody who holds nothing: set it for a new producer.
  bool accept_loss_before_first_open = false;
  uint32_t appends_in_flight_max = limits::kClientAppendsInFlightDefault;
  uint64_t bytes_in_flight_max = limits::kClientBytesInFlightDefault;
};

struct AppenderStats {
  uint64_t resent = 0;      // appends put on the wire again
  uint64_t duplicates = 0;  // of them, answered as applied before
  uint64_t refusals = 0;    // refused for the time being
  uint64_t reconnects = 0;
};

// One producer on one journal. Not thread safe: one thread at a time. Destroying it closes the
// connection; appends without an outcome may or may not be applied.
class Appender {
 public:
  // Connects and opens the journal; waits for options.retry_for_ns at most. Errors by CodeOf:
  // kCannotConnect, kJournalNotFound, kNameNotAllowed, kDataLoss (see `loss`, if not null), …
  static absl::StatusOr<std::unique_ptr<Appender>> Open(const ClientOptions& client,
                                                        const AppenderOptions& options,
                                                        std::optional<LossNotice>* loss = nullptr);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  // Queues one append; copies its bytes; sends nothing before Flush, Poll or WaitAnswered. Errors:
  // kWindowFull (Poll and take outcomes), kTooLarge, kEmptyAppend, or the end of the session.
  absl::Status Append(const AppendRequest& request);
  bool HasRoom(size_t run_bytes) const;

  // Sends what is queued as far as the kernel takes it. Does not wait.
  void Flush();
  // Sends, waits until something happens (at most `timeout_ns`), receives. *readable gets bit i if
  // fds[i] is readable; at most 6. Errors end the session, but kStopped for an interrupt.
  absl::Status Poll(int64_t timeout_ns, std::span<const int> fds = {},
                    uint32_t* readable = nullptr);
  // Polls until every append has an outcome, which are then to be taken.
  absl::Status WaitAnswered();
  // Takes the oldest outcome; they come in the order of the appends.
  bool NextOutcome(AppendOutcome* outcome);

  // Appends whose outcome was not taken.
  size_t in_flight() const;
  // The producer's last sequence before this session: so many transactions an earlier one appended.
  Sequence last_sequence_at_open() const;
  const std::string& producer() const;
  AppenderStats stats() const;
  // The newest loss report, waiting for acceptance or not.
  const std::optional<LossNotice>& last_loss() const;
  // Of the newest acknowledged append: for SaveCursor, and Journal::CheckReceipt later. nullopt:
  // none was acknowledged with its place.
  std::optional<Cursor> last_receipt() const;
  // Ends the session: what is unanswered gets its outcome, not applied or unknown.
  void Stop();

 private:
  struct Impl;
  explicit Appender(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_APPENDER_H_
