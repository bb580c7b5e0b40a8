#include "tools/ringjournal/read_run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cursor.h"
#include "client/trimmed.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

using client::ReadStep;
using client::ReadTransaction;

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

absl::Status ReadRun::Run() {
  int64_t begin_ns = MonotonicNs();
  summary_.hash = options_.hash;
  absl::Status status = Copy();
  oldest_ = client::OldestLsnOf(status);
  // A second Ctrl-C ends the rest too.
  if (client::CodeOf(status) == client::ErrorCode::kStopped) interrupt_->Clear();
  if (sink_status_.ok()) FlushSink();
  SaveCursor();
  progress_.Clear();
  summary_.elapsed_ns = MonotonicNs() - begin_ns;
  return status;
}

Lsn ReadRun::resume_lsn() const {
  if (sink_status_.ok() && waiting_ > Lsn(0)) return waiting_;
  if (sink_status_.ok()) return std::max(reader_->next_lsn(), oldest_);
  if (sink_->done() > Lsn(0)) return sink_->done().next();
  return summary_.first > Lsn(0) ? summary_.first : reader_->from_lsn();
}

std::optional<uint64_t> ReadRun::count_out() const {
  if (sink_status_.ok()) return summary_.count;
  if (summary_.count == 0 || sink_->done() < summary_.first) return 0;
  if (options_.filter || options_.skip > 0) return std::nullopt;
  return sink_->done().next() - summary_.first;  // LSNs have no holes
}

absl::Status ReadRun::Copy() {
  Batch batch;
  ReadStep step = ReadStep::kNothingYet;
  while (options_.count_max == 0 || summary_.count < options_.count_max) {
    if (passed_ >= options_.transactions_per_look) {
      passed_ = 0;
      LookUp();
      if (interrupt_->happened()) {
        return client::MakeError(client::ErrorCode::kStopped, "interrupted");
      }
    }
    if (absl::Status s = NextOrWait(Room(), &batch, &step); !s.ok() || !sink_status_.ok()) return s;
    if (step == ReadStep::kFinished) return absl::OkStatus();
    passed_ += std::max<size_t>(batch.size(), 1);
    if (step == ReadStep::kNothingYet) continue;
    summary_.read = batch.back().lsn;
    if (!options_.pace.is_max() && Wants(batch[0])) {
      waiting_ = batch[0].lsn;
      if (absl::Status s = WaitForPace(&batch[0]); !s.ok() || !sink_status_.ok()) return s;
      waiting_ = Lsn(0);
      if (!Put(batch)) return absl::OkStatus();
    } else if (options_.pace.is_max() && !PutWanted(batch)) {
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

// All that is read is done with before anything else happens, so it is never more than the caller
// may want: one by one where each has its own time.
ReadRun::Batch ReadRun::Room() {
  uint64_t room =
      std::min<uint64_t>(options_.transactions_per_look, limits::kReadBatchTransactions);
  if (!options_.pace.is_max()) room = 1;
  if (options_.count_max > 0) room = std::min(room, options_.count_max - summary_.count);
  return Batch(batch_).first(room);
}

// Looks first, then flushes, then waits: nothing lies in a buffer while we sleep.
absl::Status ReadRun::NextOrWait(Batch room, Batch* batch, ReadStep* step) {
  size_t taken = 0;
  auto next = reader_->Next(room, &taken, 0);
  if (next.ok() && *next == ReadStep::kNothingYet) {
    if (!FlushSink()) return absl::OkStatus();
    LookUp();
    next = reader_->Next(room, &taken, kSecondNs / 5);
    if (next.ok() && *next == ReadStep::kNothingYet) sink_status_ = sink_->KeepAlive();
  }
  if (!next.ok()) return next.status();
  *step = *next;
  *batch = room.first(taken);
  return absl::OkStatus();
}

// The reader's bytes go when it is used while we wait, so they are kept here.
absl::Status ReadRun::WaitForPace(ReadTransaction* t) {
  int64_t left = options_.pace.WaitNs(t->log_time_ns, MonotonicNs());
  if (left == 0) return absl::OkStatus();
  size_t payload_at =
      t->payload.empty() ? 0 : static_cast<size_t>(t->payload.data() - t->encoded.data());
  kept_.assign(AsView(t->encoded));
  t->encoded = AsBytes(kept_);
  t->payload = t->encoded.subspan(payload_at, t->payload.size());
  if (!FlushSink()) return absl::OkStatus();
  for (; left > 0; left = options_.pace.WaitNs(t->log_time_ns, MonotonicNs())) {
    LookUp();
    if (absl::Status s = reader_->Wait(std::min(left, kSecondNs)); !s.ok()) return s;
    if (interrupt_->happened()) {
      return client::MakeError(client::ErrorCode::kStopped, "interrupted");
    }
    sink_status_ = sink_->KeepAlive();
    if (!sink_status_.ok()) return absl::OkStatus();
  }
  return absl::OkStatus();
}

bool ReadRun::Wants(const ReadTransaction& t) {
  if (options_.filter && !options_.filter->Matches(t)) return false;
  if (options_.skip == 0) return true;
  --options_.skip;
  return false;
}

bool ReadRun::PutWanted(Batch batch) {
  if (!options_.filter && options_.skip == 0) return Put(batch);
  for (const ReadTransaction& t : batch) {
    if (Wants(t) && !Put({&t, 1})) return false;
  }
  return true;
}

bool ReadRun::Put(std::span<const ReadTransaction> batch) {
  size_t taken = 0;
  sink_status_ = sink_->TakeAll(batch, &taken);
  batch = batch.first(taken);
  if (summary_.hash) summary_.hash->Add(batch);
  if (summary_.count == 0) summary_.first = batch.front().lsn;
  summary_.count += batch.size();
  summary_.last = batch.back().lsn;
  for (const ReadTransaction& t : batch) summary_.bytes += t.payload.size();
  return sink_status_.ok();
}

bool ReadRun::FlushSink() {
  sink_status_ = sink_->Flush();
  return sink_status_.ok();
}

void ReadRun::LookUp() {
  int64_t now_ns = MonotonicNs();
  if (options_.progress != Progress::Style::kNone) {
    Lsn from = reader_->from_lsn();
    Lsn end =
        std::min(reader_->until_lsn().value_or(Lsn(UINT64_MAX)), reader_->visible_lsn().next());
    ProgressState state{.bytes = summary_.bytes, .lsn = summary_.read.value()};
    if (from > Lsn(0) && summary_.read >= from) state.done = summary_.read.next() - from;
    if (from > Lsn(0) && end > from) state.total = end - from;
    progress_.Update(state, now_ns);
  }
  if (options_.cursor_file.empty() ||
      now_ns - cursor_saved_ns_ < limits::kCursorSaveMs * (kSecondNs / 1000)) {
    return;
  }
  if (FlushSink()) SaveCursor();
  cursor_saved_ns_ = now_ns;
}

void ReadRun::SaveCursor() {
  // A sink that failed has not used all that the reader has given out.
  if (options_.cursor_file.empty() || !sink_status_.ok()) return;
  cursor_status_ = client::SaveCursor(options_.cursor_file, reader_->cursor());
}

}  // namespace ringjournal::cli
