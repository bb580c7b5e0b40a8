// The thread of a Writer, and the queue in front of it. Not a public header.
//
//   callers --Submit--> queue_ --TakeSubmitted--> AppendSession --outcome--> Report --> callback
//                      (waits here while there is no   (sent_: the same appends, in order)
//                       open session or no room in it)
#ifndef CLIENT_WRITER_LOOP_H_
#define CLIENT_WRITER_LOOP_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core/append_session.h"
#include "client/driver.h"
#include "client/options.h"
#include "client/writer.h"

namespace ringjournal::client {

// One append on its way.
struct PendingAppend {
  uint64_t id = 0;
  std::string run;
  uint32_t count = 0;
  uint32_t body_crc32c = 0;  // computed by the caller's thread
  Level level = Level::kReplicated;
  std::optional<Lsn> expected_lsn;
  AppendCallback done;
  int64_t deadline_ns = 0;  // by Driver::NowNs; rises with id, so outcomes at it keep the order
};

// Safe for any thread where not said otherwise.
class WriterLoop {
 public:
  WriterLoop(const ClientOptions& client, const std::string& journal, const WriterOptions& options);
  ~WriterLoop();

  // Connects and opens the journal on the calling thread, then starts the loop's own.
  absl::Status Open();

  // Accepts one append; *id tells it apart. Waits for room until `until_ns`, but never on the
  // loop's own thread.
  absl::Status Submit(PendingAppend append, int64_t until_ns, uint64_t* id);
  // Takes an append back: true if it was not sent and never will be; its callback then never runs.
  // Else *sequence says its first sequence, if it has one.
  bool Withdraw(uint64_t id, Sequence* sequence);

  // Waits until every append accepted so far has its outcome. False: not by `until_ns`.
  bool WaitFinished(int64_t until_ns);
  bool OnOwnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // What was reported since the last call of TakeFailure.
  struct Reported {
    uint64_t failures = 0;
    absl::Status first_failure;
  };
  Reported TakeFailures();
  // The least safe of what was applied since the last SetSafe; kDiskQuorum if nothing.
  Level safety(Lsn* highest) const;
  // Everything up to this LSN has reached the level.
  void SetSafe(Lsn up_to, Level level);

  absl::Status status() const;
  std::optional<LossNotice> last_loss() const;
  size_t in_flight() const;
  WriterStats stats() const;
  const std::string& producer() const { return producer_; }
  Sequence last_sequence_at_open() const { return session_.last_sequence_at_open(); }
  int64_t append_timeout_ns() const { return append_timeout_ns_; }
  Level default_level() const { return default_level_; }

 private:
  // In the session, or refused by it.
  struct Sent {
    uint64_t id = 0;
    uint64_t bytes = 0;
    Sequence first_sequence;
    int64_t deadline_ns = 0;
    AppendCallback done;
    bool reported = false;  // its time was over before its outcome came
    std::optional<AppendOutcome> refused;
  };

  void StartThread();
  void Run();
  void TakeSubmitted();
  bool TakeOne();
  void DeliverAnswered();
  void ExpireOverdue();
  void ExpireQueued(int64_t now_ns);
  void Report(uint64_t id, const AppendCallback& done, const AppendOutcome& outcome);
  void Note(const AppendOutcome& outcome);
  void DecideLoss();
  void NoteSession();
  int64_t NextDeadlineNs();
  void Wake();
  void WaitForWake();
  void ClearWake();
  bool HasRoom(size_t bytes) const;
  bool AllFinished(uint64_t up_to) const;

  ClientOptions client_options_;
  std::function<LossDecision(const LossNotice&)> on_loss_;
  const int64_t open_timeout_ns_;
  const int64_t append_timeout_ns_;
  const Level default_level_;
  const uint32_t appends_max_;
  const uint64_t bytes_max_;
  std::string producer_;
  AppendSession session_;  // of the loop's thread, from its start on
  Driver driver_;          // likewise
  int wake_ = -1;          // eventfd

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // room, outcomes, the end
  std::deque<PendingAppend> queue_;  // accepted, not taken by the session
  std::deque<Sent> sent_;            // changed by the loop's thread only
  uint64_t next_id_ = 1;
  uint64_t running_id_ = 0;  // whose callback runs now
  size_t in_flight_ = 0;     // in queue_ and sent_
  uint64_t bytes_ = 0;       // of those
  bool woken_ = false;       // the eventfd is readable
  bool stopping_ = false;
  absl::Status ended_;
  std::optional<LossNotice> last_loss_;
  Reported reported_;
  Level safety_ = Level::kDiskQuorum;
  Lsn highest_;
  WriterStats stats_;

  std::thread thread_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_WRITER_LOOP_H_
