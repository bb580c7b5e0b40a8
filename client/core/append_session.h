// A session that appends to one journal as one producer, exactly once, through any disconnect.
#ifndef CLIENT_CORE_APPEND_SESSION_H_
#define CLIENT_CORE_APPEND_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/core/acked_ranges.h"
#include "client/core/append_window.h"
#include "client/core/session.h"
#include "client/cursor.h"
#include "client/outcome.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

struct AppendSessionOptions {
  SessionOptions session;
  std::string journal;
  std::string producer;  // stable name; whoever opens it last fences the others
  // Random, this session's own: it tells its own late opening from another session's. 0: it cannot.
  uint64_t client_instance = 0;
  // The writer epoch that was acquired, of a fenced journal: once another one is granted, the
  // session ends, fenced, and is of no more use. Zero: none.
  Epoch writer;
  bool create = false;             // create the journal if there is none
  uint32_t accept_generation = 0;  // newest generation whose loss report the user has accepted
  // A client that holds nothing yet loses nothing: accept what was lost before its first open.
  bool accept_loss_before_first_open = false;
  uint32_t appends_in_flight_max = limits::kClientAppendsInFlightDefault;
  uint64_t bytes_in_flight_max = limits::kClientBytesInFlightDefault;
};

struct AppendStats {
  uint64_t resent = 0;      // appends that were put on the wire again
  uint64_t duplicates = 0;  // of them, answered as applied before
  uint64_t refusals = 0;    // appends that the server refused and that were sent again
};

// Numbers the transactions, keeps every append until its outcome is known, and after a disconnect
// resends exactly what is unanswered, with the same boundaries and sequences, so that the server
// can tell what it has. Each append gets one outcome, in order.
//
// An append refused for good (too large, a wrong expected LSN, …) takes everything queued behind it
// along as not applied, so that order is kept; what is appended later goes on from there.
//
// After a recovery that may have lost data, loss() is set and nothing is sent until AcceptLoss.
class AppendSession : public Session {
 public:
  explicit AppendSession(AppendSessionOptions options);

  // Room for a run of that size?
  bool HasRoom(size_t run_bytes) const { return window_.HasRoom(run_bytes); }
  // Queues one append; also before the first connection. Errors: kWindowFull (take outcomes, let
  // bytes flow, try again), kEmptyAppend, kTooLarge, and the session's end.
  absl::Status Append(const AppendRequest& request);
  // Takes the oldest append if its outcome is known.
  bool NextOutcome(AppendOutcome* outcome);

  size_t in_flight() const { return window_.size(); }
  // Every append has its outcome (which may still have to be taken).
  bool all_answered() const { return AllDone(window_.size()); }
  // True once the journal has been opened for the first time.
  bool opened() const { return numbered_; }
  bool streaming() const { return ready() && phase_ == Phase::kStreaming; }
  // What the next append's first transaction will be numbered; only while streaming().
  Sequence next_sequence() const { return next_sequence_; }
  // What an append may be, as the server says once it has greeted.
  uint32_t run_bytes_max() const { return frame_bytes_max_ - limits::kAppendOverheadBytesMax; }
  uint32_t transactions_max() const { return transactions_max_; }
  // The producer's last sequence at the first open: what earlier sessions had appended.
  Sequence last_sequence_at_open() const { return last_sequence_at_open_; }
  const AppendStats& stats() const { return stats_; }

  // Of the newest acknowledged append, as long as its entry's place is known.
  std::optional<Cursor> last_receipt() const;

  // A loss that waits for AcceptLoss. The session holds still until then.
  const LossNotice* loss() const { return loss_pending_ ? &loss_ : nullptr; }
  // The newest loss notice seen, accepted or not.
  const std::optional<LossNotice>& last_loss() const { return last_loss_; }
  void AcceptLoss(int64_t now_ns);

 protected:
  void OnConnected(int64_t now_ns) override;
  void OnHello(const v1::HelloReply& reply, int64_t now_ns) override;
  void OnFrame(const ServerFrame& frame, int64_t now_ns) override;
  void OnDisconnected(int64_t now_ns) override;
  void OnTick(int64_t now_ns) override;
  void OnStopped() override;
  int64_t NextTimerNs() const override;
  Owed owed() const override {
    return opened() && in_flight() == 0 ? Owed::kNothing : Owed::kAnswers;
  }

 private:
  enum class Phase { kOpening, kStreaming, kRefused, kResuming };

  void SendOpen();
  void HandleOpenReply(const v1::OpenReply& reply);
  bool OpenReplyFits(const v1::OpenReply& reply);
  bool LastMayBeOlder(const v1::OpenReply& reply) const;
  void Renumber(Sequence last_applied, bool may_be_older);
  void HandleError(const v1::ErrorReply& error, int64_t now_ns);
  void HandleOpenError(const v1::ErrorReply& error, int64_t now_ns);
  void HandleSessionError(const absl::Status& why);
  void HandleLoss(const v1::ErrorReply& error, int64_t now_ns);
  void LowerReceipt();
  void HandleAppendReply(const ServerFrame& frame);
  bool TakeResult(const v1::AppendResult& result);
  void HandleRefusal(size_t i, const v1::ErrorReply& error, int64_t now_ns);
  void RefuseForGood(size_t i, const absl::Status& why, int64_t now_ns);
  bool AllDone(size_t end) const;  // of the positions below `end`
  bool IsOwnFence(const v1::FencedDetail& fence) const;
  void Fence(size_t i, const absl::Status& why);
  void Pause(size_t i, const absl::Status& why, int64_t retry_at_ns, int64_t now_ns);
  void HandleResumeReply(const v1::ResumeReply& reply);
  void Enqueue(AppendSlot* slot);
  void ForgetQueued(size_t from);
  bool WasSent(const AppendSlot& slot) { return slot.ordinal < queue().completed(); }
  static void ResolveNotApplied(AppendSlot* slot, const absl::Status& why);
  static void ResolveUnknown(AppendSlot* slot, const std::string& why);

  AppendSessionOptions options_;
  AppendWindow window_;
  Phase phase_ = Phase::kOpening;
  bool numbered_ = false;  // next_sequence_ is known
  Sequence next_sequence_;
  Sequence acked_sequence_;
  Sequence last_sequence_at_open_;
  std::string journal_id_;
  uint32_t producer_epoch_ = 0;          // of the newest open that was answered; 0: none was
  uint32_t newest_generation_ = 0;       // seen or accepted; an older one is not followed
  uint32_t numbered_in_generation_ = 0;  // the sequences of the window
  uint64_t open_id_ = 0;
  uint64_t refused_id_ = 0;  // appends from this id on were refused
  uint64_t resume_id_ = 0;   // promised to the first append after a Resume; 0: none
  int64_t retry_at_ns_ = kNeverNs;
  bool loss_pending_ = false;
  LossNotice loss_;
  std::optional<LossNotice> last_loss_;
  absl::Status fenced_;
  AckedRanges acked_;
  v1::Receipt receipt_;           // of the newest acknowledged append
  v1::AppendReply append_reply_;  // reused
  uint32_t frame_bytes_max_ = limits::kFrameBytesMax;
  uint32_t transactions_max_ = limits::kTransactionsPerAppendMax;
  AppendStats stats_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_APPEND_SESSION_H_
