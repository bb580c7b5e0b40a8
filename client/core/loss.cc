#include "client/core/loss.h"

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::client {
namespace {

const char* VerdictName(v1::LossVerdict verdict) {
  switch (verdict) {
    case v1::LOSS_VERDICT_NONE:
      return "none";
    case v1::LOSS_VERDICT_POSSIBLE:
      return "possible";
    case v1::LOSS_VERDICT_CERTAIN:
      return "certain";
    default:
      return "unknown";
  }
}

}  // namespace

LossNotice LossNoticeOf(const v1::DataLossDetail& detail) {
  const v1::LossReport& report = detail.report();
  LossNotice notice;
  notice.generation = detail.generation();
  notice.first_lsn = Lsn(report.first_lsn());
  notice.known_committed_lsn = Lsn(report.known_committed_lsn());
  notice.receipt_lsn = Lsn(detail.receipt_lsn());
  notice.reason = report.reason();
  notice.received = VerdictName(report.received());
  notice.replicated = VerdictName(report.replicated());
  notice.disk = VerdictName(report.disk());
  notice.disk_quorum = VerdictName(report.disk_quorum());
  return notice;
}

absl::Status OlderGeneration(const std::string& journal, uint32_t is, uint32_t seen) {
  return MakeError(ErrorCode::kNotLeader,
                   absl::StrCat("this server has journal ", journal, " in generation ", is,
                                ", but generation ", seen, " has begun: it has not heard of it ",
                                "yet, or was set up from an older copy; trying the next server"));
}

}  // namespace ringjournal::client
