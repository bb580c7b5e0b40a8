// The Writer's thread: takes what was submitted, runs the session, reports outcomes in order.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/writer_loop.h"
#include "journal/base/check.h"

namespace ringjournal::client {
namespace {

AppendOutcome NotApplied(uint32_t count, const absl::Status& why) {
  return {.fate = Fate::kNotApplied, .count = count, .error = why};
}

absl::Status LossError(const LossNotice& loss) {
  return MakeError(ErrorCode::kDataLoss,
                   absl::StrCat("transactions from LSN ", loss.first_lsn.value(),
                                " on may have been lost (", loss.reason,
                                "); this writer has ended: check what this concerns (last_loss), "
                                "then open another one"));
}

// An exception that leaves the callback ends the process here: noexcept.
void RunCallback(const AppendCallback& done, const AppendOutcome& outcome) noexcept {
  done(outcome);
}

}  // namespace

void WriterLoop::Wake() {
  if (std::exchange(woken_, true)) return;
  uint64_t one = 1;
  RJ_CHECK(write(wake_, &one, sizeof one) == sizeof one);
}

void WriterLoop::ClearWake() {
  std::lock_guard lock(mutex_);
  if (!std::exchange(woken_, false)) return;
  uint64_t count;
  RJ_CHECK(read(wake_, &count, sizeof count) == sizeof count);
}

void WriterLoop::WaitForWake() {
  pollfd fd = {.fd = wake_, .events = POLLIN};
  poll(&fd, 1, -1);
}

void WriterLoop::Run() {
  for (;;) {
    DecideLoss();
    NoteSession();
    TakeSubmitted();
    driver_.Flush();
    DeliverAnswered();
    ExpireOverdue();
    {
      std::lock_guard lock(mutex_);
      if (stopping_ && queue_.empty() && sent_.empty()) break;
    }
    bool idle = session_.stopped() && sent_.empty();
    if (idle) {
      WaitForWake();
    } else {
      driver_.Turn(NextDeadlineNs(), {&wake_, 1});
    }
    ClearWake();
    std::unique_lock lock(mutex_);
    bool must_stop = stopping_;
    lock.unlock();
    if (must_stop) session_.Stop(MakeError(ErrorCode::kStopped, "the writer was destroyed"));
  }
  driver_.Close();
}

// Makes what the session knows visible to other threads.
void WriterLoop::NoteSession() {
  std::lock_guard lock(mutex_);
  const AppendStats& stats = session_.stats();
  stats_.resent = stats.resent;
  stats_.duplicates = stats.duplicates;
  stats_.refusals = stats.refusals;
  stats_.reconnects = session_.reconnects();
  if (!session_.stopped() || !ended_.ok()) return;
  ended_ = session_.status();
  changed_.notify_all();
}

void WriterLoop::DecideLoss() {
  const LossNotice* loss = session_.loss();
  // Stopped: that was the decision, and nobody is asked twice.
  if (loss == nullptr || session_.stopped()) return;
  LossNotice notice = *loss;
  {
    std::lock_guard lock(mutex_);
    last_loss_ = notice;
  }
  bool accept = on_loss_ && on_loss_(notice) == LossDecision::kAccept;
  if (accept) {
    session_.AcceptLoss(Driver::NowNs());
  } else {
    session_.Stop(LossError(notice));
  }
}

// While the session is not open, appends stay in the queue: from there they can be taken back, so
// that a caller whose time is over learns for certain that nothing was applied.
void WriterLoop::TakeSubmitted() {
  while ((session_.streaming() || session_.stopped()) && TakeOne()) {
  }
}

bool WriterLoop::TakeOne() {
  PendingAppend append;
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return false;
    if (!session_.stopped() && !session_.HasRoom(queue_.front().run.size())) return false;
    append = std::move(queue_.front());
    queue_.pop_front();
    sent_.push_back({.id = append.id,
                     .bytes = append.run.size(),
                     .first_sequence = session_.next_sequence(),
                     .deadline_ns = append.deadline_ns,
                     .done = std::move(append.done)});
  }
  absl::Status status = session_.Append({.run = AsBytes(append.run),
                                         .count = append.count,
                                         .level = append.level,
                                         .body_crc32c = append.body_crc32c,
                                         .expected_lsn = append.expected_lsn});
  if (status.ok()) return true;
  std::lock_guard lock(mutex_);
  sent_.back().refused = NotApplied(append.count, status);
  sent_.back().first_sequence = Sequence();
  return true;
}

