// A transaction system in waiting: follows a fenced journal live, and becomes its writer in one
// call.
//
//   auto standby = Standby::Open(journal, &book, {.name = "engine-b"});
//   while (*(*standby)->Follow(std::chrono::seconds(1)) != StandbyStep::kWriterSilent) {}
//   auto promotion = (*standby)->TakeOver();
//   // promotion->report says what was lost and what is in doubt; promotion->effects are to be
//   brought
//   // about (again); promotion->writer appends.
#ifndef CLIENT_TAKEOVER_STANDBY_H_
#define CLIENT_TAKEOVER_STANDBY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/journal.h"
#include "client/takeover/active_writer.h"
#include "client/takeover/report.h"
#include "client/takeover/state_machine.h"
#include "client/writer.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

struct StandbyOptions {
  // Who this is: it stands in claims, fences and reports, and is the name of the producer that it
  // appends as. 1 to limits::kWriterClaimantBytesMax bytes; another one for each process.
  std::string name;
  // No word of the writer for so long, while the journal has a leader, and Follow says so. Several
  // heartbeats of the writer's.
  std::chrono::nanoseconds silent_after = std::chrono::milliseconds(limits::kWriterSilentMs);
  std::chrono::nanoseconds heartbeat = std::chrono::milliseconds(limits::kWriterHeartbeatMs);
  // The state's digest is taken behind every so many LSNs, by writer and standby; 0: never.
  uint64_t digest_every = 0;
  // Effects kept for what the writer has not marked as acted on.
  uint64_t effect_bytes_max = limits::kEffectBytesMax;
  // Start from the newest application checkpoint (checkpoints.h) if there is one.
  bool use_checkpoints = true;
  // Without a checkpoint: from the oldest transaction that is kept instead of the first. For a
  // state that needs nothing of what was trimmed, such as a count.
  bool from_oldest = false;
  // Of the Writer after a takeover; `producer` and `writer` are set here.
  WriterOptions writer;
};

enum class StandbyStep {
  kFollowing,  // the time is over, and all is well
  // Nothing was heard of the writer, or there is none: TakeOver? Or a TakeOver was granted and
  // ended before its end: older writers are fenced already, so call it again.
  kWriterSilent,
};

struct TakeOverOptions {
  std::string reason;  // at most limits::kWriterReasonBytesMax bytes, for people; it is journaled
  // Whoever is the writer, without naming him: for an operator who knows what he does. The journal
  // says so for ever.
  bool force = false;
  // From this one only, zero: only if nobody was ever granted it. Else from whoever is the writer
  // at the call, or was silent.
  std::optional<Epoch> replaces;
  // False: Promotion::writer stays null. For who writes in another way, or lets another process: a
  // Writer that was opened says that it lives until it is destroyed.
  bool open_writer = true;
  std::chrono::nanoseconds timeout = std::chrono::milliseconds(limits::kClientRequestTimeoutMs);
};

// The result of a takeover.
struct Promotion {
  TakeoverReport report;
  // Of the transactions in doubt, in order: what they bring about may have been brought about
  // already, so do it in a way that can be repeated (an idempotent request; an output journal with
  // sequences derived from the LSN, whose appends should carry AppendOptions::expected_lsn, so that
  // one which comes late from who was replaced is refused). Then
  // ActiveWriter::MarkActed(report.final_lsn).
  std::vector<Effect> effects;
  // Where the state stands: the last transaction below the fence, of which journal.
  Cursor boundary;
  std::unique_ptr<ActiveWriter> writer;  // null without TakeOverOptions::open_writer
};

// How ready it is, at this moment, without asking anybody. How ready the journal is, which needs a
// question, says Journal::GetReadiness: on another thread, if Follow is not to wait for the answer.
struct Readiness {
  uint64_t lag = 0;                  // transactions that can be read and are not applied yet
  double replay_rate = 0;            // transactions per second while it had something to do
  int64_t fence_round_trip_ns = 0;   // as last measured, with the connection
  int64_t takeover_estimate_ns = 0;  // of fence and replay: lag ÷ replay rate + fence round trip
  int64_t silent_for_ns = 0;         // since the writer's last word
  Epoch writer;
  std::string claimant;
};

// One connection, no thread of its own: everything happens inside Follow and TakeOver, on the
// caller's thread. Not thread safe: one thread at a time.
class Standby {
 public:
  // Loads the newest application checkpoint that the journal goes on behind, if wanted, and opens
  // the journal there; without one, at its first transaction: also where their journal has no
  // leader for limits::kCheckpointLoadPatienceMs. `state` must outlive the Standby.
  // Errors: kBadSetting (the journal is not fenced; names), kTrimmed (the journal does not go back
  // to a checkpoint, nor to its first transaction), kBadCursor or kDataLoss (nor that, and the
  // newest checkpoint is of a history that a recovery gave up), those of a Reader.
  static absl::StatusOr<std::unique_ptr<Standby>> Open(const Journal& journal, StateMachine* state,
                                                       const StandbyOptions& options);
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  // Applies what comes, until nothing is heard of the writer or the time is over; at once where a
  // TakeOver was granted and has to be called again. An outage, however long (and whatever
  // ClientOptions::retry_for_ns says), is waited for in the same way. Errors end the Standby, but
  // kStopped (an interrupt): kStateDiverged (the writer's digest is another one), kApplyFailed,
  // kEffectsFull, kBadRecord, kTrimmed (it lags behind what was trimmed), kDataLoss or kBadCursor
  // (a recovery took back what was applied: start anew from a checkpoint below), kDamaged,
  // kBadSetting and kJournalNotFound (the journal is fenced no more, or gone).
  absl::StatusOr<StandbyStep> Follow(std::chrono::nanoseconds timeout);

  // Becomes the writer: fence, the rest of the older writers' transactions, Writer. By hand at any
  // time, or behind kWriterSilent. kWriterHeld, or kFenced: somebody else has come first, or right
  // behind; Follow goes on. After kDeadline and kCannotConnect it may be called again: what was
  // granted is granted again. After success the Standby is at its end.
  absl::StatusOr<Promotion> TakeOver(const TakeOverOptions& options = {});

  Readiness readiness() const;
  // Behind the last transaction applied: for an application checkpoint.
  Cursor cursor() const;
  // LSN of the next transaction that will be applied.
  Lsn next_lsn() const;

 private:
  struct Impl;
  explicit Standby(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_STANDBY_H_
