// What all client sessions share: connecting, the hello, heartbeats, giving up.
//
// Sans-I/O: a driver (or a simulator) feeds events and the time, and asks what to do. With equal
// events, times and seed a session does exactly the same.
//
//   driver:  if (s.wants_connection()) connect;            -> s.Connected(now) or
//   s.Disconnected(..)
//            n = s.Gather(spans); writev;                  -> s.Sent(bytes, now)
//            read into s.ReceiveRoom(), then elsewhere;    -> s.Received(in_room, behind, now)
//            if (s.wants_close()) close the connection;    -> s.Disconnected(why, now)
//            at s.deadline_ns() at the latest              -> s.Tick(now)
#ifndef CLIENT_CORE_SESSION_H_
#define CLIENT_CORE_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "client/core/send_queue.h"
#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

inline constexpr int64_t kNeverNs = INT64_MAX;
inline constexpr int64_t kMsNs = 1'000'000;
inline constexpr int64_t kSecondNs = 1'000 * kMsNs;

struct SessionOptions {
  std::string client_name = "ringjournal";  // shown in the server's log
  // How long to go on without progress before giving up; 0: the first failure is final.
  int64_t retry_for_ns = 60 * kSecondNs;
  int64_t backoff_min_ns = 10 * kMsNs;  // before the first reconnect; doubles each time
  int64_t backoff_max_ns = 1 * kSecondNs;
  // From the connection to the end of the handshake; a server that answers slower is not there.
  int64_t handshake_timeout_ns = 10 * kSecondNs;
  // Nodes that the driver tries in turn: the backoff comes once each of them has failed.
  uint32_t nodes = 1;
  uint64_t seed = 1;  // of the backoff's jitter
};

// One ServerMessage: the number of the field that is set, and its bytes.
struct ServerFrame {
  int field = 0;
  ByteSpan body;  // valid during the call only
};

// Base of every session. One thread; owns its buffers. Times are nanoseconds of one monotonic
// clock of the driver's choice.
class Session {
 public:
  explicit Session(SessionOptions options);
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- events ----
  void Connected(int64_t now_ns);
  void Received(ByteSpan bytes, int64_t now_ns) { Received(0, bytes, now_ns); }
  // `in_room` bytes were put into ReceiveRoom(), and `behind` came behind them.
  void Received(size_t in_room, ByteSpan behind, int64_t now_ns);
  // The connection ended, could not be made, or was closed because of wants_close().
  void Disconnected(const absl::Status& why, int64_t now_ns);
  void Tick(int64_t now_ns);
  // The transport took so many bytes of what Gather showed.
  void Sent(size_t bytes, int64_t now_ns);

  // ---- what the driver should do ----
  bool wants_connection() const { return state_ == State::kConnecting; }
  bool wants_close() const { return closing_ && state_ != State::kWaiting; }
  // Where the journal's leader is, if the last answer said so: connect there next, whatever nodes
  // were given. Only once, as it may be gone by now; empty: nobody said.
  std::string TakeLeaderAddress() { return std::exchange(leader_address_, {}); }
  bool knows_leader() const { return !leader_address_.empty(); }
  size_t Gather(std::span<ByteSpan> out) const { return queue_.Gather(out); }
  // Where the next bytes may be put, at most `bytes_max`: inside the large frame that they belong
  // to, which saves copying them. Empty: nowhere. Valid until the next event.
  std::span<std::byte> ReceiveRoom(size_t bytes_max);
  // Latest time for the next Tick; kNeverNs: none.
  int64_t deadline_ns() const;

  // ---- for the caller ----
  // Waits for the caller's decision, without a connection.
  bool held() const { return held_; }
  bool stopped() const { return state_ == State::kStopped; }
  // Why it stopped; OK as long as it runs.
  const absl::Status& status() const { return status_; }
  // The node did not answer in time, so the last connection was given up.
  bool was_silent() const { return was_silent_; }
  // Connections that were lost or could not be made, since the start.
  uint64_t disconnects() const { return disconnects_; }
  // Connections whose handshake was completed.
  uint64_t established() const { return established_; }
  // Connections that were established again after the first.
  uint64_t reconnects() const { return established_ > 1 ? established_ - 1 : 0; }
  // Why the last connection was lost, or the last request refused.
  const absl::Status& last_trouble() const { return last_trouble_; }
  // Since when nothing was achieved; kNeverNs: all is well. Before the first connection was tried
  // it is well, too.
  int64_t stalled_since_ns() const { return stalled_since_ns_; }
  // Ends the session for good; the driver closes the connection.
  void Stop(const absl::Status& why);

