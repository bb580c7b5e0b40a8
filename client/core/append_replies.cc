// What the server says about appends: acknowledgements, refusals, fences.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/core/append_session.h"
#include "client/errors.h"

namespace ringjournal::client {
namespace {

AppendReceipt ReceiptOf(const v1::AppendReply& reply, const v1::AppendResult& result) {
  return {.first_lsn = Lsn(result.first_lsn()),
          .count = result.count(),
          .index = Index(result.index()),
          .chain = result.chain(),
          .epoch = {reply.generation(), reply.epoch()},
          .level = static_cast<Level>(result.level()),
          .memory_copies = result.memory_copies(),
          .disk_copies = result.disk_copies(),
          .duplicate = result.duplicate()};
}

int64_t RetryDelayNs(const v1::ErrorReply& error) {
  if (error.code() == v1::ERROR_CODE_DISK_FULL) return limits::kStorageRetryMs * kMsNs;
  constexpr int64_t kDefaultMs = 20;
  const int64_t stated_ms = error.has_not_yet() ? error.not_yet().retry_after_ms()
                                                : error.back_pressure().retry_after_ms();
  return std::max(stated_ms, kDefaultMs) * kMsNs;
}

}  // namespace

void AppendSession::HandleAppendReply(const ServerFrame& frame) {
  if (!ParseBody(frame, &append_reply_)) return;
  for (const v1::AppendResult& result : append_reply_.results()) {
    if (!TakeResult(result)) return ProtocolError("an answer to an append that was not sent");
  }
  Progressed();
  if (!fenced_.ok() && AllDone(window_.size())) Stop(fenced_);
}

bool AppendSession::TakeResult(const v1::AppendResult& result) {
  size_t i = window_.Find(result.request_id());
  if (i == window_.size()) return false;
  AppendSlot& slot = window_.at(i);
  if (slot.done || !WasSent(slot)) return false;
  bool place_unknown = result.duplicate() && result.first_lsn() == 0;
  if (!place_unknown && result.count() != slot.outcome.count) return false;
  slot.done = true;
  slot.outcome.fate = Fate::kApplied;
  slot.outcome.receipt = ReceiptOf(append_reply_, result);
  acked_sequence_ = std::max(acked_sequence_, slot.last_sequence());
  if (result.duplicate()) ++stats_.duplicates;
  if (place_unknown) return true;
  const AppendReceipt& receipt = slot.outcome.receipt;
  acked_.Add({receipt.first_lsn, receipt.last_lsn()});
  receipt_.set_journal_id(journal_id_);
  receipt_.set_generation(receipt.epoch.generation);
  receipt_.set_epoch(receipt.epoch.epoch);
  receipt_.set_index(receipt.index.value());
  receipt_.set_last_lsn(receipt.last_lsn().value());
  receipt_.set_chain(receipt.chain);
  receipt_.set_level(static_cast<v1::Level>(receipt.level));
  return true;
}

void AppendSession::HandleError(const v1::ErrorReply& error, int64_t now_ns) {
  if (error.request_id() == 0) return HandleSessionError(StatusOf(error));
  if (phase_ == Phase::kOpening) {
    if (error.request_id() == open_id_) HandleOpenError(error, now_ns);
    return;
  }
  size_t i = window_.Find(error.request_id());
  if (i < window_.size()) return HandleRefusal(i, error, now_ns);
  if (phase_ == Phase::kResuming && error.request_id() == resume_id_) Stop(StatusOf(error));
  // Else it is about an append whose fate was decided with the one before it.
}

void AppendSession::HandleSessionError(const absl::Status& why) {
  ErrorCode code = CodeOf(why);
  // A loss shows again at the next open, with its report.
  if (IsTransient(code) || code == ErrorCode::kDataLoss) return Reconnect(why);
  Stop(why);
}

void AppendSession::HandleOpenError(const v1::ErrorReply& error, int64_t now_ns) {
  if (error.code() == v1::ERROR_CODE_DATA_LOSS) return HandleLoss(error, now_ns);
  HandleSessionError(StatusOf(error));
}

void AppendSession::HandleRefusal(size_t i, const v1::ErrorReply& error, int64_t now_ns) {
  absl::Status why = StatusOf(error);
  AppendSlot& slot = window_.at(i);
  if (slot.done) return;
  bool paused = phase_ != Phase::kStreaming;
  if (paused && slot.request_id >= refused_id_) return;  // behind one that was refused
  switch (CodeOf(why)) {
    case ErrorCode::kFenced:
      if (IsOwnFence(error.fenced())) return Reconnect(why);
      return Fence(i, why);
    case ErrorCode::kNotLeader:
    case ErrorCode::kShuttingDown:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDataLoss:
      return Reconnect(why);
    case ErrorCode::kBackPressure:
    case ErrorCode::kDiskFull:
    case ErrorCode::kNotYet:
    case ErrorCode::kBehindRefused:
      if (!retries()) break;
      ++stats_.refusals;
      return Pause(i, why, now_ns + RetryDelayNs(error), now_ns);
    default:
      break;
  }
  RefuseForGood(i, why, now_ns);
}

// An opening of this session on a connection that it gave up was done after a later one. Nothing
// was sent behind it, and each connection opens once: this ends. KIP-360 has the same question.
bool AppendSession::IsOwnFence(const v1::FencedDetail& fence) const {
  return options_.client_instance != 0 && fence.client_instance() == options_.client_instance;
}

void AppendSession::Pause(size_t i, const absl::Status& why, int64_t retry_at_ns, int64_t now_ns) {
  refused_id_ = window_.at(i).request_id;
  ForgetQueued(i);
  queue().DropUnbegun();
  phase_ = Phase::kRefused;
  retry_at_ns_ = retry_at_ns;
  Stalled(why, now_ns);
}

void AppendSession::RefuseForGood(size_t i, const absl::Status& why, int64_t now_ns) {
  Pause(i, why, now_ns, now_ns);
  Progressed();  // a definite answer is progress
  bool was_applied = window_.at(i).known_applied;
  ResolveNotApplied(&window_.at(i), why);
  if (was_applied) return;  // the answer was about the resend only; those behind go on
  next_sequence_ = window_.at(i).outcome.first_sequence;
  absl::Status behind =
      MakeError(ErrorCode::kBehindRefused,
                absl::StrCat("not applied, because an append before it was refused: ",
                             std::string(why.message())));
  for (size_t j = i + 1; j < window_.size(); ++j) ResolveNotApplied(&window_.at(j), behind);
}

// The server has closed this session's producer: everything from position i on is refused.
void AppendSession::Fence(size_t i, const absl::Status& why) {
  fenced_ = why;
  ForgetQueued(i);
  queue().DropUnbegun();
  for (size_t j = i; j < window_.size(); ++j) ResolveNotApplied(&window_.at(j), why);
  if (AllDone(i)) Stop(why);
}

bool AppendSession::AllDone(size_t end) const {
  for (size_t i = 0; i < end; ++i) {
    if (!window_.at(i).done) return false;
  }
  return true;
}

void AppendSession::HandleResumeReply(const v1::ResumeReply& reply) {
  if (phase_ != Phase::kResuming) return ProtocolError("a resume reply that nobody asked for");
  Sequence expected = next_sequence_;
  for (size_t i = window_.size(); i-- > 0;) {
    const AppendSlot& slot = window_.at(i);
    if (slot.done || WasSent(slot)) break;
    expected = slot.outcome.first_sequence;
  }
  if (Sequence(reply.expected_sequence()) != expected) {
    return Reconnect(
        MakeError(ErrorCode::kOutOfOrder,
                  absl::StrCat("the server expects sequence ", reply.expected_sequence(),
                               ", this client has ", expected.value(), " next: opening again")));
  }
  phase_ = Phase::kStreaming;
  refused_id_ = 0;
  for (size_t i = 0; i < window_.size(); ++i) {
    AppendSlot& slot = window_.at(i);
    if (!slot.done && !WasSent(slot)) Enqueue(&slot);
  }
}

void AppendSession::ResolveNotApplied(AppendSlot* slot, const absl::Status& why) {
  if (slot->done) return;
  slot->done = true;
  slot->outcome.fate = slot->known_applied ? Fate::kApplied : Fate::kNotApplied;
  slot->outcome.error = why;
}

}  // namespace ringjournal::client
