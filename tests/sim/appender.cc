#include "tests/sim/appender.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::sim {

using client::AppendOutcome;
using client::ErrorCode;
using client::Fate;
using client::Level;
using client::LsnRange;

Appender::Appender(const PeerContext& context, const AppenderPlan& plan)
    : Peer(context, absl::StrCat("appender ", plan.client)), plan_(plan) {
  client::AppendSessionOptions options;
  options.session.retry_for_ns = 100'000 * client::kSecondNs;
  options.session.seed = c_.random->Next();
  options.journal = plan.journal;
  options.producer = plan.producer;
  options.accept_loss_before_first_open = true;
  options.appends_in_flight_max = plan.appends_in_flight_max;
  session_ = std::make_unique<client::AppendSession>(std::move(options));
}

// A journal is never made anew under its name here, so there is at most one model per name.
LogModel* Appender::model() const {
  return c_.models->empty() ? nullptr : c_.models->begin()->second.get();
}

std::string Appender::Describe() const {
  return absl::StrCat(name(), ": ", pending_.size(), " appends unanswered, ",
                      session_->streaming() ? "streaming" : "not streaming",
                      ", last trouble: ", session_->last_trouble().ToString());
}

bool Appender::Work(Time now) {
  if (pending_.size() >= plan_.appends_in_flight_max) return false;
  run_.Clear();
  uint32_t count = static_cast<uint32_t>(1 + c_.random->Skewed(6));
  Pending pending;
  pending.first_counter = next_counter_;
  for (uint32_t i = 0; i < count; ++i) {
    size_t size = c_.random->Skewed(plan_.payload_bytes_max);
    run_.Add(LogModel::MakePayload(plan_.client, next_counter_ + i, size));
  }
  client::AppendRequest request;
  request.run = run_.bytes();
  request.count = count;
  request.level = static_cast<Level>(c_.random->Between(1, plan_.memory_only ? 2 : 4));
  request.token = next_token_;
  if (!session_->HasRoom(request.run.size())) return false;
  absl::Status queued = session_->Append(request);
  if (!queued.ok()) {
    c_.report->Violation(name(), " cannot append: ", queued.ToString());
    return false;
  }
  pending.token = next_token_++;
  pending.count = count;
  pending.level = request.level;
  pending.run = std::string(AsView(request.run));
  next_counter_ += count;
  pending_.push_back(std::move(pending));
  return true;
}

void Appender::Check(Time now, bool may_work) {
  if (const client::LossNotice* notice = session_->loss()) TakeLoss(*notice, now);
  AppendOutcome outcome;
  while (session_->NextOutcome(&outcome)) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (pending.token != outcome.token) {
      c_.report->Violation(name(), ": outcomes are out of order");
      return;
    }
    Take(outcome, pending);
  }
  if (session_->stopped()) {
    c_.report->Violation(name(), " stopped: ", session_->status().ToString());
  }
}

void Appender::Take(const AppendOutcome& outcome, const Pending& pending) {
  c_.report->Mix(outcome.receipt.chain + static_cast<uint64_t>(outcome.fate));
  switch (outcome.fate) {
    case Fate::kApplied:
      return TakeApplied(outcome, pending);
    case Fate::kNotApplied:
      return TakeNotApplied(outcome, pending);
    case Fate::kUnknown:
      c_.report->Violation(name(), ": an outcome stays unknown: ", outcome.error.ToString());
  }
}

void Appender::TakeApplied(const AppendOutcome& outcome, const Pending& pending) {
  client::AppendReceipt receipt = outcome.receipt;
  if (c_.mutant == Mutant::kAcksOtherPlace && receipt.first_lsn > Lsn(40)) {
    receipt.first_lsn = receipt.first_lsn.prev();
  }
  ++acknowledged_;
  Acked acked{{}, receipt.epoch.generation, pending.first_counter, pending.count};
  if (receipt.first_lsn > Lsn(0)) {
    // What a damaged disk has a hole for never reaches it: a duplicate of it is told so.
    bool in_hole = receipt.duplicate && model()->disk_was_damaged();
    if (receipt.level < pending.level && !in_hole) {
      c_.report->Violation(name(), ": asked for level ", static_cast<int>(pending.level), ", got ",
                           static_cast<int>(receipt.level));
    }
    model()->OnAck(receipt, AsBytes(pending.run));
    acked.range = {receipt.first_lsn, receipt.last_lsn()};
    if (receipt.epoch.generation > checked_generation_) CheckTold(receipt.epoch.generation);
  }
  acked_.push_back(acked);
}

