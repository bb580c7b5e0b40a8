#include "server/config_store/etcd_login.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "server/config_store/etcd_messages.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int kFailedPrecondition = 9;  // of gRPC: "authentication is not enabled"

}  // namespace

absl::StatusOr<std::string> ReadEtcdPassword(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(limits::kEtcdPasswordBytesMax + 1, '\0');
  errno = 0;
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return absl::UnavailableError(
        absl::StrCat("the file with the password for etcd cannot be read: ", path, ": ",
                     std::strerror(errno), "; name a file that this process may read"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  const bool too_long = text.size() > limits::kEtcdPasswordBytesMax;
  text.resize(std::min(text.find('\n'), text.size()));
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (text.empty() || too_long) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file with the password for etcd is ", too_long ? "too long" : "empty",
                     ": ", path, "; its first line must be the password, at most ",
                     limits::kEtcdPasswordBytesMax, " bytes"));
  }
  return text;
}

void EtcdLogin::Drop(const std::string& used) {
  if (used != token_) return;  // there is a newer one already
  token_.clear();
  not_needed_ = false;
}

void EtcdLogin::Fail(bool final, std::string why, int64_t due_ns) {
  failure_ = {final, std::move(why)};
  due_ns_ = due_ns;
}

void EtcdLogin::Keep(int64_t now_ns) {
  if (transfer_ != 0 && now_ns >= ends_ns_) {
    http_->Cancel(std::exchange(transfer_, 0));
    endpoints_->Failed(endpoint_, "no answer to a login");
    Fail(false, "no answer to a login", now_ns);
  }
  if (ready() || transfer_ != 0 || now_ns < due_ns_) return;
  absl::StatusOr<std::string> password = ReadEtcdPassword(file_);
  if (!password.ok()) {
    return Fail(true, std::string(password.status().message()),
                now_ns + limits::kConfigPollMs * kMs);
  }
  endpoint_ = endpoints_->good();
  // Etcd hashes the password on purpose slowly, so this takes as long as a change may take.
  ends_ns_ = now_ns + times_.change_attempt_ms * kMs;
  transfer_ = http_->Start({.url = endpoints_->Url(endpoint_, kEtcdAuthenticatePath),
                            .body = EtcdAuthenticateBody(user_, *password),
                            .connect_timeout_ms = times_.connect_ms});
}

bool EtcdLogin::OnDone(const HttpDone& done, int64_t now_ns) {
  if (transfer_ == 0 || done.id != transfer_) return false;
  transfer_ = 0;
  OnAnswer(done.answer, now_ns);
  return true;
}

void EtcdLogin::OnAnswer(const HttpAnswer& answer, int64_t now_ns) {
  const EtcdJudgement judgement = JudgeEtcdAnswer(answer);
  if (judgement.verdict == EtcdVerdict::kAnswered) {
    if (std::optional<std::string> token = DecodeEtcdToken(answer.body)) {
      token_ = *std::move(token);
      return;
    }
  }
  if (judgement.code == kFailedPrecondition) {
    not_needed_ = true;
    return;
  }
  if (judgement.verdict == EtcdVerdict::kRefused) {
    return Fail(true, absl::StrCat("login of user \"", user_, "\": ", judgement.why),
                now_ns + limits::kConfigPollMs * kMs);
  }
  const std::string why =
      judgement.why.empty() ? "the answer to a login is not etcd's" : judgement.why;
  endpoints_->Failed(endpoint_, why);
  Fail(false, why, now_ns + limits::kEtcdRetryMs * kMs);
}

}  // namespace ringjournal
