// One client connection as the shard sees it.
#ifndef SERVER_SESSION_SESSION_H_
#define SERVER_SESSION_SESSION_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/limits.h"
#include "journal/node/replica.h"
#include "journal/subscription/reader.h"
#include "journal/subscription/seek.h"
#include "server/cluster/replicated_journal.h"
#include "server/session/ack_encoder.h"
#include "server/session/effects.h"
#include "server/session/frame_intake.h"

namespace ringjournal {

// A named journal that this shard serves.
struct Journal {
  JournalNumber number = 0;
  v1::JournalConfig config;
  std::unique_ptr<Replica> replica;
  ReplicatedJournal* replicated = nullptr;  // the cluster's; null on a node alone
  Epoch served;                             // in which sessions were bound to it
  int64_t served_since_ns = 0;              // on the monotonic clock
  bool dirty = false;                       // something happened since the last EndOfBatch
  bool removed = false;                     // no longer served here
  bool retired = false;                     // because this node is no member any more; files stay
};

// First in, first out, without an allocation once it has grown.
class AckQueue {
 public:
  bool empty() const { return head_ == acks_.size(); }
  size_t size() const { return acks_.size() - head_; }
  const Ack& front() const { return acks_[head_]; }
  const Ack& back() const { return acks_.back(); }
  void push(const Ack& ack) { acks_.push_back(ack); }
  void pop() {
    if (++head_ == acks_.size()) {
      acks_.clear();
      head_ = 0;
    } else if (head_ >= 4096) {
      acks_.erase(acks_.begin(), acks_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
    }
  }

 private:
  std::vector<Ack> acks_;
  size_t head_ = 0;
};

// The end of a journal as it is for everybody (Open.linearizable): certain once everything up to
// `end`, where the log ended when it was asked for, is committed, and every member of the in-sync
// set has answered a heartbeat that left after that.
struct TailWait {
  Index end;
  uint64_t round = 0;  // of heartbeats
  int64_t give_up_ns = 0;
};

// A Read in progress, or a Locate: first its positions are found, one after the other, then it
// reads.
struct Subscription {
  std::optional<TailWait> tail;  // before anything is searched for
  // What must still be found stands in `seeks`, in the order `from`, `until`.
  std::deque<Seek> seeks;
  std::vector<Lsn> found;
  bool locate = false;  // only the position is asked for
  ReadRange range;
  std::optional<Reader> reader;  // once all is found

  uint32_t token() const { return reader ? reader->token() : seeks.front().token(); }
  bool waits_for_disk() const {
    return reader ? reader->waits_for_disk() : !seeks.empty() && seeks.front().waits_for_disk();
  }
  // First LSN that was not delivered; 0: not known yet.
  Lsn next() const { return reader ? reader->next() : Lsn(0); }
  void OnStorageDone(const StorageDone& done) {
    reader ? reader->OnStorageDone(done) : seeks.front().OnStorageDone(done);
  }
  void Stop(std::vector<StorageOp>* ops) {
    if (reader) return reader->Stop(ops);
    if (!seeks.empty()) seeks.front().Stop(ops);
  }

  uint64_t request_id = 0;
  uint32_t generation = 0;  // that the reader has seen; 0: nothing yet
  bool stopping = false;
  bool ended = false;  // its end was told: the journal was removed
  uint64_t credit_bytes = 0;
  std::string head;  // frame header of the run that is being sent
};

// A client waits until the journal is durable up to `index`.
struct CheckpointWaiter {
  uint64_t request_id = 0;
  Index index;
  JournalNumber journal = 0;
};

// An answer that may leave only once the log up to there is committed: another leader might know
// nothing of what it says.
struct DeferredReply {
  std::optional<Index> true_from;
  v1::ServerMessage message;
  // Likewise. With either of these the watermarks are those of when it leaves.
  std::optional<TailWait> tail;
  int64_t epoch_by_ns = 0;  // the epoch has to begin until then; 0: it has begun
};

struct Session {
  explicit Session(ConnectionNumber number, int64_t now_ns)
      : connection(number), accepted_ns(now_ns), last_receive_ns(now_ns), last_send_ns(now_ns) {}

  ConnectionNumber connection;
  int64_t accepted_ns;
  int64_t last_receive_ns;
  int64_t last_send_ns;
  FrameIntake intake{limits::kFrameBytesMaxBeforeHello};
  bool hello_done = false;
  bool closing = false;          // nothing more is read; closed once what is queued is sent
  bool paused = false;           // receiving is paused
  bool waits_for_admin = false;  // for its change of the config: frames behind it wait
  bool waits_for_peer = false;   // to take its replies: likewise
  bool receive_ended = false;    // the peer sends nothing more; what it asked is answered first
  std::string client_name;

  Journal* journal = nullptr;  // after Open
  bool may_append = false;
  ProducerHandle producer;
  Epoch writer;  // that it holds, of a fenced journal
  uint64_t last_request_id = 0;
  // An append was refused: so is everything behind it until Resume.
  bool refusing = false;
  int64_t stalled_since_ns = 0;  // an append waits for ring space; 0: none
  int64_t held_since_ns = 0;     // its frame waits for a leader who can answer it; 0: none
  AckQueue acks;
  bool in_ack_list = false;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  std::vector<CheckpointWaiter> checkpoint_waiters;
  std::deque<DeferredReply> deferred;
  // The answer to its Open still waits: nothing that follows from it may leave before.
  bool awaits_open() const {
    return !deferred.empty() && deferred.front().message.has_open_reply();
  }
  // Too many answers wait; or its epoch had not begun when it opened, and what it asks behind that
  // would be answered from a log that may not stay.
  bool frames_wait() const {
    return deferred.size() >= limits::kDeferredRepliesPerSessionMax ||
           (awaits_open() && deferred.front().epoch_by_ns != 0);
  }

  // Of a dropped session: its readers may still have operations there.
  Journal* journal_of_grave = nullptr;

  std::string out;                  // replies of this batch
  std::array<std::string, 2> sent;  // replies handed out, twice a batch at most
  uint32_t next_sent = 0;
  bool in_out_list = false;
  uint64_t send_queue_bytes = 0;  // not yet taken by the socket
  int64_t send_blocked_since_ns = 0;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_SESSION_H_
