// Appending: the way of a transaction through the shard.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/node/refusals.h"
#include "server/session/shard.h"

namespace ringjournal {

FrameIntake::Taken Shard::OnAppend(Session* session, ByteSpan frame) {
  if (!session->hello_done) {
    return EndWith(session, v1::ERROR_CODE_PROTOCOL, "the first message must be a hello");
  }
  AppendEnvelope envelope;
  AppendRefusal refusal;
  v1::ErrorReply error;
  if (!ScanAppend(frame, &envelope, &refusal)) {
    Refuse(refusal.code, std::move(refusal.message), &error);
    if (refusal.code == v1::ERROR_CODE_TOO_LARGE) {
      error.mutable_too_large()->set_limit(limits::kTransactionBytesMax);
    } else {
      error.mutable_malformed()->set_transaction(refusal.transaction);
    }
    return RefuseAppend(session, envelope.request_id, std::move(error));
  }
  if (session->refusing) {
    Refuse(v1::ERROR_CODE_BEHIND_REFUSED,
           "an append before this one was refused; send Resume, then append again in order",
           &error);
    ReplyError(session, envelope.request_id, std::move(error));
    return Taken::kYes;
  }
  if (session->journal == nullptr || !session->may_append) {
    Refuse(v1::ERROR_CODE_NOT_OPEN, "open a journal with a producer name before appending", &error);
    return RefuseAppend(session, envelope.request_id, std::move(error));
  }
  if (session->journal->removed) {
    Refuse(v1::ERROR_CODE_JOURNAL_NOT_FOUND, "the journal was removed", &error);
    return RefuseAppend(session, envelope.request_id, std::move(error));
  }
  if (WaitsForLeader(session, *session->journal)) return Taken::kStall;
  if (HoldsAppends(*session->journal, &error)) {
    return RefuseAppend(session, envelope.request_id, std::move(error));
  }
  if (session->acks.size() >= limits::kAppendsInFlightPerSessionMax) return Taken::kStall;
  if (envelope.level == v1::LEVEL_UNKNOWN) envelope.level = v1::LEVEL_REPLICATED;
  Ack ack;
  ack.request_id = envelope.request_id;
  ack.level = envelope.level;
  Replica* replica = session->journal->replica.get();
  AppendVerdict verdict = replica->Append(envelope, session->producer, now_, &ack.place, &error);
  if (verdict == AppendVerdict::kMustWait) return AppendMustWait(session, envelope.request_id);
  session->stalled_since_ns = 0;
  if (verdict == AppendVerdict::kRefused) {
    return RefuseAppend(session, envelope.request_id, std::move(error));
  }
  session->journal->dirty = true;
  if (ack.level >= v1::LEVEL_DISK) replica->NoteDiskWaiter(ack.place.index);
  session->acks.push(ack);
  if (!session->in_ack_list) {
    session->in_ack_list = true;
    with_acks_.push_back(session);
  }
  return Taken::kYes;
}

// A bounded wait for a checkpoint to free room, then refusal (replication.md section 9, "Ring
// full").
FrameIntake::Taken Shard::AppendMustWait(Session* session, uint64_t request_id) {
  if (session->stalled_since_ns == 0) session->stalled_since_ns = now_.monotonic_ns;
  session->journal->dirty = true;
  int64_t waited = now_.monotonic_ns - session->stalled_since_ns;
  if (waited < int64_t{limits::kRingFullWaitMs} * 1000 * 1000 && !draining_) return Taken::kStall;
  session->stalled_since_ns = 0;
  v1::ErrorReply error;
  if (session->journal->replica->checkpointer().segment_at_hand()) {
    RefuseBackPressure(limits::kStorageRetryMs, &error);
  } else {
    RefuseNoSegment(limits::kStorageRetryMs, &error);
  }
  return RefuseAppend(session, request_id, std::move(error));
}

// Everything pipelined behind a refused append is refused too, until Resume: order is kept.
FrameIntake::Taken Shard::RefuseAppend(Session* session, uint64_t request_id,
                                       v1::ErrorReply error) {
  session->refusing = true;
  ReplyError(session, request_id, std::move(error));
  return Taken::kYes;
}

void Shard::OnResume(Session* session, const v1::Resume& resume) {
  session->refusing = false;
  v1::ServerMessage reply;
  reply.mutable_resume_reply()->set_request_id(resume.request_id());
  if (session->journal != nullptr && session->may_append) {
    const ProducerState& state =
        session->journal->replica->derived().producers().at(session->producer.slot);
    reply.mutable_resume_reply()->set_expected_sequence(state.last_sequence.next().value());
  }
  Reply(session, reply);
}

// True if a frame that had waited was taken.
bool Shard::RetryStalled() {
  if (stalled_.empty()) return false;
  bool taken = false;
  scratch_.swap(stalled_);
  stalled_.clear();
  for (Session* session : scratch_) {
    std::string complaint;
    auto on_frame = [&](ByteSpan frame) { return OnFrame(session, frame); };
    uint64_t waiting = session->intake.waiting_bytes();
    FrameIntake::Outcome outcome = session->intake.Retry(on_frame, &complaint);
    if (outcome == FrameIntake::Outcome::kStalled) stalled_.push_back(session);
    taken = taken || session->intake.waiting_bytes() < waiting;
    Settle(session, outcome, complaint);
  }
  return taken;
}

void Shard::SendAcks() {
  size_t kept = 0;
  for (Session* session : with_acks_) {
    if (SendAcksOf(session)) {
      session->in_ack_list = false;
    } else {
      with_acks_[kept++] = session;
    }
  }
  with_acks_.resize(kept);
}

// In the order of the appends: one that waits for the disk holds back those behind it. True when
// none is left.
bool Shard::SendAcksOf(Session* session) {
  const Replica& replica = *session->journal->replica;
  AckQueue& acks = session->acks;
  if (acks.empty()) return true;
  if (session->awaits_open()) return false;
  if (!replica.HasReached(acks.front().level, acks.front().place)) return false;
  Marks marks = replica.marks();
  AckEncoder encoder(&session->out);
  encoder.Begin(replica.options().epoch, marks.committed.lsn, marks.durable.lsn);
  while (!acks.empty() && replica.HasReached(acks.front().level, acks.front().place)) {
    Ack ack = acks.front();
    acks.pop();
    ack.level = replica.LevelReached(ack.place.index);
    encoder.Add(ack, replica.CopiesOf(ack.place.index));
  }
  encoder.End();
  Touch(session);
  return acks.empty();
}

}  // namespace ringjournal
