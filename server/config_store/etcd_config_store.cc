#include "server/config_store/etcd_config_store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

absl::Status CheckFile(const char* what, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the ", what, " for etcd cannot be read: ", path, ": ",
                                             std::strerror(errno),
                                             "; name a file that this process may read"));
}

absl::Status CheckFiles(const EtcdOptions& options) {
  RJ_RETURN_IF_ERROR(CheckFile("certificate authority", options.ca));
  RJ_RETURN_IF_ERROR(CheckFile("client certificate", options.cert));
  RJ_RETURN_IF_ERROR(CheckFile("key of the client certificate", options.key));
  if (options.user.empty()) return absl::OkStatus();
  return ReadEtcdPassword(options.password_file).status();
}

}  // namespace

EtcdConfigStore::EtcdConfigStore(const EtcdOptions& options, std::unique_ptr<EtcdHttp> http)
    : http_(std::move(http)),
      context_{options.prefix, options.create_if_missing, options.cluster_id, options.times,
               EtcdSeen(options.prefix)},
      endpoints_(options.endpoints),
      login_(options, http_.get(), &endpoints_),
      watch_(options.prefix, http_.get(), &endpoints_, &login_) {}

absl::StatusOr<std::unique_ptr<EtcdConfigStore>> EtcdConfigStore::Open(const EtcdOptions& options) {
  RJ_RETURN_IF_ERROR(CheckEtcdOptions(options));
  RJ_RETURN_IF_ERROR(CheckFiles(options));
  absl::StatusOr<std::unique_ptr<EtcdHttp>> http = EtcdHttp::Create(options);
  if (!http.ok()) return http.status();
  return std::unique_ptr<EtcdConfigStore>(new EtcdConfigStore(options, *std::move(http)));
}

absl::Status EtcdConfigStore::Submit(ConfigRequest request) {
  if (calls_.size() >= limits::kConfigRequestsInFlightMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the config store has ", limits::kConfigRequestsInFlightMax,
                     " unanswered requests, which is the limit; poll it, then submit again"));
  }
  calls_.push_back(std::make_unique<Carried>(std::move(request), &context_));
  return absl::OkStatus();
}

void EtcdConfigStore::Poll(Time now, std::vector<ConfigCompletion>* completions) {
  now_ns_ = now.monotonic_ns;
  // Twice, so that what the first one decides to ask is on its way when this returns.
  Turn();
  Turn();
  TakeDone(completions);
}

// Answers first: they free what the time limits would end, and make room for what waits.
void EtcdConfigStore::Turn() {
  std::vector<HttpDone> done;
  http_->Poll(&done);
  watch_.Read(context_.seen.newest().mod_revision, now_ns_);
  TakeTold();
  for (const HttpDone& one : done) Dispatch(one);
  for (auto& carried : calls_) CheckTime(carried.get());
  KeepLogin();
  watch_.Keep(now_ns_);
  StartCalls();
}

// What was written after what is known here must be a later version of it. Whoever reads it is told
// what is wrong where it is not.
void EtcdConfigStore::TakeTold() {
  const std::optional<EtcdKey> told = watch_.TakeTold();
  if (!told.has_value()) return;
  const uint64_t before = context_.seen.version();
  absl::StatusOr<EtcdDocument> document = context_.seen.Admit(*told, before);
  if (!document.ok() || document->document.version() == before) return watch_.CallChanged();
  news_ = std::move(document->document);
}

void EtcdConfigStore::Dispatch(const HttpDone& done) {
  if (login_.OnDone(done, now_ns_) || watch_.OnDone(done, now_ns_)) return;
  for (auto& carried : calls_) {
    if (carried->transfer != done.id) continue;
    carried->transfer = 0;
    return OnAnswer(carried.get(), done.answer);
  }
}

void EtcdConfigStore::OnAnswer(Carried* carried, const HttpAnswer& answer) {
  const EtcdJudgement judgement = JudgeEtcdAnswer(answer);
  switch (judgement.verdict) {
    case EtcdVerdict::kAnswered:
      if (carried->call.OnAnswer(answer.body)) return;
      carried->call.OnUnknown("the answer is not etcd's");
      return Failed(carried, "the answer is not etcd's");
    case EtcdVerdict::kNotApplied:
      carried->call.OnNotApplied(judgement.why);
      return Failed(carried, judgement.why);
    case EtcdVerdict::kNoToken:
      return OnNoToken(carried, judgement);
    case EtcdVerdict::kRefused:
      return carried->call.OnRefused(judgement.why);
    case EtcdVerdict::kUnknown:
      carried->call.OnUnknown(judgement.why);
      return Failed(carried, judgement.why);
  }
}

