#include "client/core/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

// Who waits for nothing asks no more often, and readers so many times less often than who waits for
// an answer.
constexpr int64_t kIdleHeartbeatNs = limits::kHeartbeatIntervalMs * kMsNs;
constexpr int64_t kPushesShare = 4;
// A server that was slow to greet may be slow, but not for ever.
constexpr int64_t kRoundTripMaxNs = 500 * kMsNs;
constexpr uint32_t kBackoffDoublingsMax = 20;

uint64_t NextRandom(uint64_t* state) {  // splitmix64
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Finds the set field of a ServerMessage. Unknown scalar fields are skipped: a newer server may
// send them.
bool FindField(ByteSpan message, ServerFrame* out) {
  const std::byte* pos = message.data();
  const std::byte* end = pos + message.size();
  out->field = 0;
  while (pos != end) {
    uint64_t tag, value;
    if (!ReadVarint(&pos, end, &tag)) return false;
    size_t skip = 0;
    switch (tag & 7) {
      case 0:
        if (!ReadVarint(&pos, end, &value)) return false;
        continue;
      case 1:
        skip = 8;
        break;
      case 5:
        skip = 4;
        break;
      case 2:
        if (!ReadVarint(&pos, end, &value)) return false;
        skip = value;
        break;
      default:
        return false;
    }
    if (skip > static_cast<size_t>(end - pos)) return false;
    if ((tag & 7) == 2) *out = {static_cast<int>(tag >> 3), {pos, skip}};
    pos += skip;
  }
  return out->field != 0;
}

}  // namespace

absl::Status StatusOf(const v1::ErrorReply& error) {
  return MakeError(static_cast<ErrorCode>(error.code()), error.message());
}

Session::Session(SessionOptions options)
    : options_(std::move(options)), decoder_(limits::kFrameBytesMax), random_(options_.seed) {}

void Session::Connected(int64_t now_ns) {
  if (state_ != State::kConnecting) return;
  state_ = State::kHello;
  const bool others = options_.nodes > 1 || followed_ > 0;
  const int64_t tried_ns = others ? limits::kNodeTriedMs * kMsNs : kNeverNs;
  handshake_deadline_ns_ = now_ns + std::min(options_.handshake_timeout_ns, tried_ns);
  last_sent_ns_ = last_received_ns_ = connected_ns_ = now_ns;
  asked_ns_ = 0;
  was_silent_ = false;
  queue_.Clear();
  decoder_ = FrameDecoder(limits::kFrameBytesMax);
  queue_.PushOwned(std::string(kPreface));
  v1::ClientMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_protocol_min(1);
  hello->set_protocol_max(1);
  hello->set_client_name(options_.client_name);
  hello->set_request_id(TakeRequestId());
  Send(message);
  OnConnected(now_ns);
}

std::span<std::byte> Session::ReceiveRoom(size_t bytes_max) {
  return ready() ? decoder_.Room(bytes_max) : std::span<std::byte>();
}

void Session::Received(size_t in_room, ByteSpan bytes, int64_t now_ns) {
  last_received_ns_ = now_ns;
  asked_ns_ = 0;
  if (in_room > 0) decoder_.Filled(in_room);
  ByteSpan frame;
  while ((state_ == State::kHello || state_ == State::kReady) && !closing_) {
    switch (decoder_.Next(&bytes, &frame)) {
      case FrameDecoder::Result::kNeedMore:
        return;
      case FrameDecoder::Result::kTooLarge:
        return ProtocolError(absl::StrCat("a frame of ", decoder_.announced_bytes(), " bytes"));
      case FrameDecoder::Result::kFrame:
        Dispatch(frame, now_ns);
    }
  }
}

FrameBuffer Session::KeepFrame(const ServerFrame& frame, ByteSpan* body) {
  FrameBuffer buffer = decoder_.TakeBuffer();
  if (buffer.empty()) {
    buffer.Append(frame.body);
    *body = buffer.bytes();
  } else {
    *body = frame.body;
  }
  return buffer;
}

void Session::Dispatch(ByteSpan bytes, int64_t now_ns) {
  ServerFrame frame;
  if (!FindField(bytes, &frame)) return ProtocolError("a message does not parse");
  if (frame.field == v1::ServerMessage::kHeartbeat) return;
  if (frame.field == v1::ServerMessage::kError) NoteLeader(frame);
  if (state_ == State::kHello) {
    if (frame.field == v1::ServerMessage::kError) return HandleHelloError(frame);
    if (frame.field != v1::ServerMessage::kHelloReply) return ProtocolError("no hello reply");
    return HandleHelloReply(frame, now_ns);
  }
  OnFrame(frame, now_ns);
}