 protected:
  // The hello is on its way. What need not know the answer goes out behind it: who is sent to
  // another leader waits one round trip less.
  virtual void OnConnected(int64_t now_ns) {}
  // The server greeted.
  virtual void OnHello(const v1::HelloReply& reply, int64_t now_ns) = 0;
  // Any message but hello replies and heartbeats.
  virtual void OnFrame(const ServerFrame& frame, int64_t now_ns) = 0;
  virtual void OnDisconnected(int64_t now_ns) {}
  virtual void OnTick(int64_t now_ns) {}
  virtual void OnStopped() {}
  // What the node owes now: decides how soon its silence is noticed.
  enum class Owed { kNothing, kPushes, kAnswers };
  virtual Owed owed() const { return Owed::kAnswers; }
  virtual int64_t NextTimerNs() const { return kNeverNs; }

  void Send(const v1::ClientMessage& message);
  uint64_t TakeRequestId() { return next_request_id_++; }
  SendQueue& queue() { return queue_; }
  // The handshake is complete.
  void Established();
  // Something was achieved: backoff and patience start anew.
  void Progressed();
  // Something was refused: patience runs from now on, unless it runs already.
  void Stalled(const absl::Status& why, int64_t now_ns);
  bool retries() const { return options_.retry_for_ns > 0; }
  // An answer named the leader, and not too many did since something was achieved: even who does
  // not try again goes there.
  bool may_follow_leader() const {
    return knows_leader() && followed_ < limits::kClientLeadersFollowedMax;
  }
  // During OnFrame: keeps the memory that the frame lies in, and so its bytes. A copy if need be.
  FrameBuffer KeepFrame(const ServerFrame& frame, ByteSpan* body);
  // Memory of a frame that was kept and is not needed any more.
  void ReuseFrame(FrameBuffer buffer) { decoder_.Reuse(std::move(buffer)); }
  // Asks the driver to close; the session connects again after the backoff.
  void Reconnect(const absl::Status& why);
  // Does not connect until Unhold.
  void Hold() { held_ = true; }
  void Unhold(int64_t now_ns);
  bool ready() const { return state_ == State::kReady && !closing_; }
  // Parses or ends the connection as a protocol error.
  template <class Message>
  bool ParseBody(const ServerFrame& frame, Message* message) {
    if (message->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
      return true;
    }
    ProtocolError("a message does not parse");
    return false;
  }
  void ProtocolError(const std::string& what);

 private:
  enum class State { kWaiting, kConnecting, kHello, kReady, kStopped };

  void Dispatch(ByteSpan bytes, int64_t now_ns);
  void HandleHelloReply(const ServerFrame& frame, int64_t now_ns);
  void HandleHelloError(const ServerFrame& frame);
  void NoteLeader(const ServerFrame& frame);
  void CheckPatience(int64_t now_ns);
  void CheckLiveness(int64_t now_ns);
  void GiveUpSilent(const std::string& why);
  int64_t HeartbeatAfter() const;
  int64_t SilentAfter() const { return 2 * HeartbeatAfter() + 4 * round_trip_ns_; }
  int64_t NextHeartbeatNs() const;
  void ScheduleReconnect(int64_t now_ns);
  // Another node is to be tried before the next pause.
  bool InsideRound() const { return attempt_ % options_.nodes != 0; }

  SessionOptions options_;
  State state_ = State::kWaiting;
  bool closing_ = false;
  bool held_ = false;
  bool forgiven_ = false;  // the next disconnect is on purpose, not a failure
  absl::Status status_;
  absl::Status last_trouble_;
  absl::Status close_reason_;
  FrameDecoder decoder_;
  SendQueue queue_;
  uint64_t next_request_id_ = 1;
  uint64_t random_;
  uint32_t attempt_ = 0;
  std::string leader_address_;
  uint32_t followed_ = 0;  // such answers, since something was achieved
  uint64_t disconnects_ = 0;
  uint64_t established_ = 0;
  int64_t reconnect_at_ns_ = 0;
  int64_t stalled_since_ns_ = kNeverNs;
  int64_t handshake_deadline_ns_ = kNeverNs;
  int64_t heartbeat_interval_ns_ = 0;  // 0: the server wants none
  int64_t connected_ns_ = 0;
  int64_t round_trip_ns_ = 0;  // that the hello took
  int64_t asked_ns_ = 0;       // the first heartbeat since anything came; 0: none
  bool was_silent_ = false;
  int64_t last_sent_ns_ = 0;
  int64_t last_received_ns_ = 0;
};

// The code, message and detail of an ErrorReply as a Status.
absl::Status StatusOf(const v1::ErrorReply& error);

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_SESSION_H_
