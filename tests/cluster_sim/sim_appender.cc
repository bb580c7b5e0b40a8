#include "tests/cluster_sim/sim_appender.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::cluster_sim {

using client::AppendOutcome;
using client::ErrorCode;
using client::Fate;
using client::Level;

namespace {

std::string LevelText(client::Level level) { return std::string(client::LevelName(level)); }

}  // namespace

SimAppender::SimAppender(const ClientEnvironment& environment, HostNumber host,
                         const SimAppenderPlan& plan, History* history)
    : SimClient(environment, host, absl::StrCat("appender ", plan.client)),
      plan_(plan),
      history_(history),
      acked_(name(), plan.client, /*received_may_vanish=*/true, environment.report),
      receipts_may_vanish_(std::count(plan.levels.begin(), plan.levels.end(), Level::kReceived) >
                           0) {
  Open(host);
}

void SimAppender::Open(HostNumber host) {
  ++life_;
  client::AppendSessionOptions options;
  options.session.retry_for_ns = 100'000 * client::kSecondNs;
  options.session.handshake_timeout_ns = kSecond;
  options.session.backoff_max_ns = 200 * kMs;
  options.session.nodes = env_.nodes;
  options.session.seed = options.client_instance = env_.random->Next();
  options.journal = plan_.journal;
  options.producer = producer_ = absl::StrCat("producer-", plan_.client, "-", host);
  options.accept_loss_before_first_open = true;
  options.appends_in_flight_max = plan_.in_flight_max;
  session_ = std::make_unique<client::AppendSession>(std::move(options));
}

std::string SimAppender::Describe() const {
  return absl::StrCat(name(), ": ", started_, " of ", plan_.appends, " appends begun, ",
                      pending_.size(), " unanswered, ",
                      session_->streaming() ? "streaming" : "not streaming",
                      ", last trouble: ", StatusText(session_->last_trouble()));
}

int64_t SimAppender::Work() {
  while (started_ < plan_.appends && next_append_ns_ <= now_ns()) {
    if (pending_.size() >= plan_.in_flight_max || session_->stopped()) return INT64_MAX;
    Append();
    if (env_.report->failed()) return INT64_MAX;
    uint64_t pause = static_cast<uint64_t>(plan_.pause_max_ns);
    next_append_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(pause + 1));
  }
  return started_ < plan_.appends ? next_append_ns_ : INT64_MAX;
}

void SimAppender::Append() {
  run_.Clear();
  Pending pending;
  pending.first_counter = next_counter_;
  pending.count = static_cast<uint32_t>(1 + env_.random->Skewed(4));
  for (uint32_t i = 0; i < pending.count; ++i) {
    size_t size = env_.random->Skewed(plan_.payload_bytes_max);
    run_.Add(sim::PayloadLedger::MakePayload(plan_.client, next_counter_ + i, size));
  }
  client::AppendRequest request;
  request.run = run_.bytes();
  request.count = pending.count;
  request.level = plan_.levels[env_.random->Below(plan_.levels.size())];
  request.token = next_token_;
  if (!session_->HasRoom(request.run.size())) return;
  absl::Status queued = session_->Append(request);
  // Its session is at its end, with answers that are still to come.
  if (fences_expected_ > 0 && client::CodeOf(queued) == ErrorCode::kFenced) return;
  if (!queued.ok()) {
    env_.report->Violation("client: ", name(), " cannot append: ", StatusText(queued));
    return;
  }
  ++started_;
  pending.token = next_token_++;
  pending.level = request.level;
  pending.run = std::string(AsView(request.run));
  pending.operation = history_->Invoke(plan_.client, pending.first_counter, now_ns());
  next_counter_ += pending.count;
  pending_.push_back(std::move(pending));
}

void SimAppender::Check() {
  if (const client::LossNotice* notice = session_->loss()) TakeLoss(*notice);
  AppendOutcome outcome;
  while (session_->NextOutcome(&outcome)) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (pending.token != outcome.token) {
      env_.report->Violation("client: ", name(), ": outcomes are out of order");
      return;
    }
    Take(outcome, pending);
  }
  if (session_->stopped() && !env_.report->failed()) TakeStop();
}

void SimAppender::Take(const AppendOutcome& outcome, const Pending& pending) {
  env_.report->Mix(outcome.receipt.chain + static_cast<uint64_t>(outcome.fate));
  switch (outcome.fate) {
    case Fate::kApplied:
      return TakeApplied(outcome, pending);
    case Fate::kNotApplied:
      return TakeNotApplied(outcome, pending);
    case Fate::kUnknown:
      if (receipts_may_vanish_) return;
      // After a loss a number need not say which transaction had it (decision 0010).
      if (env_.truth->config().losses_size() > 0) return;
      if (IsFenced()) return;  // in flight when its session was ended
      env_.report->Violation("I15: ", name(),
                             ": an outcome stays unknown: ", StatusText(outcome.error));
  }
}

