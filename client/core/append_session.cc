// Events of the session, opening and numbering. Answers to appends: append_replies.cc.
#include "client/core/append_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/core/loss.h"
#include "client/errors.h"
#include "journal/base/mutants.h"

namespace ringjournal::client {

AppendSession::AppendSession(AppendSessionOptions options)
    : Session(options.session),
      options_(std::move(options)),
      window_(options_.appends_in_flight_max, options_.bytes_in_flight_max, options_.writer) {}

absl::Status AppendSession::Append(const AppendRequest& request) {
  if (stopped()) return status();
  if (!fenced_.ok()) return fenced_;
  if (request.count == 0 || request.run.empty()) {
    return MakeError(ErrorCode::kEmptyAppend, "an append needs at least one transaction");
  }
  if (request.run.size() + limits::kAppendOverheadBytesMax > frame_bytes_max_ ||
      request.count > transactions_max_) {
    return MakeError(ErrorCode::kTooLarge,
                     absl::StrCat("an append of ", request.count, " transactions and ",
                                  request.run.size(), " bytes is over the server's limit of ",
                                  transactions_max_, " transactions and ", frame_bytes_max_,
                                  " bytes a frame: send several appends"));
  }
  if (!HasRoom(request.run.size())) {
    return MakeError(ErrorCode::kWindowFull,
                     "too many appends are in flight: take outcomes before appending more");
  }
  AppendSlot& slot = window_.Push(request, next_sequence_);
  if (!numbered_) return absl::OkStatus();
  next_sequence_ += request.count;
  if (streaming()) Enqueue(&slot);
  return absl::OkStatus();
}

bool AppendSession::NextOutcome(AppendOutcome* outcome) {
  if (window_.empty() || !window_.at(0).done) return false;
  std::swap(*outcome, window_.at(0).outcome);
  window_.PopFront();
  return true;
}

void AppendSession::OnConnected(int64_t now_ns) {
  phase_ = Phase::kOpening;
  SendOpen();
}

void AppendSession::OnHello(const v1::HelloReply& reply, int64_t now_ns) {
  if (reply.limits().frame_bytes_max() > 0) frame_bytes_max_ = reply.limits().frame_bytes_max();
  if (reply.limits().transactions_per_append_max() > 0) {
    transactions_max_ = reply.limits().transactions_per_append_max();
  }
}

void AppendSession::SendOpen() {
  v1::ClientMessage message;
  v1::Open* open = message.mutable_open();
  open_id_ = TakeRequestId();
  open->set_request_id(open_id_);
  open->set_journal(options_.journal);
  open->set_producer(options_.producer);
  open->set_client_instance(options_.client_instance);
  open->set_producer_epoch(producer_epoch_);
  open->set_producer_generation(numbered_in_generation_);
  open->set_writer_generation(options_.writer.generation);
  open->set_writer_epoch(options_.writer.epoch);
  // A journal that was open before is not created again: its data would be gone unnoticed.
  open->set_create(options_.create && !numbered_);
  open->set_accept_generation(std::max(options_.accept_generation, newest_generation_));
  if (!receipt_.journal_id().empty()) *open->mutable_last_receipt() = receipt_;
  Send(message);
}

void AppendSession::OnFrame(const ServerFrame& frame, int64_t now_ns) {
  switch (frame.field) {
    case v1::ServerMessage::kAppendReply:
      return HandleAppendReply(frame);
    case v1::ServerMessage::kError: {
      v1::ErrorReply error;
      if (ParseBody(frame, &error)) HandleError(error, now_ns);
      return;
    }
    case v1::ServerMessage::kOpenReply: {
      v1::OpenReply reply;
      if (ParseBody(frame, &reply)) HandleOpenReply(reply);
      return;
    }
    case v1::ServerMessage::kResumeReply: {
      v1::ResumeReply reply;
      if (ParseBody(frame, &reply)) HandleResumeReply(reply);
      return;
    }
    default:
      return;  // nothing that this session asked for
  }
}

void AppendSession::HandleOpenReply(const v1::OpenReply& reply) {
  if (reply.request_id() != open_id_ || phase_ != Phase::kOpening) {
    return ProtocolError("an open reply that nobody asked for");
  }
  if (reply.generation() < newest_generation_) {
    return Reconnect(OlderGeneration(options_.journal, reply.generation(), newest_generation_));
  }
  if (!OpenReplyFits(reply)) return;
  Sequence last(reply.last_sequence());
  if (!numbered_) last_sequence_at_open_ = last;
  journal_id_ = reply.journal_id();
  producer_epoch_ = reply.producer_epoch();
  Renumber(last, LastMayBeOlder(reply));
  newest_generation_ = numbered_in_generation_ = reply.generation();
  if (stopped()) return;
  phase_ = Phase::kStreaming;
  resume_id_ = 0;
  Established();
  if (window_.empty()) Progressed();
  for (size_t i = 0; i < window_.size(); ++i) {
    if (!window_.at(i).done) Enqueue(&window_.at(i));
  }
}

// Stops the session if the journal is not the one that it was, or has silently lost something.
bool AppendSession::OpenReplyFits(const v1::OpenReply& reply) {
  if (!numbered_) return true;
  if (reply.journal_id() != journal_id_) {
    Stop(MakeError(ErrorCode::kJournalNotFound,
                   absl::StrCat("journal ", options_.journal,
                                " was removed and created again while this client was away: what "
                                "it appended is in the old one; start anew")));
    return false;
  }
  bool diverged = reply.continuity() == v1::CONTINUITY_DIVERGED;
  if (!diverged && Sequence(reply.last_sequence()) >= acked_sequence_) return true;
  Stop(MakeError(ErrorCode::kDataLoss,
                 absl::StrCat("journal ", options_.journal, " has lost acknowledged transactions ",
                              "without a loss report: the server has sequence ",
                              reply.last_sequence(), " of this producer, acknowledged was ",
                              acked_sequence_.value(), "; stop appending and look at the server")));
  return false;
}

// The log that wins a lossy recovery may be from before this session, or from before it numbered
// its appends anew: where the producer's last transaction lies behind a loss that came since, it
// may be another one under this number. Also without any loss before: what a leader had received
// and nobody else, and an earlier session's numbers that came to nothing, are given again
// (docs/decisions/0010).
bool AppendSession::LastMayBeOlder(const v1::OpenReply& reply) const {
  if (!numbered_) return false;
  for (const v1::LossReport& loss : reply.losses()) {
    bool since = loss.generation() > numbered_in_generation_;
    if (since && reply.last_sequence_lsn() >= loss.first_lsn()) return true;
  }
  return false;
}

// Sequences up to `last_applied` are in the journal; with `may_be_older` perhaps with the content
// that they had before a loss. What is above was never applied and never will be under its old
// number (opening fenced the old session), so it may get a new one: that happens at the first open
// and after a loss.
void AppendSession::Renumber(Sequence last_applied, bool may_be_older) {
  Sequence next = last_applied.next();
  for (size_t i = 0; i < window_.size(); ++i) {
    AppendSlot& slot = window_.at(i);
    if (slot.done) continue;
    bool below = numbered_ && slot.outcome.first_sequence <= last_applied;
    bool ambiguous = below && may_be_older;
    if (ambiguous && (slot.maybe_applied || slot.sent_before)) {
      ResolveUnknown(&slot, "the journal came back from an older log after a loss");
      continue;
    }
    slot.maybe_applied = false;
    slot.known_applied = numbered_ && !ambiguous && slot.last_sequence() <= last_applied &&
                         !Mutated(Mutant::kAppliedSentAnew);
    if (slot.known_applied) continue;
    if (below && !ambiguous && !Mutated(Mutant::kAppliedSentAnew)) {
      return ProtocolError("the producer's last sequence lies inside an append");
    }
    if (slot.outcome.first_sequence != next) AppendWindow::SetSequence(&slot, next);
    next += slot.outcome.count;
  }
  next_sequence_ = next;
  acked_sequence_ = std::min(acked_sequence_, last_applied);
  numbered_ = true;
}

void AppendSession::Enqueue(AppendSlot* slot) {
  uint64_t id = resume_id_ != 0 ? std::exchange(resume_id_, 0) : TakeRequestId();
  AppendWindow::SetRequestId(slot, id);
  slot->ordinal = queue().PushBorrowed(AsBytes(slot->frame));
  if (slot->sent_before) ++stats_.resent;
}

// The appends from position `from` on are not on their way any more.
void AppendSession::ForgetQueued(size_t from) {
  for (size_t i = from; i < window_.size(); ++i) {
    AppendSlot& slot = window_.at(i);
    if (WasSent(slot)) slot.sent_before = true;
    slot.ordinal = kNotQueued;
  }
}

void AppendSession::OnDisconnected(int64_t now_ns) {
  for (size_t i = 0; i < window_.size(); ++i) {
    AppendSlot& slot = window_.at(i);
    slot.maybe_applied = slot.maybe_applied || WasSent(slot);
    slot.request_id = 0;
  }
  ForgetQueued(0);
  phase_ = Phase::kOpening;
  retry_at_ns_ = kNeverNs;
  if (!fenced_.ok()) Stop(fenced_);
}

void AppendSession::OnTick(int64_t now_ns) {
  if (phase_ != Phase::kRefused || now_ns < retry_at_ns_) return;
  phase_ = Phase::kResuming;
  retry_at_ns_ = kNeverNs;
  resume_id_ = TakeRequestId();
  v1::ClientMessage message;
  message.mutable_resume()->set_request_id(resume_id_);
  Send(message);
}

int64_t AppendSession::NextTimerNs() const {
  return phase_ == Phase::kRefused ? retry_at_ns_ : kNeverNs;
}

void AppendSession::OnStopped() {
  for (size_t i = 0; i < window_.size(); ++i) {
    AppendSlot& slot = window_.at(i);
    if (slot.done) continue;
    if (slot.known_applied || !(slot.maybe_applied || WasSent(slot))) {
      ResolveNotApplied(&slot, status());
      continue;
    }
    ResolveUnknown(&slot, std::string(status().message()));
  }
}

void AppendSession::ResolveUnknown(AppendSlot* slot, const std::string& why) {
  slot->done = true;
  slot->outcome.fate = Fate::kUnknown;
  slot->outcome.error =
      MakeError(ErrorCode::kOutcomeUnknown,
                absl::StrCat("the append was sent but not answered (", why,
                             "): open the same producer again to learn its last sequence"));
}

void AppendSession::HandleLoss(const v1::ErrorReply& error, int64_t now_ns) {
  loss_ = LossNoticeOf(error.data_loss());
  loss_.held = acked_.AtOrAbove(loss_.first_lsn, &loss_.held_is_complete);
  last_loss_ = loss_;
  if (loss_.generation <= std::max(options_.accept_generation, newest_generation_)) {
    return Stop(StatusOf(error));  // accepted already: asking again will not help
  }
  loss_pending_ = true;
  Hold();
  if (!numbered_ && options_.accept_loss_before_first_open) AcceptLoss(now_ns);
  Reconnect(StatusOf(error));
}

// A receipt of something lost would be held against us at every open; but what is acknowledged
// below it must still be shown, for a later loss may start lower.
void AppendSession::LowerReceipt() {
  if (acked_.empty()) return receipt_.Clear();
  receipt_.set_last_lsn(acked_.last().value());
  receipt_.clear_index();  // its entry's place and chain hash are not known any more
  receipt_.clear_chain();
}

std::optional<Cursor> AppendSession::last_receipt() const {
  Cursor cursor;
  if (receipt_.index() == 0 || !JournalId::FromView(receipt_.journal_id(), &cursor.journal)) {
    return std::nullopt;
  }
  cursor.epoch = {receipt_.generation(), receipt_.epoch()};
  cursor.index = Index(receipt_.index());
  cursor.lsn = Lsn(receipt_.last_lsn());
  cursor.chain = receipt_.chain();
  return cursor;
}

void AppendSession::AcceptLoss(int64_t now_ns) {
  if (!loss_pending_) return;
  loss_pending_ = false;
  options_.accept_generation = newest_generation_ = loss_.generation;
  acked_.ForgetFrom(loss_.first_lsn);
  acked_sequence_ = Sequence();  // the next open says what is left
  if (Lsn(receipt_.last_lsn()) >= loss_.first_lsn) LowerReceipt();
  Unhold(now_ns);
}

}  // namespace ringjournal::client
