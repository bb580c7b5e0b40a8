#include "tests/cluster_sim/sim_engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/core/writer_proto.h"
#include "client/errors.h"
#include "journal/base/checksum.h"
#include "journal/node/writer_state.h"

namespace ringjournal::cluster_sim {

using client::ErrorCode;
using client::StandbyCore;

namespace {

constexpr int64_t kSilentAfter = 600 * kMs;
constexpr int64_t kDownMaxNs = 1500 * kMs;
constexpr int64_t kLifeMaxNs = 8 * kSecond;
constexpr int64_t kByHandMaxNs = 10 * kSecond;
constexpr uint64_t kDigestEvery = 8;

// As tests/sim/payload_ledger.h makes them.
bool PayloadOf(const client::ReadTransaction& t, PayloadId* payload) {
  return sim::PayloadLedger::ReadPayload(AsView(t.payload), &payload->first, &payload->second);
}

}  // namespace

SimEngine::SimEngine(const ClientEnvironment& environment, HostNumber host,
                     const SimEnginePlan& plan, TakeoverLedger* ledger)
    : SimClient(environment, host, absl::StrCat("engine ", plan.number)),
      plan_(plan),
      ledger_(ledger) {
  Start();
}

client::Session* SimEngine::session() const {
  if (append_ != nullptr) return append_.get();
  if (request_ != nullptr) return request_.get();
  return read_.get();
}

bool SimEngine::done() const {
  if (!finishing_ || !is_last_) return finishing_;
  return last_appends_ >= 3 && pending_.empty() && acts_.empty();
}

std::string SimEngine::Describe() const {
  return absl::StrCat(name(), ": step ", static_cast<int>(step_), ", holds ", WriterText(held_),
                      ", next LSN ", core_->next_lsn().value(), ", ", pending_.size(),
                      " unanswered, last trouble: ", StatusText(session()->last_trouble()));
}

client::SessionOptions SimEngine::MakeSessionOptions() {
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.handshake_timeout_ns = kSecond;
  options.backoff_max_ns = 200 * kMs;
  options.nodes = env_.nodes;
  options.seed = env_.random->Next();
  return options;
}

// A new process: it knows nothing.
void SimEngine::Start() {
  if (base_generation_ != env_.truth->generation()) base_ = Lsn();
  client::StandbyCoreOptions options;
  options.journal = plan_.journal;
  options.silent_after_ns = kSilentAfter;
  options.digest_every = started_anew() ? 0 : kDigestEvery;
  core_ = std::make_unique<StandbyCore>(options);
  core_->OnConnected(now_ns());
  applied_.clear();
  state_ = 0;
  cursor_.reset();
  if (started_anew()) {
    // As from a checkpoint of that generation.
    core_->StartBehind(base_, base_);
    core_->OnReadIn(base_generation_);
    cursor_ = client::Cursor{{}, {base_generation_, 0}, Index(), base_, 0};
    RJ_CHECK(JournalId::FromView(env_.truth->config().id(), &cursor_->journal));
  }
  acts_.clear();
  pending_.clear();
  nonce_ = 0;
  current_ = {};
  by_hand_ = false;
  dies_at_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kLifeMaxNs));
  next_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kByHandMaxNs));
  if (is_last_) next_ns_ = now_ns();
  Read();
}

// Whatever it was doing, and whoever waits for it.
void SimEngine::Die(int64_t down_ns) {
  env_.report->Trace(name(), " ends in step ", static_cast<int>(step_));
  if (step_ == Step::kActive) acked_.back()->EndSession();
  Drop();
  if (!session()->stopped()) session()->Stop(absl::CancelledError("the process ends"));
  step_ = Step::kDown;
  pending_.clear();
  acts_.clear();
  next_ns_ = now_ns() + down_ns;
}

void SimEngine::Finish(bool is_last) {
  finishing_ = true;
  is_last_ = is_last;
  if (!is_last && step_ != Step::kDown) Die(0);
  if (is_last && step_ == Step::kFollowing) next_ns_ = now_ns();
  Begin();
}

int64_t SimEngine::NextWork() const {
  if (finishing_ && !is_last_) return INT64_MAX;
  int64_t at_ns = finishing_ ? INT64_MAX : dies_at_ns_;
  switch (step_) {
    case Step::kDown:
      return next_ns_;
    case Step::kFollowing:
      return std::min({at_ns, core_->LookAgainAt(), next_ns_});
    case Step::kAsking:
    case Step::kClaiming:
    case Step::kReplaying:
      return at_ns;
    case Step::kActive:
      if (!acts_.empty()) at_ns = std::min(at_ns, acts_.front().at_ns);
      if (append_->stopped() || done()) return at_ns;
      return std::min({at_ns, next_ns_, std::max(marks_->due_ns(), now_ns() + kMs)});
  }
  return INT64_MAX;
}