void Appender::TakeNotApplied(const AppendOutcome& outcome, const Pending& pending) {
  ErrorCode code = client::CodeOf(outcome.error);
  bool allowed = code == ErrorCode::kTooLarge || code == ErrorCode::kBehindRefused;
  c_.report->Trace(name(), ": not applied: ", outcome.error.ToString());
  if (!allowed) {
    c_.report->Violation(name(), ": refused for good: ", outcome.error.ToString());
  }
  for (uint32_t i = 0; i < pending.count; ++i) {
    model()->OnNotApplied(plan_.client, pending.first_counter + i);
  }
}

// The notice must name this client's own acknowledgements at or above the loss, all and only those.
void Appender::TakeLoss(const client::LossNotice& notice, Time now) {
  if (c_.mutant == Mutant::kLossNotTold) {
    session_->AcceptLoss(now.monotonic_ns);
    return;
  }
  std::vector<LsnRange> held;
  for (Acked& acked : acked_) {
    if (acked.taken_back || acked.range.last < notice.first_lsn) continue;
    if (acked.generation >= notice.generation) continue;
    acked.taken_back = true;
    Lsn first = std::max(acked.range.first, notice.first_lsn);
    if (!held.empty() && held.back().last.next() == first) {
      held.back().last = acked.range.last;
    } else {
      held.push_back({first, acked.range.last});
    }
  }
  ++told_;
  c_.report->Trace(name(), " is told of a loss from LSN ", notice.first_lsn.value(),
                   " in generation ", notice.generation, ", holds ", held.size(), " ranges");
  if (held != notice.held || !notice.held_is_complete) {
    c_.report->Violation(name(), " is told that it holds ", notice.held.size(),
                         " ranges at or above LSN ", notice.first_lsn.value(), ", it holds ",
                         held.size());
  }
  if (held.empty()) {
    c_.report->Violation(name(), " is told of a loss that takes nothing from it");
  }
  session_->AcceptLoss(now.monotonic_ns);
}

// Before anything of a new generation is acknowledged to this client it was told what it lost.
void Appender::CheckTold(uint32_t generation) {
  checked_generation_ = generation;
  for (const v1::LossReport& loss : model()->losses()) {
    if (loss.generation() > generation) continue;
    for (const Acked& acked : acked_) {
      if (acked.taken_back || acked.generation >= loss.generation()) continue;
      if (acked.range.last < Lsn(loss.first_lsn())) continue;
      c_.report->Violation(name(), " goes on in generation ", generation,
                           " and was not told that LSN ", acked.range.last.value(),
                           " is above the loss from ", loss.first_lsn());
      return;
    }
  }
}

void Appender::CheckFinal() {
  for (const Acked& acked : acked_) {
    if (acked.taken_back) continue;
    for (uint32_t i = 0; i < acked.count; ++i) {
      if (model()->Holds(plan_.client, acked.first_counter + i)) continue;
      // Told of at the next open only, which may not have come; or nobody knows where it stood.
      bool lost = false;
      for (const v1::LossReport& loss : model()->losses()) {
        bool above = acked.range.last >= Lsn(loss.first_lsn()) || acked.range.last == Lsn(0);
        lost = lost || (loss.generation() > acked.generation && above);
      }
      if (lost) continue;
      c_.report->Violation("payload ", plan_.client, ".", acked.first_counter + i,
                           " was acknowledged and is not in the journal");
      return;
    }
  }
}

}  // namespace ringjournal::sim