void SimAppender::TakeApplied(const AppendOutcome& outcome, const Pending& pending) {
  client::AppendReceipt receipt = outcome.receipt;
  if (env_.mutant == SimMutant::kAcksOtherPlace && receipt.first_lsn > Lsn(40)) {
    receipt.first_lsn = receipt.first_lsn.prev();
  }
  ++acknowledged_;
  // A duplicate's level is true of now; a receipt without a place says only that it is applied.
  sim::Acked acked{
      {}, receipt.level, receipt.epoch.generation, pending.first_counter, pending.count};
  if (receipt.first_lsn > Lsn(0)) {
    if (receipt.level < pending.level) {
      env_.report->Violation("I14: ", name(), ": asked for level ", LevelText(pending.level),
                             ", got ", LevelText(receipt.level));
    }
    env_.truth->OnAck(receipt, pending.level, AsBytes(pending.run));
    acked.range = {receipt.first_lsn, receipt.last_lsn()};
    if (receipt.level >= Level::kReplicated) {
      history_->Complete(pending.operation, receipt.epoch.generation, receipt.first_lsn.value(),
                         now_ns());
    }
    acked_.CheckTold(receipt.epoch.generation, env_.truth->losses());
    if (receipt.level >= Level::kReplicated) Remember(outcome);
  }
  acked_.Add(acked);
}

void SimAppender::TakeNotApplied(const AppendOutcome& outcome, const Pending& pending) {
  env_.report->Trace(name(), ": not applied: ", StatusText(outcome.error));
  ErrorCode code = client::CodeOf(outcome.error);
  const bool fenced = code == ErrorCode::kFenced && fences_expected_ > 0;
  bool allowed = code == ErrorCode::kTooLarge || code == ErrorCode::kBehindRefused || fenced ||
                 (code == ErrorCode::kDataLoss && receipts_may_vanish_);
  if (!allowed) {
    env_.report->Violation("I15: ", name(), ": refused for good: ", StatusText(outcome.error));
  }
  // An older log may win a lossy recovery, with what was sent on an earlier connection in it.
  if (fenced && session_->reconnects() > 0) return TakeNotAppliedAnyMore(pending);
  for (uint32_t i = 0; i < pending.count; ++i) {
    env_.truth->payloads()->OnNotApplied(plan_.client, pending.first_counter + i);
  }
}

void SimAppender::TakeNotAppliedAnyMore(const Pending& pending) {
  const bool there = env_.truth->payloads()->Holds(plan_.client, pending.first_counter);
  if (there && env_.truth->losses().empty()) {
    env_.report->Violation("never: ", name(), " is told that payload ", pending.first_counter,
                           " was not applied, but it is in the journal");
  }
  NeverAgain({{pending.first_counter, pending.count}}, env_.truth->generation());
}

void SimAppender::TakeLoss(const client::LossNotice& notice) {
  ++told_;
  env_.report->Trace(name(), " is told of a loss from LSN ", notice.first_lsn.value(),
                     " in generation ", notice.generation);
  acked_.TakeBack(notice, env_.truth->losses());
  session_->AcceptLoss(now_ns());
}

// Without its receipts a client cannot be told of a loss that it has had no part in.
void SimAppender::TakeStop() {
  ErrorCode code = client::CodeOf(session_->status());
  bool allowed = (code == ErrorCode::kDataLoss && receipts_may_vanish_) || IsFenced();
  if (!allowed) {
    env_.report->Violation("client: ", name(), " stopped: ", StatusText(session_->status()));
    return;
  }
  if (IsFenced()) --fences_expected_;
  env_.report->Trace(name(), " opens again: ", StatusText(session_->status()));
  pending_.clear();
  Drop();
  acked_.EndSession();
  Open(host());
}

// ---- for who asks what became of its sequences ----

bool SimAppender::IsFenced() const {
  return fences_expected_ > 0 && client::CodeOf(session_->status()) == ErrorCode::kFenced;
}

void SimAppender::Remember(const AppendOutcome& outcome) {
  constexpr size_t kRemembered = 8;
  const client::AppendReceipt& receipt = outcome.receipt;
  highest_acked_ = outcome.first_sequence + (outcome.count - 1);
  remembered_.push_back({outcome.first_sequence, receipt.first_lsn, receipt.epoch.generation});
  if (remembered_.size() > kRemembered) remembered_.pop_front();
}

std::optional<AckedSequence> SimAppender::SomeAcked(sim::Random* random) const {
  if (remembered_.empty()) return std::nullopt;
  return remembered_[random->Below(remembered_.size())];
}

std::vector<PayloadRange> SimAppender::InFlight() const {
  std::vector<PayloadRange> payloads;
  if (!session_->opened()) return payloads;  // it is to open yet, and has every right to append
  for (const Pending& pending : pending_)
    payloads.push_back({pending.first_counter, pending.count});
  return payloads;
}

void SimAppender::NeverAgain(const std::vector<PayloadRange>& payloads, uint32_t generation) {
  for (const PayloadRange& range : payloads) {
    for (uint64_t counter = range.first_counter; counter < range.first_counter + range.count;
         ++counter) {
      if (!env_.truth->payloads()->Holds(plan_.client, counter)) {
        never_.push_back({counter, generation, env_.truth->next_lsn()});
      }
    }
  }
}

void SimAppender::CheckNever() const {
  for (const Never& never : never_) {
    if (!env_.truth->payloads()->Holds(plan_.client, never.counter) || MayBeVoid(never)) continue;
    env_.report->Violation("never: payload ", plan_.client, ".", never.counter,
                           " is in the journal, although somebody was told, when it was not, that "
                           "it never will be");
    return;
  }
}

// A recovery since may have begun with a log from before it was said.
bool SimAppender::MayBeVoid(const Never& never) const {
  for (const v1::LossReport& loss : env_.truth->losses()) {
    if (loss.generation() > never.generation && Lsn(loss.first_lsn()) <= never.end) return true;
  }
  return false;
}

void SimAppender::CheckFinal() {
  acked_.CheckFinal(*env_.truth->payloads(), env_.truth->losses());
  CheckNever();
}

}  // namespace ringjournal::cluster_sim