int64_t SimEngine::Work() {
  if (finishing_ && !is_last_) return INT64_MAX;
  const int64_t now = now_ns();
  if (step_ == Step::kDown) {
    if (now >= next_ns_) {
      append_.reset();
      request_.reset();
      Start();
    }
  } else if (!finishing_ && now >= dies_at_ns_) {
    Die(static_cast<int64_t>(env_.random->Below(kDownMaxNs)));
  } else if (step_ == Step::kFollowing && (now >= next_ns_ || core_->Suspects(now))) {
    by_hand_ = now >= next_ns_;
    Ask();
  } else if (step_ == Step::kActive) {
    WorkActive();
  }
  return NextWork();
}

// ---- standing by ----

void SimEngine::Read() {
  client::ReadSessionOptions options;
  options.session = MakeSessionOptions();
  options.journal = plan_.journal;
  options.from = client::Position::At(core_->next_lsn());
  options.cursor = cursor_;
  options.follow = true;
  options.credit_bytes = env_.random->Between(1, 20) * 4096;
  if (read_ != nullptr) Drop();
  request_.reset();
  read_ = std::make_unique<client::ReadSession>(std::move(options));
  reconnects_ = 0;
  step_ = core_->granted() ? Step::kReplaying : Step::kFollowing;
}

void SimEngine::CheckReading() {
  client::ReadTransaction t;
  while (read_->loss() == nullptr && !env_.report->failed() && read_->Next(&t)) Take(t);
  if (env_.report->failed()) return;
  if (const auto& loss = read_->last_loss()) {
    core_->OnLoss({loss->generation, loss->first_lsn, loss->replicated != "none", loss->reason});
  }
  if (read_->loss() != nullptr) {
    env_.report->Trace(name(), " has applied what is lost from LSN ",
                       read_->loss()->first_lsn.value(), " on, and begins anew");
    return Die(0);
  }
  if (read_->stopped()) return CheckReadingStopped();
  if (read_->reconnects() != std::exchange(reconnects_, read_->reconnects())) {
    core_->OnConnected(now_ns());
  }
  core_->OnReadIn(read_->seen_generation());
  if (step_ == Step::kReplaying && !core_->granted()) {
    env_.report->Trace(name(), " was replaced before its boundary, and follows");
    step_ = Step::kFollowing;
    nonce_ = 0;
  }
  if (step_ == Step::kReplaying && core_->at_boundary()) return Promote();
  if (step_ == Step::kFollowing && core_->writer_is_silent(now_ns())) Claim();
}

void SimEngine::CheckReadingStopped() {
  const ErrorCode code = client::CodeOf(read_->status());
  const bool lossy = env_.truth->config().losses_size() > 0;
  const bool memory_only = env_.truth->config().settings().memory_only();
  const bool gap = memory_only && (code == ErrorCode::kTrimmed || code == ErrorCode::kDamaged);
  const bool taken_back = lossy && (code == ErrorCode::kBadCursor || code == ErrorCode::kDataLoss);
  if (!gap && !taken_back) {
    env_.report->Violation("I10: ", name(), " stopped reading: ", StatusText(read_->status()));
    return;
  }
  env_.report->Trace(name(), " begins anew: ", StatusText(read_->status()));
  if (gap && env_.truth->oldest_in_ring() > Lsn()) {
    base_ = env_.truth->oldest_in_ring().prev();
    base_generation_ = env_.truth->generation();
    ledger_->OnGap(base_);
  }
  Die(100 * kMs);
}

void SimEngine::Take(const client::ReadTransaction& t) {
  env_.truth->OnRead(t);
  const auto what = core_->Take(t, now_ns());
  if (!what.ok()) {
    env_.report->Violation("I16: ", name(), " cannot take LSN ", t.lsn.value(), ": ",
                           StatusText(what.status()));
    return;
  }
  cursor_ = client::Cursor{{}, t.epoch, t.index, t.lsn, t.chain};
  JournalId::FromView(read_->journal_id(), &cursor_->journal);
  PayloadId payload;
  if (*what != StandbyCore::Do::kApply || !PayloadOf(t, &payload)) return;
  Apply(t.lsn, payload);
  RJ_CHECK(core_->Applied(absl::StrCat(payload.first, ".", payload.second)).ok());
  if (core_->WantsDigest()) core_->OnDigest(state_);
}

