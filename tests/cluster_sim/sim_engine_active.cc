// The simulated transaction system as the writer: it journals, acts a while later, and says so.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/takeover/records.h"
#include "journal/node/writer_state.h"
#include "tests/cluster_sim/sim_engine.h"

namespace ringjournal::cluster_sim {

using client::AppendOutcome;
using client::ErrorCode;
using client::Fate;

namespace {

constexpr int64_t kHeartbeat = 150 * kMs;
constexpr int64_t kAppendPauseMaxNs = 60 * kMs;
constexpr int64_t kActMaxNs = 200 * kMs;
constexpr size_t kInFlightMax = 16;
constexpr uint64_t kLastAppends = 3;
constexpr uint64_t kDigestEvery = 8;

}  // namespace

void SimEngine::Promote() {
  SimTakeover takeover{name(), core_->Report(), base_, applied_, {}};
  std::vector<client::Effect> effects = core_->TakeEffects();
  for (const client::Effect& effect : effects) takeover.effects.push_back(effect.lsn);
  env_.report->Trace(name(), " takes over as ", WriterText(held_), " behind LSN ",
                     takeover.report.final_lsn.value(), ", ", effects.size(), " in doubt, ",
                     client::VerdictText(takeover.report.verdict));
  ledger_->OnTakeover(takeover, *env_.truth);
  OpenWriter(takeover.report);
  for (const client::Effect& effect : effects) {
    const auto applied = applied_.find(effect.lsn);
    if (applied != applied_.end()) ledger_->OnActed(applied->second, true);
  }
  RJ_CHECK(marks_->MarkActed(takeover.report.final_lsn).ok());
}

void SimEngine::OpenWriter(const client::TakeoverReport& report) {
  client::WriterMarksOptions marks;
  marks.writer = held_;
  marks.claimant = absl::StrCat("w", client());
  marks.heartbeat_ns = kHeartbeat;
  marks.committed = report.final_lsn;
  marks.acted = report.acted_lsn;
  marks_ = std::make_unique<client::WriterMarks>(marks);
  client::AppendSessionOptions options;
  options.session = MakeSessionOptions();
  options.client_instance = options.session.seed;
  options.journal = plan_.journal;
  options.producer = absl::StrCat("engine ", plan_.number);
  options.writer = held_;
  options.accept_loss_before_first_open = true;
  Drop();
  append_ = std::make_unique<client::AppendSession>(std::move(options));
  acked_.push_back(std::make_unique<sim::AckedLedger>(
      absl::StrCat(name(), "'s life as ", WriterText(held_)), client(), false, env_.report));
  counter_ = 0;
  step_ = Step::kActive;
  next_ns_ = now_ns();
}

void SimEngine::WorkActive() {
  Bring();
  if (append_->stopped() || done()) return;
  if (auto record = marks_->Next(now_ns())) {
    client::TransactionRun run;
    client::AddRecord(*record, &run);
    Send({}, run);
  }
  if (now_ns() < next_ns_) return;
  if (pending_.size() < kInFlightMax && last_appends_ < kLastAppends) Append();
  next_ns_ = now_ns() + static_cast<int64_t>(1 + env_.random->Below(kAppendPauseMaxNs));
}

void SimEngine::Append() {
  Pending pending;
  pending.counter = ++counter_;
  const auto run = client::TransactionRun::Of(sim::PayloadLedger::MakePayload(
      client(), pending.counter, env_.random->Skewed(plan_.payload_bytes_max)));
  Send(std::move(pending), run);
}

void SimEngine::Send(Pending pending, const client::TransactionRun& run) {
  client::AppendRequest request;
  request.run = run.bytes();
  request.count = 1;
  request.level = plan_.levels[env_.random->Below(plan_.levels.size())];
  request.token = pending.counter;
  const bool room = append_->HasRoom(request.run.size());
  // Without room, or fenced with answers that are still to come: never sent.
  if (!room || !append_->Append(request).ok()) {
    pending.counter > 0 ? static_cast<void>(--counter_) : marks_->OnOutcome(false);
    return;
  }
  pending.level = request.level;
  pending.run = std::string(AsView(request.run));
  pending_.push_back(std::move(pending));
}

// What is due of what the acknowledged transactions ask for.
void SimEngine::Bring() {
  while (!acts_.empty() && acts_.front().at_ns <= now_ns()) {
    const Act act = acts_.front();
    acts_.pop_front();
    ledger_->OnActed(act.payload, false);
    const absl::Status marked = marks_->MarkActed(act.lsn);
    if (!marked.ok()) {
      env_.report->Violation("I16: ", name(), " may not mark: ", StatusText(marked));
    }
  }
}

void SimEngine::CheckAppends() {
  // What it holds is not its own any more: its state neither. Which notices name what, simulated
  // writers check, who append nothing but payloads.
  if (append_->loss() != nullptr) return Die(0);
  AppendOutcome outcome;
  while (append_->NextOutcome(&outcome)) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (pending.counter != outcome.token) {
      env_.report->Violation("client: ", name(), ": outcomes are out of order");
      return;
    }
    TakeOutcome(outcome, pending);
    if (step_ != Step::kActive) return;
  }
  if (append_->stopped() && !env_.report->failed()) TakeStop();
}

