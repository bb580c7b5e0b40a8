#include "tests/cluster_sim/sim_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/node/writer_state.h"

namespace ringjournal::cluster_sim {

using client::AppendOutcome;
using client::ErrorCode;
using client::Fate;

namespace {

constexpr int64_t kRestMaxNs = 2500 * kMs;  // between a fence and the next claim
constexpr int64_t kAppendPauseMaxNs = 60 * kMs;
constexpr size_t kInFlightMax = 16;
constexpr uint64_t kLastAppends = 3;

}  // namespace

SimWriter::SimWriter(const ClientEnvironment& environment, HostNumber host,
                     const SimWriterPlan& plan)
    : SimClient(environment, host, absl::StrCat("writer ", plan.number)), plan_(plan) {
  v1::ClientMessage show;
  show.mutable_writer_show();
  Ask(show, false);
}

client::Session* SimWriter::session() const {
  if (append_ != nullptr) return append_.get();
  return request_.get();
}

bool SimWriter::done() const {
  if (!finishing_) return false;
  return is_last_ ? last_appends_ >= kLastAppends && pending_.empty() : step_ == Step::kIdle;
}

std::string SimWriter::Describe() const {
  return absl::StrCat(name(), ": step ", static_cast<int>(step_), ", holds ", WriterText(held_),
                      ", ", pending_.size(),
                      " unanswered, last trouble: ", StatusText(session()->last_trouble()));
}

client::SessionOptions SimWriter::MakeSessionOptions() {
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.handshake_timeout_ns = kSecond;
  options.backoff_max_ns = 200 * kMs;
  options.nodes = env_.nodes;
  options.seed = env_.random->Next();
  return options;
}

// `once`: it is not to be sent again where its outcome is not known.
void SimWriter::Ask(v1::ClientMessage request, bool once) {
  Drop();
  append_.reset();
  step_ = request.has_writer_show() ? Step::kAsking : Step::kClaiming;
  granted_before_ = env_.truth->newest_grant();
  request_ =
      std::make_unique<client::RequestSession>(MakeSessionOptions(), std::move(request), once);
  request_->OpenFirst(plan_.journal);
}

void SimWriter::Rest() {
  step_ = Step::kIdle;
  next_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kRestMaxNs));
}

// What another one has seen it append stays its own: it is a new one from here on.
void SimWriter::Finish(bool is_last) {
  finishing_ = true;
  is_last_ = is_last;
  next_ns_ = now_ns();
  if (!is_last) {
    pending_.clear();
    Drop();
    if (session() != nullptr) session()->Stop(absl::CancelledError("the run ends"));
    step_ = Step::kIdle;
  }
  Begin();
}

int64_t SimWriter::NextWork() const {
  if (finishing_ && (!is_last_ || done())) return INT64_MAX;
  if (step_ == Step::kIdle) return next_ns_;
  if (step_ != Step::kAppending || append_->stopped()) return INT64_MAX;
  const bool enough = is_last_ && last_appends_ + pending_.size() >= kLastAppends;
  return enough ? INT64_MAX : next_ns_;
}

int64_t SimWriter::Work() {
  if (now_ns() < NextWork()) return NextWork();
  if (step_ == Step::kIdle) {
    v1::ClientMessage show;
    show.mutable_writer_show();
    Ask(std::move(show), false);
    return INT64_MAX;
  }
  if (pending_.size() < kInFlightMax) Append();
  next_ns_ = now_ns() + static_cast<int64_t>(1 + env_.random->Below(kAppendPauseMaxNs));
  return next_ns_;
}

void SimWriter::Claim(Epoch current) {
  ++life_;
  nonce_ = env_.random->Next() | 1;
  named_ = current;
  forced_ = env_.random->Chance(20);
  v1::ClientMessage message;
  v1::WriterAcquire* claim = message.mutable_writer_acquire();
  claim->set_claimant(absl::StrCat("w", client()));
  claim->set_nonce(nonce_);
  claim->set_force(forced_);
  if (!forced_) {
    claim->set_replaces_generation(current.generation);
    claim->set_replaces_epoch(current.epoch);
  }
  Ask(std::move(message), forced_);
}

void SimWriter::CheckRequest() {
  if (!request_->stopped()) return;
  const ErrorCode code = client::CodeOf(request_->status());
  if (request_->answered()) {
    const v1::WriterReply& reply = request_->reply().writer_reply();
    if (step_ == Step::kClaiming) return TakeGrant(reply);
    const Epoch shown{reply.writer_generation(), reply.writer_epoch()};
    const bool same_generation = reply.generation() == granted_before_.generation;
    if (same_generation && shown < granted_before_) {
      env_.report->Violation("I9: ", name(), " is shown ", WriterText(shown), ", and ",
                             WriterText(granted_before_), " had been granted before it asked");
    }
    return Claim(shown);
  }
  const bool claims = step_ == Step::kClaiming;
  const bool allowed =
      claims && (code == ErrorCode::kWriterHeld || code == ErrorCode::kOutcomeUnknown);
  if (!allowed) {
    env_.report->Violation("client: ", name(), " cannot ",
                           claims ? "claim: " : "ask: ", StatusText(request_->status()));
    return;
  }
  env_.report->Trace(name(), " is not granted: ", StatusText(request_->status()));
  Rest();
}

