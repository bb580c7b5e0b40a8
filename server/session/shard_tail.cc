// Where a journal ends, as it is for everybody: no leader that has been replaced answers.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/node/refusals.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

// nullopt: it is certain as it is, as nobody else can lead.
std::optional<TailWait> Shard::NoteTail(const Journal& journal) const {
  if (journal.replicated == nullptr || !journal.replicated->serving()) return std::nullopt;
  TailWait tail;
  tail.end = journal.replica->derived().position().last().index;
  tail.round = journal.replicated->mutable_leader()->BeginRound();
  tail.give_up_ns = now_.monotonic_ns + limits::kTailWaitMs * kMs;
  return tail;
}

// Sessions end with the epoch that they were bound in, so the leader is the one that was asked.
bool Shard::TailIsCertain(const Journal& journal, const TailWait& tail) const {
  return journal.replicated->serving() && journal.replicated->leader()->RoundIsOver(tail.round) &&
         journal.replica->marks().committed.index >= tail.end;
}

v1::ErrorReply Shard::TailIsUncertain(const Journal& journal) const {
  std::string counted;
  // Who has left the isr by a restart is in `complete` until the leader goes on without.
  for (const v1::ReplicaId& id : journal.config.complete())
    absl::StrAppend(&counted, " ", id.node());
  v1::ErrorReply error;
  Refuse(
      v1::ERROR_CODE_UNAVAILABLE,
      absl::StrCat("whether this node still leads journal ", journal.config.name(),
                   ", and so where it ends and what it holds, is not certain: of those in sync (",
                   counted.substr(std::min<size_t>(1, counted.size())),
                   ") not every one has answered within ", limits::kTailWaitMs,
                   " ms; try again: another node may lead, and who is dead is dropped where "
                   "min_isr allows it"),
      &error);
  return error;
}

// Whether the answer is true by now.
bool Shard::MayLeave(const Session& session, DeferredReply* reply) const {
  const Replica& replica = *session.journal->replica;
  if (reply->true_from && !replica.HasReached(v1::LEVEL_REPLICATED, *reply->true_from)) {
    return false;
  }
  if (!reply->tail && reply->epoch_by_ns == 0) return true;
  if (reply->tail && !TailIsCertain(*session.journal, *reply->tail)) return false;
  FillWatermarks(replica, reply->message.mutable_open_reply()->mutable_watermarks());
  return true;
}

// False: the answer to an open comes in time. Else the client is told, and the session ends: what
// it opened with does not hold.
bool Shard::GiveUpOpen(Session* session) {
  if (session->deferred.empty() || now_.monotonic_ns < GiveUpAtNs(*session)) return false;
  v1::ErrorReply error;
  uint64_t request_id = 0;  // the session
  if (session->deferred.front().tail) {
    error = TailIsUncertain(*session->journal);
  } else {
    RefuseBeforeEpoch(&error);
    request_id = session->deferred.front().message.open_reply().request_id();
  }
  session->deferred.clear();
  session->acks = AckQueue();
  if (session->closing) return true;  // it has been told why
  ReplyError(session, request_id, std::move(error));
  BeginClosing(session);
  return true;
}

int64_t Shard::GiveUpAtNs(const Session& session) {
  const DeferredReply& first = session.deferred.front();
  if (first.tail) return first.tail->give_up_ns;
  const bool waits = first.epoch_by_ns != 0 && !session.journal->replicated->serving();
  return waits ? first.epoch_by_ns : INT64_MAX;
}

int64_t Shard::TailDeadline() const {
  int64_t deadline = INT64_MAX;
  for (const Session* session : deferring_) {
    deadline = std::min(deadline, GiveUpAtNs(*session));
  }
  for (const Session* session : readers_) {
    for (const auto& subscription : session->subscriptions) {
      if (subscription->tail) deadline = std::min(deadline, subscription->tail->give_up_ns);
    }
  }
  return deadline;
}

}  // namespace ringjournal
