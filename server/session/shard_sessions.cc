// The life of a session: accepted, slowed, timed out, drained, dropped.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/node/refusals.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kTimeoutCheckNs = 500 * kMs;

void Forget(std::vector<Session*>* list, Session* session) {
  list->erase(std::remove(list->begin(), list->end(), session), list->end());
}

}  // namespace

Session* Shard::FindSession(ConnectionNumber connection) {
  auto it = sessions_.find(connection);
  return it == sessions_.end() ? nullptr : it->second.get();
}

void Shard::OnAccepted(const Accepted& event) {
  auto session = std::make_unique<Session>(event.connection, now_.monotonic_ns);
  Session* s = session.get();
  sessions_.emplace(event.connection, std::move(session));
  if (sessions_.size() > options_.sessions_max) {
    EndWith(s, v1::ERROR_CODE_LIMIT,
            absl::StrCat("the server has its limit of ", options_.sessions_max,
                         " sessions; try again later or raise --sessions-max"));
  } else if (!takes_sessions()) {
    EndWith(s, v1::ERROR_CODE_SHUTTING_DOWN, "the server is shutting down; connect again soon");
  }
}

// Receiving is paused while an append waits, while the peer does not take its replies, and at the
// end.
void Shard::UpdatePause(Session* session) {
  bool pause = session->intake.stalled() || session->closing || session->receive_ended ||
               session->send_queue_bytes > limits::kSendBufferPauseBytes;
  if (pause == session->paused) return;
  session->paused = pause;
  // Of one turn's words the last counts, whatever the order in which they are carried out.
  auto* overruled = pause ? &effects_->resumes : &effects_->pauses;
  overruled->erase(std::remove(overruled->begin(), overruled->end(), session->connection),
                   overruled->end());
  (pause ? effects_->pauses : effects_->resumes).push_back(session->connection);
}

void Shard::OnReceiveEnded(const ReceiveEnded& event) {
  Session* session = FindSession(event.connection);
  if (session == nullptr) return;
  // Half-closed: what was asked is answered first, frames that wait included. An error or an idle
  // session ends at once.
  if (event.error != 0 || !Owes(*session)) return DropSession(event.connection);
  if (session->receive_ended) return;
  session->receive_ended = true;
  if (!session->closing) closing_.push_back(session);
  UpdatePause(session);
}

// Whether answers are still to come; reads are given up.
bool Shard::Owes(const Session& session) {
  return !session.acks.empty() || session.intake.stalled() || !session.out.empty() ||
         !session.deferred.empty() || session.waits_for_admin ||
         !session.checkpoint_waiters.empty();
}

void Shard::DropSession(ConnectionNumber connection) {
  auto it = sessions_.find(connection);
  if (it == sessions_.end()) return;
  Session* session = it->second.get();
  for (auto* list :
       {&with_acks_, &with_out_, &stalled_, &readers_, &checkpointers_, &deferring_, &closing_}) {
    Forget(list, session);
  }
  // A creation has memory on its way; any other change that nobody waits for is not begun.
  auto is_idle = [&](const PendingChange& c) {
    const bool begun = c.submitted || c.kind == PendingChange::Kind::kCreate;
    return c.connection == connection && !begun;
  };
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(), is_idle), changes_.end());
  if (session->journal != nullptr) {
    for (auto& subscription : session->subscriptions) subscription->Stop(&ops_);
    EmitStorage(session->journal);
  }
  effects_->closes.push_back(connection);
  // A reader's buffer may be in the kernel's hands, and effects may point into the session.
  session->journal_of_grave = session->journal;
  session->journal = nullptr;
  graveyard_.push_back(std::move(it->second));
  sessions_.erase(it);
}

void Shard::OnSendQueue(const SendQueue& event) {
  Session* session = FindSession(event.connection);
  if (session == nullptr) return;
  session->send_queue_bytes = event.queued_bytes;
  if (event.queued_bytes == 0)
    session->send_blocked_since_ns = 0;
  else if (session->send_blocked_since_ns == 0)
    session->send_blocked_since_ns = now_.monotonic_ns;
  if (event.queued_bytes > limits::kSendBufferBytesMax) return DropSession(event.connection);
  UpdatePause(session);
}

// A closing session goes once everything it is owed has been handed out.
void Shard::CloseFinished() {
  std::vector<ConnectionNumber> finished;
  for (Session* session : closing_) {
    if (!Owes(*session)) finished.push_back(session->connection);
  }
  for (ConnectionNumber connection : finished) DropSession(connection);
}

void Shard::BeginClosing(Session* session) {
  if (session->closing) return;
  session->closing = true;
  if (!session->receive_ended) closing_.push_back(session);
  UpdatePause(session);
}

// Who says nothing at the start, or stops in the middle of a frame, or does not take its replies.
// A client of several nodes that waits for an answer must be able to tell a node that works on it,
// or has to wait itself, from one that is gone: its own heartbeats may stand behind what is
// stalled. A leader that hears nobody else is silent: another may lead by now, and cannot tell it.
void Shard::ReassureOwed() {
  if (cluster_ == nullptr || now_.monotonic_ns < next_reassurance_ns_) return;
  next_reassurance_ns_ = now_.monotonic_ns + limits::kClusterHeartbeatMs * kMs;
  for (auto& [connection, session] : sessions_) {
    const bool quiet =
        now_.monotonic_ns - session->last_send_ns >= limits::kClusterHeartbeatMs * kMs;
    if (!quiet || !session->hello_done || session->closing || session->waits_for_peer) continue;
    if (!Owes(*session)) continue;
    const Journal* journal = session->journal;
    const bool deaf =
        journal != nullptr && journal->replicated != nullptr && journal->replicated->hears_nobody();
    if (deaf) continue;
    v1::ServerMessage message;
    message.mutable_heartbeat();
    Reply(session.get(), message);
  }
}

void Shard::CheckTimeouts() {
  next_timeout_check_ns_ = now_.monotonic_ns + kTimeoutCheckNs;
  std::vector<ConnectionNumber> stale;
  for (auto& [connection, session] : sessions_) {
    int64_t silent = now_.monotonic_ns - session->last_receive_ns;
    int64_t blocked = session->send_blocked_since_ns;
    bool no_hello = !session->hello_done &&
                    now_.monotonic_ns - session->accepted_ns > limits::kHelloTimeoutMs * kMs;
    bool cut_frame = session->intake.mid_frame() && !session->intake.stalled() &&
                     silent > limits::kStalledFrameTimeoutMs * kMs;
    bool stuck = blocked != 0 && now_.monotonic_ns - blocked > limits::kStalledSendTimeoutMs * kMs;
    if (no_hello || cut_frame || stuck) stale.push_back(connection);
  }
  for (ConnectionNumber connection : stale) DropSession(connection);
}

}  // namespace ringjournal