void WriterLoop::DeliverAnswered() {
  while (!sent_.empty()) {
    AppendOutcome outcome;
    if (sent_.front().refused) {
      outcome = *sent_.front().refused;
    } else if (!session_.NextOutcome(&outcome)) {
      return;
    }
    Sent answered;
    {
      std::lock_guard lock(mutex_);
      answered = std::move(sent_.front());
      sent_.pop_front();
      --in_flight_;
      bytes_ -= answered.bytes;
      if (answered.reported) ++stats_.answered_late;
      running_id_ = answered.reported ? 0 : answered.id;
    }
    changed_.notify_all();
    if (!answered.reported) Report(answered.id, answered.done, outcome);
    NoteSession();
    TakeSubmitted();
  }
}

void WriterLoop::Report(uint64_t id, const AppendCallback& done, const AppendOutcome& outcome) {
  Note(outcome);
  RunCallback(done, outcome);
  {
    std::lock_guard lock(mutex_);
    running_id_ = 0;
  }
  changed_.notify_all();
}

void WriterLoop::Note(const AppendOutcome& outcome) {
  std::lock_guard lock(mutex_);
  if (outcome.fate == Fate::kApplied) {
    ++stats_.applied;
    safety_ = std::min(safety_, outcome.receipt.level);
    if (outcome.receipt.first_lsn != Lsn()) highest_ = outcome.receipt.last_lsn();
    return;
  }
  ++(outcome.fate == Fate::kUnknown ? stats_.unknown : stats_.not_applied);
  if (reported_.failures++ == 0) reported_.first_failure = outcome.error;
}

// Deadlines rise with the order of the appends, so what is overdue is always the oldest that was
// not reported: first in the session, then in the queue.
void WriterLoop::ExpireOverdue() {
  int64_t now = Driver::NowNs();
  for (size_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].reported) continue;
    if (sent_[i].deadline_ns > now) return;
    AppendOutcome outcome{.fate = Fate::kUnknown, .first_sequence = sent_[i].first_sequence};
    if (sent_[i].refused) outcome = *sent_[i].refused;
    outcome.error = sent_[i].refused ? outcome.error
                                     : MakeError(ErrorCode::kOutcomeUnknown,
                                                 "the append was sent, and its time was over "
                                                 "before the server answered: ask Resolve what "
                                                 "became of its sequence");
    AppendCallback done;
    uint64_t id = sent_[i].id;
    {
      std::lock_guard lock(mutex_);
      sent_[i].reported = true;
      running_id_ = id;
      done = std::move(sent_[i].done);
    }
    Report(id, done, outcome);
  }
  ExpireQueued(now);
}

void WriterLoop::ExpireQueued(int64_t now_ns) {
  for (;;) {
    PendingAppend append;
    {
      std::lock_guard lock(mutex_);
      if (queue_.empty() || queue_.front().deadline_ns > now_ns) return;
      append = std::move(queue_.front());
      queue_.pop_front();
      --in_flight_;
      bytes_ -= append.run.size();
      running_id_ = append.id;
    }
    std::string trouble(session_.last_trouble().message());
    Report(append.id, append.done,
           NotApplied(append.count, MakeError(ErrorCode::kDeadline,
                                              absl::StrCat("not sent before its time was over",
                                                           trouble.empty() ? "" : ": ", trouble))));
  }
}

int64_t WriterLoop::NextDeadlineNs() {
  for (const Sent& sent : sent_) {
    if (!sent.reported) return sent.deadline_ns;
  }
  std::lock_guard lock(mutex_);
  return queue_.empty() ? kNeverNs : queue_.front().deadline_ns;
}

}  // namespace ringjournal::client