void SimWriter::TakeGrant(const v1::WriterReply& reply) {
  held_ = {reply.writer_generation(), reply.writer_epoch()};
  env_.report->Trace(name(), " is granted ", WriterText(held_), " behind entry ",
                     reply.writer().index());
  WriterGrant grant{client(), nonce_, held_, Index(reply.writer().index()), reply.writer().chain()};
  if (!forced_) grant.replaces = named_;
  if (reply.writer().nonce() != nonce_) {
    env_.report->Violation("I9: ", name(), " is granted ", WriterText(held_),
                           ", which somebody else has claimed");
    return;
  }
  env_.truth->OnGrant(grant);
  ++grants_;
  client::AppendSessionOptions options;
  options.session = MakeSessionOptions();
  options.client_instance = options.session.seed;
  options.journal = plan_.journal;
  // Who takes over goes on with the numbers of the one before; or has nothing to do with them, so
  // that no opening guards what the writer epoch is to guard.
  options.producer = plan_.number == 0 ? "another app" : "app";
  options.writer = held_;
  options.accept_loss_before_first_open = true;
  Drop();
  append_ = std::make_unique<client::AppendSession>(std::move(options));
  acked_.push_back(std::make_unique<sim::AckedLedger>(absl::StrCat(name(), "'s life ", life_),
                                                      client(), false, env_.report));
  counter_ = 0;
  step_ = Step::kAppending;
  next_ns_ = now_ns();
}

void SimWriter::Append() {
  run_.Clear();
  Pending pending;
  pending.counter = counter_ + 1;
  run_.Add(sim::PayloadLedger::MakePayload(client(), pending.counter,
                                           env_.random->Skewed(plan_.payload_bytes_max)));
  client::AppendRequest request;
  request.run = run_.bytes();
  request.count = 1;
  request.level = plan_.levels[env_.random->Below(plan_.levels.size())];
  request.token = pending.counter;
  if (!append_->HasRoom(request.run.size())) return;
  // Fenced, with answers that are still to come.
  if (absl::Status queued = append_->Append(request); !queued.ok()) return;
  ++counter_;
  pending.level = request.level;
  pending.run = std::string(AsView(request.run));
  pending_.push_back(std::move(pending));
}

void SimWriter::Check() {
  if (env_.report->failed()) return;
  if (step_ == Step::kAsking || step_ == Step::kClaiming) return CheckRequest();
  if (step_ == Step::kAppending) CheckAppends();
}

void SimWriter::CheckAppends() {
  if (const client::LossNotice* notice = append_->loss()) {
    acked_.back()->TakeBack(*notice, env_.truth->losses());
    append_->AcceptLoss(now_ns());
  }
  AppendOutcome outcome;
  while (append_->NextOutcome(&outcome)) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (pending.counter != outcome.token) {
      env_.report->Violation("client: ", name(), ": outcomes are out of order");
      return;
    }
    Take(outcome, pending);
  }
  if (append_->stopped() && !env_.report->failed()) TakeStop();
}

void SimWriter::Take(const AppendOutcome& outcome, const Pending& pending) {
  const ErrorCode code = client::CodeOf(outcome.error);
  switch (outcome.fate) {
    case Fate::kApplied:
      return TakeApplied(outcome.receipt, pending);
    case Fate::kNotApplied:
      // An older log may win a lossy recovery, with what was sent on an earlier connection in it.
      if (append_->reconnects() == 0) {
        env_.truth->payloads()->OnNotApplied(client(), pending.counter);
      }
      if (code == ErrorCode::kFenced || code == ErrorCode::kBehindRefused) return;
      env_.report->Violation("I15: ", name(), ": refused for good: ", StatusText(outcome.error));
      return;
    case Fate::kUnknown:
      // In flight when it was fenced; or numbered as something else before a loss (decision 0010).
      if (append_->stopped() || env_.truth->config().losses_size() > 0) return;
      env_.report->Violation("I15: ", name(),
                             ": an outcome stays unknown: ", StatusText(outcome.error));
  }
}

void SimWriter::TakeApplied(const client::AppendReceipt& receipt, const Pending& pending) {
  ++acknowledged_;
  if (is_last_) ++last_appends_;
  sim::Acked acked{{}, receipt.level, receipt.epoch.generation, pending.counter, 1};
  if (receipt.first_lsn > Lsn(0)) {
    env_.truth->OnAck(receipt, pending.level, AsBytes(pending.run));
    acked.range = {receipt.first_lsn, receipt.last_lsn()};
    acked_.back()->CheckTold(receipt.epoch.generation, env_.truth->losses());
  }
  acked_.back()->Add(acked);
}

void SimWriter::TakeStop() {
  if (client::CodeOf(append_->status()) != ErrorCode::kFenced) {
    env_.report->Violation("client: ", name(), " stopped: ", StatusText(append_->status()));
    return;
  }
  ++fenced_;
  env_.report->Trace(name(), " is fenced: ", StatusText(append_->status()));
  env_.truth->OnFenced(held_);
  acked_.back()->EndSession();
  pending_.clear();
  Drop();
  Rest();
  if (finishing_) next_ns_ = now_ns();
}

void SimWriter::CheckFinal() const {
  for (const auto& ledger : acked_) {
    ledger->CheckFinal(*env_.truth->payloads(), env_.truth->losses());
  }
}

}  // namespace ringjournal::cluster_sim