void SimEngine::TakeOutcome(const AppendOutcome& outcome, const Pending& pending) {
  if (pending.counter == 0) marks_->OnOutcome(outcome.fate == Fate::kApplied);
  if (outcome.fate == Fate::kApplied) return TakeApplied(outcome.receipt, pending);
  const ErrorCode code = client::CodeOf(outcome.error);
  if (append_->stopped() || code == ErrorCode::kFenced || code == ErrorCode::kBehindRefused) return;
  // Numbered as something else before a loss (decision 0010): what it is then, it must find out
  // anew.
  if (outcome.fate == Fate::kUnknown && env_.truth->config().losses_size() > 0) return Die(0);
  env_.report->Violation("I15: ", name(),
                         ": an append comes to nothing: ", StatusText(outcome.error));
}

void SimEngine::TakeApplied(const client::AppendReceipt& receipt, const Pending& pending) {
  // Its place is not known any more: so is what to mark.
  if (receipt.first_lsn == Lsn()) return Die(0);
  const Lsn lsn = receipt.first_lsn;
  env_.truth->OnAck(receipt, pending.level, AsBytes(pending.run));
  marks_->OnCommitted(lsn);
  if (pending.counter == 0) return;
  ++acknowledged_;
  if (is_last_) ++last_appends_;
  const PayloadId payload(client(), pending.counter);
  acked_.back()->CheckTold(receipt.epoch.generation, env_.truth->losses());
  acked_.back()->Add({{lsn, lsn}, receipt.level, receipt.epoch.generation, pending.counter, 1});
  ledger_->OnAcked(held_, payload, lsn);
  Apply(lsn, payload);
  if (!started_anew() && lsn.value() % kDigestEvery == 0) {
    RJ_CHECK(marks_->AddDigest(lsn, state_).ok());
  }
  const auto pause = static_cast<int64_t>(env_.random->Below(kActMaxNs));
  const int64_t last_ns = acts_.empty() ? 0 : acts_.back().at_ns;
  acts_.push_back({lsn, payload, std::max(now_ns() + pause, last_ns)});
}

void SimEngine::TakeStop() {
  if (client::CodeOf(append_->status()) != ErrorCode::kFenced) {
    env_.report->Violation("client: ", name(), " stopped: ", StatusText(append_->status()));
    return;
  }
  env_.report->Trace(name(), " is fenced: ", StatusText(append_->status()));
  env_.truth->OnFenced(held_);
  Die(0);
}

}  // namespace ringjournal::cluster_sim
