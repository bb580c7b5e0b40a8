// One reading command at work: from a reader, through filter and pace, into a sink.
#ifndef TOOLS_RINGJOURNAL_READ_RUN_H_
#define TOOLS_RINGJOURNAL_READ_RUN_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "client/reader.h"
#include "journal/base/limits.h"
#include "tools/ringjournal/context.h"
#include "tools/ringjournal/filter.h"
#include "tools/ringjournal/pace.h"
#include "tools/ringjournal/progress.h"
#include "tools/ringjournal/range_hash.h"
#include "tools/ringjournal/sink.h"

namespace ringjournal::cli {

struct ReadRunOptions {
  std::optional<Filter> filter;
  uint64_t count_max = 0;  // 0: no limit
  uint64_t skip = 0;       // so many that pass the filter are in the sink already
  Pace pace;
  std::optional<RangeHash> hash;  // wanted, and begun here
  Progress::Style progress = Progress::Style::kNone;
  std::string cursor_file;  // empty: none
  // The clock, the terminal and Ctrl-C are looked at so rarely; 1 for a slow sink.
  uint64_t transactions_per_look = 1024;
};

struct ReadSummary {
  uint64_t count = 0;  // that went into the sink
  uint64_t bytes = 0;  // of their payloads
  Lsn first, last;     // of them
  Lsn read;            // last LSN read, filtered out or not; 0: none
  std::optional<RangeHash> hash;
  int64_t elapsed_ns = 0;
};

// Borrows all; one run.
class ReadRun {
 public:
  ReadRun(const Context& context, const ReadRunOptions& options, client::Reader* reader, Sink* sink,
          Interrupt* interrupt)
      : context_(context),
        options_(options),
        reader_(reader),
        sink_(sink),
        interrupt_(interrupt),
        progress_(options.progress, context.command, MonotonicNs()) {}

  // Reads until the end, an interrupt or an error. Whatever was taken is flushed, also then, and
  // the cursor saved. kStopped for an interrupt; sink_status() says whether the sink failed.
  absl::Status Run();
  const ReadSummary& summary() const { return summary_; }
  // Why the sink takes no more; OK if it does.
  const absl::Status& sink_status() const { return sink_status_; }
  // Of the last time that the cursor was saved.
  const absl::Status& cursor_status() const { return cursor_status_; }
  // Everything below was done with; where the next run begins. 0: nothing is known.
  // Where the range was trimmed it is the oldest that is kept.
  Lsn resume_lsn() const;
  // Of what was read, how much is out for good: less than that only if the sink failed. Without a
  // value it is not known, because a filter left some of it out.
  std::optional<uint64_t> count_out() const;

 private:
  using Batch = std::span<client::ReadTransaction>;

  absl::Status Copy();
  Batch Room();
  absl::Status NextOrWait(Batch room, Batch* batch, client::ReadStep* step);
  absl::Status WaitForPace(client::ReadTransaction* t);
  bool Wants(const client::ReadTransaction& t);
  bool PutWanted(Batch batch);
  bool Put(std::span<const client::ReadTransaction> batch);
  bool FlushSink();
  void LookUp();
  void SaveCursor();

  const Context& context_;
  ReadRunOptions options_;
  client::Reader* reader_;
  Sink* sink_;
  Interrupt* interrupt_;
  Progress progress_;
  ReadSummary summary_;
  absl::Status sink_status_;
  std::array<client::ReadTransaction, limits::kReadBatchTransactions> batch_;
  std::string kept_;  // bytes of a transaction that waits for its time
  Lsn waiting_;       // for its time; 0: none
  Lsn oldest_;        // that is kept, where the range was trimmed
  uint64_t passed_ = 0;
  int64_t cursor_saved_ns_ = 0;
  absl::Status cursor_status_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_READ_RUN_H_
