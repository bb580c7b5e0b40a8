// What a reader sees of a switch from one writer to the next, without clock, thread or socket.
#ifndef TOOLS_RINGJOURNAL_DRILL_METER_H_
#define TOOLS_RINGJOURNAL_DRILL_METER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "client/read_transaction.h"
#include "journal/base/types.h"

namespace ringjournal::cli {

// Of one switch; times in nanoseconds.
struct SwitchTimes {
  Epoch from, to;       // writer epochs
  Lsn last, first;      // the old writers' last transaction, and the new one's first
  int64_t taken = 0;    // from the start of the command until `first` was read
  int64_t gap = 0;      // from `last` to `first`, both as they were read
  int64_t log_gap = 0;  // the same by the log times of the journal's leader
};

// Takes the transactions of one journal in order. Only the application's own count as work: what
// the library writes for itself goes on while nobody is served. Times are of one monotonic clock.
class DrillMeter {
 public:
  // kDamaged: a hole or a repeat, or something of an older writer behind a newer one's.
  absl::Status Take(const client::ReadTransaction& transaction, int64_t now_ns);
  // The command that is to bring a new writer starts now.
  void Begin(int64_t now_ns);
  // Since Begin the first transaction of a new writer was read; then, and only then, result().
  bool switched() const { return switched_; }
  const SwitchTimes& result() const { return result_; }

  uint64_t transactions() const { return transactions_; }  // all of them
  uint64_t work() const { return work_; }                  // the application's own
  Lsn first_lsn() const { return first_lsn_; }
  Lsn last_lsn() const { return lsn_; }
  Epoch writer() const { return writer_; }  // of the newest transaction

 private:
  struct Seen {
    Lsn lsn;
    Epoch writer;
    int64_t read_ns = 0;
    uint64_t log_time_ns = 0;
  };
  void TakeWork(const Seen& seen);

  uint64_t transactions_ = 0, work_ = 0;
  Lsn first_lsn_, lsn_;
  Epoch writer_;
  Seen last_work_;
  bool begun_ = false, switched_ = false;
  int64_t begun_ns_ = 0;
  Epoch from_;
  SwitchTimes result_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DRILL_METER_H_