void EtcdConfigStore::OnNoToken(Carried* carried, const EtcdJudgement& judgement) {
  if (!login_.has_user()) {
    return carried->call.OnRefused(absl::StrCat(judgement.why, "; etcd wants a user, none is set"));
  }
  carried->call.OnNotApplied(judgement.why);
  login_.Drop(carried->token);
  carried->due_ns = now_ns_ + limits::kEtcdRetryMs * kMs;
}

// Another endpoint at once; the same one after a pause.
void EtcdConfigStore::Failed(Carried* carried, std::string_view why) {
  endpoints_.Failed(carried->endpoint, why);
  ++carried->failures;
  const bool pause = carried->failures % endpoints_.size() == 0;
  carried->due_ns = now_ns_ + (pause ? limits::kEtcdRetryMs * kMs : 0);
}

void EtcdConfigStore::CheckTime(Carried* carried) {
  EtcdCall& call = carried->call;
  if (call.done()) return;
  if (carried->deadline_ns == 0) {
    carried->deadline_ns = now_ns_ + context_.times.request_ms * kMs;
  }
  if (carried->transfer != 0) {
    if (now_ns_ >= carried->doubtful_ns) {
      endpoints_.Failed(carried->endpoint, "it takes too long to answer");
      carried->doubtful_ns = INT64_MAX;
    }
    if (now_ns_ < std::min(carried->attempt_ends_ns, carried->deadline_ns)) return;
    const bool sent = http_->Cancel(std::exchange(carried->transfer, 0));
    const std::string_view why = sent ? "no answer in time" : "no connection in time";
    if (sent) {
      call.OnUnknown(why);
    } else {
      call.OnNotApplied(why);
    }
    Failed(carried, why);
  }
  if (!call.done() && now_ns_ >= carried->deadline_ns) call.OnDeadline();
}

void EtcdConfigStore::KeepLogin() {
  const EtcdLogin::Failure failure = login_.TakeFailure();
  for (auto& carried : calls_) {
    if (failure.why.empty() || carried->transfer != 0 || carried->call.done()) continue;
    if (failure.final) {
      carried->call.OnRefused(failure.why);
    } else {
      carried->call.OnNotApplied(failure.why);
    }
  }
  login_.Keep(now_ns_);
}

size_t EtcdConfigStore::Room() const {
  const auto out = std::count_if(calls_.begin(), calls_.end(),
                                 [](const auto& carried) { return carried->transfer != 0; });
  return login_.ready() ? limits::kEtcdTransfersMax - static_cast<size_t>(out) : 0;
}

void EtcdConfigStore::StartCalls() {
  size_t room = Room();
  for (auto& carried : calls_) {
    if (room == 0) return;
    if (carried->transfer != 0 || carried->call.done() || now_ns_ < carried->due_ns) continue;
    Ask(carried.get());
    --room;
  }
}

void EtcdConfigStore::Ask(Carried* carried) {
  const std::optional<EtcdQuestion> question = carried->call.Ask();
  if (!question.has_value()) return;
  // Whoever finds no endpoint in time gives each more time in the next round.
  const uint32_t round = std::min<uint32_t>(carried->failures / endpoints_.size(), 3);
  const uint32_t attempt_ms = carried->call.asked_once_only()
                                  ? context_.times.change_attempt_ms
                                  : context_.times.read_attempt_ms << round;
  carried->endpoint = endpoints_.good();
  carried->token = login_.token();
  carried->attempt_ends_ns = now_ns_ + attempt_ms * kMs;
  carried->doubtful_ns = now_ns_ + (context_.times.read_attempt_ms << round) * kMs;
  carried->transfer = http_->Start({.url = endpoints_.Url(carried->endpoint, question->path),
                                    .body = question->body,
                                    .token = carried->token,
                                    .connect_timeout_ms = context_.times.connect_ms << round,
                                    .server_timeout_ms = attempt_ms});
}

void EtcdConfigStore::TakeDone(std::vector<ConfigCompletion>* completions) {
  for (auto& carried : calls_) {
    if (!carried->call.done()) continue;
    completions->push_back(carried->call.TakeCompletion());
  }
  std::erase_if(calls_, [](const auto& carried) { return carried->call.done(); });
}

int64_t EtcdConfigStore::NextDeadlineNs() const {
  int64_t next = watch_.deadline_ns();
  if (!login_.ready()) next = std::min(next, login_.deadline_ns());
  const bool room = Room() > 0;
  for (const auto& carried : calls_) {
    if (carried->call.done() || carried->deadline_ns == 0) return 0;
    next = std::min(next, carried->deadline_ns);
    if (carried->transfer != 0) {
      next = std::min({next, carried->attempt_ends_ns, carried->doubtful_ns});
    } else if (room) {
      next = std::min(next, carried->due_ns);
    }
  }
  return next;
}

void EtcdConfigStore::Wait(Time now, int64_t at_most_ns) {
  http_->Wait(std::clamp<int64_t>(NextDeadlineNs() - now.monotonic_ns, 0, at_most_ns));
}

}  // namespace ringjournal