void Session::HandleHelloReply(const ServerFrame& frame, int64_t now_ns) {
  v1::HelloReply reply;
  if (!ParseBody(frame, &reply)) return;
  state_ = State::kReady;
  heartbeat_interval_ns_ = reply.heartbeat_interval_ms() * kMsNs;
  round_trip_ns_ = std::min(now_ns - connected_ns_, kRoundTripMaxNs);
  OnHello(reply, now_ns);
}

void Session::HandleHelloError(const ServerFrame& frame) {
  v1::ErrorReply error;
  if (!ParseBody(frame, &error)) return;
  absl::Status why = StatusOf(error);
  // Too many sessions now may be fewer later.
  if (IsTransient(CodeOf(why)) || CodeOf(why) == ErrorCode::kLimit) return Reconnect(why);
  Stop(why);
}

// Of what cannot be read its owner complains.
void Session::NoteLeader(const ServerFrame& frame) {
  v1::ErrorReply error;
  if (!error.ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) return;
  leader_address_ = error.has_back_pressure() ? error.back_pressure().leader_address()
                                              : error.not_leader().leader_address();
}

void Session::Disconnected(const absl::Status& why, int64_t now_ns) {
  closing_ = false;
  if (stopped() || state_ == State::kWaiting) return;
  bool was_connected = state_ != State::kConnecting;
  absl::Status reason = close_reason_.ok() ? why : close_reason_;
  close_reason_ = absl::OkStatus();
  ++disconnects_;
  handshake_deadline_ns_ = kNeverNs;
  state_ = State::kWaiting;
  Stalled(reason, now_ns);
  if (was_connected) OnDisconnected(now_ns);
  queue_.Clear();
  if (stopped()) return;
  ScheduleReconnect(now_ns);
  if (std::exchange(forgiven_, false)) {
    stalled_since_ns_ = kNeverNs;
    return;
  }
  CheckPatience(now_ns);
}

void Session::ScheduleReconnect(int64_t now_ns) {
  ++attempt_;
  reconnect_at_ns_ = now_ns;
  if (!leader_address_.empty()) {
    // Who is told where to go goes there at once; two nodes that each name the other are not
    // chased: after a pause, and in turn with the nodes that were given.
    if (++followed_ <= limits::kClientLeadersFollowedMax) return;
    if (followed_ % 2 == 0) leader_address_.clear();
  }
  if (leader_address_.empty() && InsideRound()) return;
  uint32_t rounds = std::max(attempt_ / options_.nodes, 1u);
  int64_t delay = options_.backoff_min_ns << std::min(rounds - 1, kBackoffDoublingsMax);
  delay = std::min(delay, options_.backoff_max_ns);
  // Half fixed, half random, so that clients of a restarted server do not come in step.
  int64_t half = delay / 2;
  reconnect_at_ns_ = now_ns + half + static_cast<int64_t>(NextRandom(&random_) % (half + 1));
}

void Session::Tick(int64_t now_ns) {
  if (stopped()) return;
  if (state_ == State::kWaiting && !held_ && now_ns >= reconnect_at_ns_) {
    if (stalled_since_ns_ == kNeverNs) stalled_since_ns_ = now_ns;
    state_ = State::kConnecting;
    return;
  }
  CheckPatience(now_ns);
  if (stopped() || closing_) return;
  CheckLiveness(now_ns);
  if (ready()) OnTick(now_ns);
}

void Session::CheckPatience(int64_t now_ns) {
  if (stalled_since_ns_ == kNeverNs || held_) return;
  if (now_ns - stalled_since_ns_ < options_.retry_for_ns) return;
  // The one try of each node, or of the leader that one of them named, is under way.
  const bool trying = state_ != State::kWaiting || InsideRound() || knows_leader();
  if (options_.retry_for_ns == 0 && trying) return;
  ErrorCode code = CodeOf(last_trouble_);
  if (code == ErrorCode::kUnknown) code = ErrorCode::kCannotConnect;
  std::string reason(last_trouble_.message());
  if (reason.empty()) reason = "the server did not answer; see its log";
  if (options_.retry_for_ns == 0) return Stop(MakeError(code, reason));
  Stop(MakeError(code, absl::StrCat("gave up after ", options_.retry_for_ns / kMsNs,
                                    " ms without progress: ", reason)));
}

