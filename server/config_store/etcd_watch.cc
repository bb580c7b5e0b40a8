#include "server/config_store/etcd_watch.h"

#include <cstdint>
#include <utility>

#include "journal/base/limits.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

void EtcdWatch::Keep(int64_t now_ns) {
  if (transfer_ != 0 && !created_ && now_ns >= created_by_ns_) {
    endpoints_->Failed(endpoint_, "no answer to a watch");
    End(now_ns);
  }
  // Requests have found that this endpoint does not answer; a watch there may be silent for ever.
  if (transfer_ != 0 && endpoint_ != endpoints_->good()) End(now_ns);
  if (transfer_ == 0 && now_ns >= due_ns_ && login_->ready()) Start(now_ns);
}

void EtcdWatch::Start(int64_t now_ns) {
  endpoint_ = endpoints_->good();
  token_ = login_->token();
  lines_ = {};
  created_ = false;
  created_by_ns_ = now_ns + limits::kEtcdCasAttemptMs * kMs;
  transfer_ = http_->Start({.url = endpoints_->Url(endpoint_, kEtcdWatchPath),
                            .body = EtcdWatchBody(key_),
                            .token = token_,
                            .stream = true});
}

void EtcdWatch::End(int64_t now_ns) {
  http_->Cancel(std::exchange(transfer_, 0));
  due_ns_ = now_ns + limits::kEtcdWatchRetryMs * kMs;
}

void EtcdWatch::Read(int64_t known_revision, int64_t now_ns) {
  if (transfer_ == 0) return;
  EtcdWatchNews news = lines_.Take(http_->TakeStream(transfer_));
  if (news.created) created_ = true;
  const bool is_news = news.mod_revision_max > known_revision;
  if (news.created || (is_news && !news.newest.exists)) changed_ = true;
  if (is_news && news.newest.exists) told_ = std::move(news.newest);
  if (news.ended) End(now_ns);
}

bool EtcdWatch::OnDone(const HttpDone& done, int64_t now_ns) {
  if (transfer_ == 0 || done.id != transfer_) return false;
  transfer_ = 0;
  due_ns_ = now_ns + limits::kEtcdWatchRetryMs * kMs;
  changed_ = changed_ || created_;  // its last words may be lost
  const EtcdJudgement judgement = JudgeEtcdAnswer(done.answer);
  if (judgement.verdict == EtcdVerdict::kNoToken) {
    login_->Drop(token_);
  } else if (judgement.verdict != EtcdVerdict::kRefused) {
    endpoints_->Failed(endpoint_, judgement.why.empty() ? "a watch ended" : judgement.why);
  }
  return true;
}

int64_t EtcdWatch::deadline_ns() const {
  if (transfer_ == 0) return login_->ready() ? due_ns_ : INT64_MAX;
  return created_ ? INT64_MAX : created_by_ns_;
}

}  // namespace ringjournal
