#include "tests/sim/appender.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::sim {

using client::AppendOutcome;
using client::ErrorCode;
using client::Fate;
using client::Level;

Appender::Appender(const PeerContext& context, const AppenderPlan& plan)
    : Peer(context, absl::StrCat("appender ", plan.client)),
      plan_(plan),
      acked_(name(), plan.client, /*received_may_vanish=*/false, context.report) {
  client::AppendSessionOptions options;
  options.session.retry_for_ns = 100'000 * client::kSecondNs;
  options.session.seed = options.client_instance = c_.random->Next();
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
    run_.Add(PayloadLedger::MakePayload(plan_.client, next_counter_ + i, size));
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
  Acked acked{{}, receipt.level, receipt.epoch.generation, pending.first_counter, pending.count};
  if (receipt.first_lsn > Lsn(0)) {
    // What a damaged disk has a hole for never reaches it: a duplicate of it is told so.
    bool in_hole = receipt.duplicate && model()->disk_was_damaged();
    if (receipt.level < pending.level && !in_hole) {
      c_.report->Violation(name(), ": asked for level ", static_cast<int>(pending.level), ", got ",
                           static_cast<int>(receipt.level));
    }
    model()->OnAck(receipt, AsBytes(pending.run));
    acked.range = {receipt.first_lsn, receipt.last_lsn()};
    acked_.CheckTold(receipt.epoch.generation, model()->losses());
  }
  acked_.Add(acked);
}

void Appender::TakeNotApplied(const AppendOutcome& outcome, const Pending& pending) {
  ErrorCode code = client::CodeOf(outcome.error);
  bool allowed = code == ErrorCode::kTooLarge || code == ErrorCode::kBehindRefused;
  c_.report->Trace(name(), ": not applied: ", outcome.error.ToString());
  if (!allowed) {
    c_.report->Violation(name(), ": refused for good: ", outcome.error.ToString());
  }
  for (uint32_t i = 0; i < pending.count; ++i) {
    model()->payloads()->OnNotApplied(plan_.client, pending.first_counter + i);
  }
}

// Kept from the mutant's client, which goes on as if nothing had happened.
void Appender::TakeLoss(const client::LossNotice& notice, Time now) {
  if (c_.mutant != Mutant::kLossNotTold) {
    ++told_;
    c_.report->Trace(name(), " is told of a loss from LSN ", notice.first_lsn.value(),
                     " in generation ", notice.generation, ", holds ", notice.held.size(),
                     " ranges");
    acked_.TakeBack(notice, model()->losses());
  }
  session_->AcceptLoss(now.monotonic_ns);
}

void Appender::CheckFinal() { acked_.CheckFinal(*model()->payloads(), model()->losses()); }

}  // namespace ringjournal::sim
