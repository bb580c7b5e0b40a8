// Appends to a journal, from any thread: waiting, with a future, with a callback, or never waiting.
//
//   auto writer = journal.OpenWriter({.producer = "engine-1", .create = true});
//   AppendOutcome outcome = (*writer)->Append("payload", std::chrono::seconds(2));
//   switch (outcome.fate) { case Fate::kApplied: … case Fate::kNotApplied: … case Fate::kUnknown: …
//   }
#ifndef CLIENT_WRITER_H_
#define CLIENT_WRITER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/errors.h"
#include "client/options.h"
#include "client/outcome.h"
#include "client/transaction_run.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"

namespace ringjournal::client {

class Journal;

// Runs once for each append that was accepted, on the Writer's own thread, one at a time, in the
// order of the appends. It must not wait: while it runs, nothing is sent or received. It may call
// TryAppend and AppendAsync (which then never wait); calls that wait return kWrongThread there. It
// must not destroy the Writer, and must not throw: an exception that leaves it ends the process
// (std::terminate), because an outcome that nobody took must not be lost silently.
using AppendCallback = std::function<void(const AppendOutcome&)>;

enum class LossDecision {
  kStop,    // the Writer ends with kDataLoss
  kAccept,  // go on behind what is left; see LossNotice for what this Writer held
};

struct WriterOptions {
  // Stable name of who appends, so that a program that comes back goes on with its numbering and
  // ends what an older instance left behind. Empty: a random one, for this Writer only.
  std::string producer;
  // Of a fenced journal: what Journal::AcquireWriter has granted. Once somebody else is granted it,
  // the Writer ends by itself (kFenced), for good.
  Epoch writer;
  bool create = false;               // create the journal with default settings if there is none
  Level level = Level::kReplicated;  // of appends that do not name one
  // To connect and open, in all.
  std::chrono::nanoseconds open_timeout =
      std::chrono::milliseconds(limits::kClientRequestTimeoutMs);
  // Every append has an outcome at the latest so long after it was accepted.
  std::chrono::nanoseconds append_timeout =
      std::chrono::milliseconds(limits::kClientAppendTimeoutMs);
  // Accepted appends without an outcome, in number (1 to limits::kClientAppendsInFlightMax) and in
  // bytes (up to limits::kClientBytesInFlightMax); then the Writer is full.
  uint32_t appends_in_flight_max = limits::kClientAppendsInFlightDefault;
  uint64_t bytes_in_flight_max = limits::kClientBytesInFlightDefault;
  // Asked, on the Writer's thread, when a recovery of the journal may have lost what this Writer
  // has receipts for. Without it: kStop.
  std::function<LossDecision(const LossNotice&)> on_loss;
};

struct AppendOptions {
  std::optional<Level> level;
  std::optional<Lsn> expected_lsn;  // refuse unless the first transaction gets this LSN
};

struct WriterStats {
  uint64_t accepted = 0;
  uint64_t applied = 0;
  uint64_t not_applied = 0;
  uint64_t unknown = 0;
  uint64_t answered_late = 0;  // of the unknown ones: the server answered after all
  uint64_t resent = 0;         // appends put on the wire again
  uint64_t duplicates = 0;     // of them, answered as applied before
  uint64_t refusals = 0;       // refused for the time being, and sent again
  uint64_t reconnects = 0;
};

// One producer on one journal, with one connection and one thread of its own. Every method may be
// called from any thread at any time; appends of different threads are ordered as they were
// accepted. An append that the server refuses for good takes along those sent behind it
// (kBehindRefused), so that order is kept; later ones go on.
//
// Lost connections are made again, for as long as the Writer lives, and what is unanswered is sent
// again under its old sequence, so that nothing is doubled. The Writer ends by itself only when it
// was fenced, after a loss (see on_loss), when the journal is gone or the server breaks the
// protocol: appends are then refused with status(); open another Writer.
class Writer {
 public:
  // For Journal::OpenWriter. Errors: kDeadline (no node answered within open_timeout),
  // kJournalNotFound, kNameNotAllowed, …
  static absl::StatusOr<std::unique_ptr<Writer>> Open(const Journal& journal,
                                                      const ClientOptions& client,
                                                      const WriterOptions& options);
  // Sends nothing more. Every append gets its outcome first: not applied if it was never sent, else
  // unknown if it is unanswered. To wait for answers, Flush before. Not from a callback.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // One transaction, or all of `run` as one entry. Waits for the outcome, `timeout` at most (and
  // append_timeout): then not applied with kDeadline if it was not sent yet, else unknown.
  AppendOutcome Append(std::string_view payload, std::chrono::nanoseconds timeout,
                       const AppendOptions& options = {});
  AppendOutcome Append(TransactionRun run, std::chrono::nanoseconds timeout,
                       const AppendOptions& options = {});

  // Returns as soon as the append is accepted; while the Writer is full, waits for room at most
  // append_timeout. The future is ready at once if the append was not accepted, and is never
  // broken.
  std::future<AppendOutcome> AppendAsync(std::string_view payload,
                                         const AppendOptions& options = {});
  std::future<AppendOutcome> AppendAsync(TransactionRun run, const AppendOptions& options = {});
  // With OK, `done` runs exactly once. Else the append was not accepted, is not applied, and `done`
  // never runs: kWindowFull, kEmptyAppend, kTooLarge, or status() of a Writer that has ended.
  absl::Status AppendAsync(std::string_view payload, AppendCallback done,
                           const AppendOptions& options = {});
  absl::Status AppendAsync(TransactionRun run, AppendCallback done,
                           const AppendOptions& options = {});

  // The same and never waits, neither for room nor for the network: kWindowFull at once.
  absl::Status TryAppend(std::string_view payload, AppendCallback done,
                         const AppendOptions& options = {});
  absl::Status TryAppend(TransactionRun run, AppendCallback done,
                         const AppendOptions& options = {});

  // Waits until every append accepted before has its outcome (callbacks included) and is as safe as
  // `level`, by a checkpoint where needed. OK: all since the last Flush are applied, so safe.
  // Else the first of their errors, once; kDeadline if they are still under way.
  absl::Status Flush(Level level, std::chrono::nanoseconds timeout);

  // OK while appends are accepted; else why the Writer has ended.
  absl::Status status() const;
  // The newest loss that was reported to this Writer.
  std::optional<LossNotice> last_loss() const;
  // Accepted and without an outcome.
  size_t in_flight() const;
  WriterStats stats() const;
  const std::string& producer() const;
  // The producer's last sequence before this Writer opened: so many transactions were there.
  Sequence last_sequence_at_open() const;

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_WRITER_H_
