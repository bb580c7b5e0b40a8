#include "tools/ringjournal/drill_meter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/takeover/records.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {

absl::Status DrillMeter::Take(const client::ReadTransaction& t, int64_t now_ns) {
  if (transactions_ > 0 && t.lsn != lsn_.next()) {
    return client::MakeError(client::ErrorCode::kDamaged,
                             absl::StrCat("LSN ", t.lsn.value(), " was read behind LSN ",
                                          lsn_.value(), ": this is a defect, keep the journal"));
  }
  if (t.writer < writer_) {
    return client::MakeError(
        client::ErrorCode::kDamaged,
        absl::StrCat("LSN ", t.lsn.value(), " is of writer epoch ", EpochPairText(t.writer),
                     ", behind what ", EpochPairText(writer_),
                     " has written: a fence did not hold; this is a defect, keep the journal"));
  }
  if (transactions_++ == 0) first_lsn_ = t.lsn;
  lsn_ = t.lsn;
  writer_ = t.writer;
  v1::WriterRecord record;
  if (client::ReadRecord(t, &record) == client::RecordKind::kUser) {
    TakeWork({t.lsn, t.writer, now_ns, t.log_time_ns});
  }
  return absl::OkStatus();
}

void DrillMeter::TakeWork(const Seen& seen) {
  ++work_;
  const Seen before = std::exchange(last_work_, seen);
  if (!begun_ || switched_ || seen.writer <= from_) return;
  switched_ = true;
  result_.from = from_;
  result_.to = seen.writer;
  result_.last = before.lsn;
  result_.first = seen.lsn;
  result_.taken = seen.read_ns - begun_ns_;
  result_.gap = seen.read_ns - before.read_ns;
  result_.log_gap =
      static_cast<int64_t>(seen.log_time_ns) - static_cast<int64_t>(before.log_time_ns);
}

void DrillMeter::Begin(int64_t now_ns) {
  begun_ = true;
  switched_ = false;
  begun_ns_ = now_ns;
  from_ = last_work_.writer;
}

}  // namespace ringjournal::cli
