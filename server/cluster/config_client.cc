#include "server/cluster/config_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

void ConfigClient::Propose(v1::ConfigDocument next, std::vector<ConfigRequest>* out) {
  RJ_CHECK(!busy());
  cas_token_ = token_++;
  unsettled_ = document_.version();
  out->push_back(ConfigRequest::Cas(*cas_token_, document_.version(), std::move(next),
                                    absl::StrCat(incarnation_, "-", *cas_token_)));
}

void ConfigClient::TakeOver(const v1::ConfigDocument& document) {
  if (document.version() <= document_.version()) return;
  document_ = document;
  // Whatever expected an older version is dead now.
  if (unsettled_.has_value() && *unsettled_ < document_.version()) unsettled_.reset();
}

ConfigClient::Result ConfigClient::OnAnswer(const ConfigCompletion& done, int64_t now_ns) {
  bool was_change = cas_token_ == done.token;
  if (cas_token_ == done.token) cas_token_.reset();
  if (read_token_ == done.token) {
    read_token_.reset();
    read_at_ns_ = now_ns + limits::kConfigPollMs * kMs;
  }
  if (settle_token_ == done.token) settle_token_.reset();
  TakeOver(done.document);
  // Never applied, and never will be: nothing is left to settle.
  if (was_change && done.outcome == ConfigOutcome::kRefused) unsettled_.reset();
  if (Mutated(Mutant::kUnknownTakenAsFailed) && was_change) unsettled_.reset();
  if (unsettled_.has_value()) {
    settle_at_ns_ = now_ns + limits::kConfigSettleMs * kMs;
  }
  if (!was_change) return Result::kNothing;
  if (done.outcome != ConfigOutcome::kOk) WantRead();
  switch (done.outcome) {
    case ConfigOutcome::kOk:
      return Result::kApplied;
    case ConfigOutcome::kConflict:
      return Result::kConflict;
    case ConfigOutcome::kRefused:
      return Result::kRefused;
    default:
      return Mutated(Mutant::kUnknownTakenAsFailed) ? Result::kRefused : Result::kUnknown;
  }
}

void ConfigClient::Turn(int64_t now_ns, std::vector<ConfigRequest>* out) {
  if (!read_token_.has_value() && (wants_read_ || now_ns >= read_at_ns_)) {
    wants_read_ = false;
    read_token_ = token_++;
    out->push_back(ConfigRequest::Read(*read_token_));
  }
  bool settles = unsettled_.has_value() && !cas_token_.has_value();
  if (settles && !settle_token_.has_value() && now_ns >= settle_at_ns_) {
    settle_token_ = token_++;
    out->push_back(ConfigRequest::Cas(*settle_token_, document_.version(), document_,
                                      absl::StrCat(incarnation_, "-", *settle_token_)));
  }
}

int64_t ConfigClient::deadline_ns() const {
  int64_t deadline = INT64_MAX;
  if (!read_token_.has_value()) deadline = wants_read_ ? 0 : read_at_ns_;
  if (unsettled_.has_value() && !cas_token_.has_value() && !settle_token_.has_value()) {
    deadline = std::min(deadline, settle_at_ns_);
  }
  return deadline;
}

}  // namespace ringjournal