void SimEngine::Apply(Lsn lsn, PayloadId payload) {
  applied_[lsn] = payload;
  state_ = ChainHash(state_, AsBytes(absl::StrCat(payload.first, ".", payload.second)));
}

void SimEngine::Request(v1::ClientMessage message, bool once, Step step) {
  Drop();
  step_ = step;
  granted_before_ = env_.truth->newest_grant();
  request_ =
      std::make_unique<client::RequestSession>(MakeSessionOptions(), std::move(message), once);
  request_->OpenFirst(plan_.journal);
}

void SimEngine::Ask() {
  v1::ClientMessage message;
  message.mutable_writer_show();
  Request(std::move(message), false, Step::kAsking);
}

void SimEngine::Claim() {
  if (nonce_ == 0) {
    ++claims_;
    nonce_ = env_.random->Next() | 1;
  }
  v1::ClientMessage message;
  v1::WriterAcquire* claim = message.mutable_writer_acquire();
  claim->set_claimant(absl::StrCat("w", client()));
  claim->set_nonce(nonce_);
  claim->set_replaces_generation(current_.epoch.generation);
  claim->set_replaces_epoch(current_.epoch.epoch);
  Request(std::move(message), false, Step::kClaiming);
}

void SimEngine::CheckRequest() {
  if (!request_->stopped()) return;
  if (request_->answered()) {
    NoteLosses(request_->opened());
    const v1::WriterReply& reply = request_->reply().writer_reply();
    return step_ == Step::kClaiming ? TakeGrant(reply) : TakeAnswer(reply);
  }
  const ErrorCode code = client::CodeOf(request_->status());
  if (step_ != Step::kClaiming || code != ErrorCode::kWriterHeld) {
    env_.report->Violation(
        "client: ", name(), " cannot ",
        step_ == Step::kClaiming ? "claim: " : "ask: ", StatusText(request_->status()));
    return;
  }
  env_.report->Trace(name(), " is not granted: ", StatusText(request_->status()));
  nonce_ = 0;
  core_->OnReplaced(now_ns());
  next_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kByHandMaxNs));
  if (is_last_) next_ns_ = now_ns();
  Read();
}

void SimEngine::NoteLosses(const v1::OpenReply& opened) {
  for (const v1::LossReport& loss : opened.losses()) {
    core_->OnLoss({loss.generation(), Lsn(loss.first_lsn()),
                   loss.replicated() != v1::LOSS_VERDICT_NONE, loss.reason()});
  }
}

void SimEngine::TakeAnswer(const v1::WriterReply& reply) {
  current_ = client::WriterOf(reply);
  const v1::OpenReply& opened = request_->opened();
  core_->OnAnswer({opened.generation(), opened.epoch()}, Lsn(opened.watermarks().committed().lsn()),
                  now_ns());
  core_->OnWriter(current_.epoch, now_ns());
  if (std::exchange(by_hand_, false) || core_->writer_is_silent(now_ns())) return Claim();
  next_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kByHandMaxNs));
  Read();
}

void SimEngine::TakeGrant(const v1::WriterReply& reply) {
  const client::WriterInfo granted = client::WriterOf(reply);
  held_ = granted.epoch;
  env_.report->Trace(name(), " is granted ", WriterText(held_), " behind entry ",
                     reply.writer().index());
  WriterGrant grant{client(), nonce_, held_, Index(reply.writer().index()), granted.chain};
  grant.replaces = current_.epoch;
  if (granted.nonce != nonce_) {
    env_.report->Violation("I9: ", name(), " is granted ", WriterText(held_),
                           ", which somebody else has claimed");
    return;
  }
  env_.truth->OnGrant(grant);
  core_->OnGranted(granted, current_);
  if (absl::Status history = core_->CheckHistory(); !history.ok()) {
    env_.report->Trace(name(), " begins anew: ", StatusText(history));
    return Die(0);
  }
  if (core_->at_boundary()) return Promote();
  Read();
}

void SimEngine::Check() {
  if (env_.report->failed()) return;
  switch (step_) {
    case Step::kDown:
      return;
    case Step::kFollowing:
    case Step::kReplaying:
      return CheckReading();
    case Step::kAsking:
    case Step::kClaiming:
      return CheckRequest();
    case Step::kActive:
      return CheckAppends();
  }
}

void SimEngine::CheckFinal() const {
  for (const auto& ledger : acked_) {
    ledger->CheckFinal(*env_.truth->payloads(), env_.truth->losses());
  }
}

}  // namespace ringjournal::cluster_sim