void Session::CheckLiveness(int64_t now_ns) {
  if (now_ns >= handshake_deadline_ns_) {
    return GiveUpSilent(
        "the server accepted the connection but did not answer the handshake in time: see the "
        "server's log");
  }
  if (state_ != State::kReady || heartbeat_interval_ns_ == 0) return;
  if (asked_ns_ != 0 && now_ns >= asked_ns_ + SilentAfter()) {
    return GiveUpSilent(
        "the server is silent: it answers no heartbeat; see its log and the network");
  }
  if (now_ns < NextHeartbeatNs()) return;
  v1::ClientMessage message;
  message.mutable_heartbeat()->set_nonce(next_request_id_);
  Send(message);
  last_sent_ns_ = now_ns;
  if (asked_ns_ == 0) asked_ns_ = now_ns;
}

void Session::GiveUpSilent(const std::string& why) {
  was_silent_ = true;
  Reconnect(MakeError(ErrorCode::kCannotConnect, why));
}

int64_t Session::HeartbeatAfter() const {
  switch (owed()) {
    case Owed::kAnswers:
      return heartbeat_interval_ns_;
    case Owed::kPushes:
      return std::min(kPushesShare * heartbeat_interval_ns_,
                      std::max(heartbeat_interval_ns_, kIdleHeartbeatNs));
    case Owed::kNothing:
      return std::max(heartbeat_interval_ns_, kIdleHeartbeatNs);
  }
  return heartbeat_interval_ns_;
}

// The server answers each, and wants one now and then. One is enough while it is not answered.
int64_t Session::NextHeartbeatNs() const {
  const int64_t to_be_heard_ns = last_sent_ns_ + HeartbeatAfter();
  return asked_ns_ != 0 ? to_be_heard_ns
                        : std::min(to_be_heard_ns, last_received_ns_ + HeartbeatAfter());
}

int64_t Session::deadline_ns() const {
  if (stopped() || closing_) return kNeverNs;
  int64_t deadline = kNeverNs;
  bool patient = stalled_since_ns_ == kNeverNs || held_ || options_.retry_for_ns == 0;
  if (!patient) deadline = stalled_since_ns_ + options_.retry_for_ns;
  if (state_ == State::kWaiting) return held_ ? kNeverNs : std::min(deadline, reconnect_at_ns_);
  if (state_ == State::kConnecting) return deadline;
  deadline = std::min(deadline, handshake_deadline_ns_);
  if (state_ != State::kReady) return deadline;
  deadline = std::min(deadline, NextTimerNs());
  if (heartbeat_interval_ns_ == 0) return deadline;
  if (asked_ns_ != 0) deadline = std::min(deadline, asked_ns_ + SilentAfter());
  return std::min(deadline, NextHeartbeatNs());
}

void Session::Sent(size_t bytes, int64_t now_ns) {
  queue_.Advance(bytes);
  last_sent_ns_ = now_ns;
}

void Session::Send(const v1::ClientMessage& message) {
  std::string frame(kFrameHeaderBytes, '\0');
  message.AppendToString(&frame);
  Store32(frame.data(), static_cast<uint32_t>(frame.size() - kFrameHeaderBytes));
  queue_.PushOwned(std::move(frame));
}

void Session::Established() {
  handshake_deadline_ns_ = kNeverNs;
  ++established_;
}

void Session::Progressed() {
  attempt_ = 0;
  followed_ = 0;
  stalled_since_ns_ = kNeverNs;
}

void Session::Stalled(const absl::Status& why, int64_t now_ns) {
  last_trouble_ = why;
  if (stalled_since_ns_ == kNeverNs) stalled_since_ns_ = now_ns;
}

void Session::Reconnect(const absl::Status& why) {
  if (stopped() || closing_) return;
  close_reason_ = why;
  closing_ = true;
}

void Session::Unhold(int64_t now_ns) {
  if (!held_) return;
  held_ = false;
  attempt_ = 0;
  reconnect_at_ns_ = now_ns;
  stalled_since_ns_ = kNeverNs;
  forgiven_ = state_ != State::kWaiting;
}

void Session::Stop(const absl::Status& why) {
  if (stopped()) return;
  closing_ = state_ == State::kHello || state_ == State::kReady || state_ == State::kConnecting;
  status_ = why;
  state_ = State::kStopped;
  OnStopped();
  queue_.Clear();
}

void Session::ProtocolError(const std::string& what) {
  Stop(MakeError(ErrorCode::kProtocol,
                 absl::StrCat("the server does not speak the ringjournal protocol (", what,
                              "): check the address and the versions of both sides")));
}

}  // namespace ringjournal::client
