#include "tests/cluster_sim/sim_settler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::cluster_sim {

using client::ErrorCode;

namespace {

constexpr int64_t kRestMaxNs = 1200 * kMs;

}  // namespace

SimSettler::SimSettler(const ClientEnvironment& environment, HostNumber host, std::string journal,
                       SimAppender* appender)
    : SimClient(environment, host, absl::StrCat("settler of ", appender->name())),
      journal_(std::move(journal)),
      appender_(appender) {
  Ask();
}

std::string SimSettler::Describe() const {
  return absl::StrCat(name(), ": last trouble: ", StatusText(session()->last_trouble()));
}

void SimSettler::Ask() {
  Drop();
  sequence_ = appender_->highest_acked().next() + env_.random->Below(3);
  settles_ = env_.random->Chance(50);
  acked_ = env_.random->Chance(40) ? appender_->SomeAcked(env_.random) : std::nullopt;
  if (acked_.has_value()) sequence_ = acked_->sequence;
  in_flight_ = appender_->InFlight();
  life_ = appender_->opened() ? appender_->life() : 0;
  if (settles_) appender_->ExpectFence();
  v1::ClientMessage message;
  v1::Resolve* resolve = message.mutable_resolve();
  resolve->set_producer(appender_->producer());
  resolve->set_sequence(sequence_.value());
  resolve->set_settle(settles_);
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.handshake_timeout_ns = kSecond;
  options.backoff_max_ns = 200 * kMs;
  options.nodes = env_.nodes;
  options.seed = env_.random->Next();
  request_ =
      std::make_unique<client::RequestSession>(std::move(options), std::move(message), settles_);
  request_->OpenFirst(journal_);
  asking_ = true;
}

void SimSettler::Rest() {
  asking_ = false;
  next_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kRestMaxNs));
}

void SimSettler::Finish() {
  finished_ = true;
  asking_ = false;
  Drop();
  session()->Stop(absl::CancelledError("the run ends"));
}

int64_t SimSettler::NextWork() const { return finished_ || asking_ ? INT64_MAX : next_ns_; }

int64_t SimSettler::Work() {
  if (now_ns() < NextWork()) return NextWork();
  Ask();
  return INT64_MAX;
}

void SimSettler::Check() {
  if (!asking_ || !request_->stopped() || env_.report->failed()) return;
  if (request_->answered()) {
    TakeAnswer(request_->reply().resolve_reply());
    return Rest();
  }
  const ErrorCode code = client::CodeOf(request_->status());
  const bool unknown = settles_ && code == ErrorCode::kOutcomeUnknown;
  // Its opening may be under way, or have gone with a loss.
  const bool nobody = code == ErrorCode::kUnknownProducer && !acked_.has_value();
  if (!unknown && !nobody) {
    env_.report->Violation("client: ", name(),
                           " is not answered: ", StatusText(request_->status()));
    return;
  }
  Rest();
}

void SimSettler::TakeAnswer(const v1::ResolveReply& reply) {
  const bool there = reply.outcome() == v1::ResolveReply::OUTCOME_AT_LSN;
  const bool now = reply.generation() == env_.truth->generation();
  if (there && now && Lsn(reply.lsn()) >= env_.truth->next_lsn()) {
    env_.report->Violation("I8: ", name(), " is told that sequence ", sequence_.value(),
                           " stands at LSN ", reply.lsn(), ", and that is not committed");
    return;
  }
  env_.report->Trace(name(), ": sequence ", sequence_.value(), ": outcome ",
                     static_cast<int>(reply.outcome()), " in generation ", reply.generation());
  if (acked_.has_value()) CheckReceipt(reply);
  // "May have been lost" is not final: a log that has lost the producer cannot end its session.
  if (reply.outcome() != v1::ResolveReply::OUTCOME_NEVER) return;
  ++settled_;
  // The same session has no other right to append than when it was asked.
  const bool same = appender_->life() == life_;
  appender_->NeverAgain(same ? appender_->InFlight() : in_flight_, reply.generation());
}

// What is acknowledged as replicated is where the receipt says, or was trimmed; or a loss since may
// have taken it.
void SimSettler::CheckReceipt(const v1::ResolveReply& reply) const {
  if (reply.generation() > acked_->generation) return;
  if (reply.outcome() == v1::ResolveReply::OUTCOME_APPLIED_TRIMMED) return;
  const bool there = reply.outcome() == v1::ResolveReply::OUTCOME_AT_LSN;
  if (there && Lsn(reply.lsn()) == acked_->lsn) return;
  env_.report->Violation("I8: ", name(), " is told outcome ", static_cast<int>(reply.outcome()),
                         " at LSN ", reply.lsn(), " of sequence ", sequence_.value(),
                         ", which was acknowledged at LSN ", acked_->lsn.value());
}

}  // namespace ringjournal::cluster_sim
