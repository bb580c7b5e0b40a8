// How ready a journal is: asked of its leader, or else of whoever answers.
#include "client/journal_readiness.h"

#include <algorithm>

#include "client/ask.h"
#include "client/core/readiness_proto.h"
#include "client/driver.h"
#include "client/journal.h"
#include "client/journal_timeout.h"

namespace ringjournal::client {
namespace {

// There are nodes, and none of them has answered as the leader.
bool IsLeaderless(const absl::Status& status) {
  const ErrorCode code = CodeOf(status);
  return IsTransient(code) || code == ErrorCode::kDeadline || code == ErrorCode::kCannotConnect;
}

}  // namespace

// The leader is asked with the journal open: it makes sure first that it leads still, which one
// that was cut off would not know. Who else there is must be known before, while there is time.
absl::StatusOr<JournalReadiness> Journal::GetReadiness(Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_info()->set_name(name_);
  const int64_t timeout_ns = TimeoutNs(*options_, timeout);
  const int64_t began_ns = Driver::NowNs();
  auto any = Ask(*options_, request, AskOptions{.timeout_ns = timeout_ns});
  if (!any.ok()) return any.status();
  const int64_t asked_ns = Driver::NowNs();
  const int64_t left_ns = std::max<int64_t>(timeout_ns - (asked_ns - began_ns), 1);
  auto led = Ask(*options_, request, AskOptions{.timeout_ns = left_ns, .journal = name_});
  if (led.ok()) {
    JournalReadiness readiness = ReadinessOf(led->journal_reply());
    readiness.fence_round_trip_ns = Driver::NowNs() - asked_ns;
    return readiness;
  }
  if (!IsLeaderless(led.status())) return led.status();
  // It may have called itself the leader, and has not shown it.
  any->mutable_journal_reply()->mutable_stats()->set_role(v1::JOURNAL_ROLE_NONE);
  return ReadinessOf(any->journal_reply());
}

}  // namespace ringjournal::client
