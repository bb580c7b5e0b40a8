#include "journal/subscription/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/segment/segment_format.h"
#include "journal/segment/segment_name.h"

namespace ringjournal {

Lsn OldestUntrimmed(const Replica& replica) {
  return replica.memory_only() ? replica.marks().oldest.lsn : replica.derived().oldest().lsn;
}

Index FirstHeld(const Replica& replica) {
  Index held = replica.ring().oldest().index;
  const SegmentCatalog& catalog = replica.checkpointer().catalog();
  if (replica.memory_only() || catalog.segments().empty()) return held;
  return std::min(held, catalog.segments().front().first_index);
}

Reader::Turn Reader::End(v1::ReadEnd::Reason reason, std::string message, Lsn resume) const {
  Turn turn;
  turn.kind = Kind::kEnd;
  turn.next = next_;
  turn.reason = reason;
  turn.resume = resume;
  turn.message = std::move(message);
  return turn;
}

bool Reader::IsTrimmed(const Marks& marks) const {
  return next_ < marks.oldest.lsn || (next_index_ > Index(0) && next_index_ < marks.oldest.index);
}

bool Reader::IsInRing(const Ring& ring) const {
  if (next_index_ > Index(0)) return next_index_ >= ring.oldest().index;
  return next_ >= ring.oldest().first_lsn;
}

std::optional<RingPlace> Reader::FindInRing(const Ring& ring) const {
  return next_index_ > Index(0) ? ring.Find(next_index_) : ring.Find(next_);
}

std::optional<size_t> Reader::FindSegment(const Replica& replica) const {
  const SegmentCatalog& catalog = replica.checkpointer().catalog();
  return next_index_ > Index(0) ? catalog.Find(next_index_) : catalog.Find(next_);
}

// The end of the read, if the next entry is not held any more.
std::optional<Reader::Turn> Reader::WhyGone(const Replica& replica) const {
  Marks marks = replica.marks();
  if (by_entry_) {
    Index held = FirstHeld(replica);
    if (next_index_ >= held) return std::nullopt;
    return End(v1::ReadEnd::REASON_TRIMMED,
               absl::StrCat("entry ", next_index_.value(), " is gone (trimmed); the first that is ",
                            "held is ", held.value()));
  }
  if (next_ < marks.oldest.lsn && next_ >= OldestUntrimmed(replica)) {
    return End(v1::ReadEnd::REASON_DAMAGED,
               absl::StrCat("LSNs ", next_.value(), " to ", marks.oldest.lsn.prev().value(),
                            " were never trimmed, but a segment is missing or unreadable; run "
                            "`ringjournal verify`, or read on from ",
                            marks.oldest.lsn.value()),
               marks.oldest.lsn);
  }
  if (!IsTrimmed(marks)) return std::nullopt;
  Lsn resume = std::max(next_, marks.oldest.lsn);
  return End(v1::ReadEnd::REASON_TRIMMED,
             absl::StrCat("entries from LSN ", next_.value(), " on up to LSN ", resume.value(),
                          " are gone (trimmed); read on from ", resume.value()),
             resume);
}

Reader::Turn Reader::Next(const Replica& replica, size_t bytes_max, std::vector<StorageOp>* ops) {
  if (waiting_) return Turn();
  if (Reached(next_)) return End(v1::ReadEnd::REASON_REACHED_UNTIL, "");
  if (std::optional<Turn> gone = WhyGone(replica)) return *std::move(gone);
  if (IsInRing(replica.ring())) {
    CloseSegment(ops);
    return FromRing(replica, bytes_max);
  }
  place_.reset();
  return FromDisk(replica, ops);
}

Watermark Reader::Visible(const Replica& replica) const {
  return replica.marks().Visible(range_.durable_only);
}

Reader::Turn Reader::FromRing(const Replica& replica, size_t bytes_max) {
  const Ring& ring = replica.ring();
  const Watermark visible = Visible(replica);
  if (!place_.has_value() || place_->offset < ring.oldest().offset) place_ = FindInRing(ring);
  if (!place_.has_value() || place_->index > visible.index) {
    place_.reset();
    if (range_.follow || next_ <= visible.lsn) return Turn();
    return End(v1::ReadEnd::REASON_REACHED_END, "");
  }
  RingPlace from = *place_, to = from;
  while (to.index <= visible.index && !Reached(to.first_lsn)) {
    RingPlace after = ring.Next(to);
    if (to.index != from.index && after.offset - from.offset > bytes_max) break;
    to = after;
  }
  place_ = to;
  next_ = std::max(next_, to.first_lsn);
  next_index_ = to.index;
  Turn turn;
  turn.kind = Kind::kRun;
  turn.run = ring.Bytes(from.offset, to.offset);
  turn.next = next_;
  return turn;
}

void Reader::CloseSegment(std::vector<StorageOp>* ops) {
  if (file_ >= 0) {
    StorageOp* op = &ops->emplace_back();
    op->kind = StorageOp::Kind::kClose;
    op->file = file_;
    file_ = -1;
  }
  disk_ = Disk::kClosed;
  segment_name_.clear();
  stream_.reset();
  filled_ = used_ = 0;
  at_file_end_ = false;
}

void Reader::Stop(std::vector<StorageOp>* ops) {
  if (!waiting_) CloseSegment(ops);
}

void Reader::OnStorageDone(const StorageDone& done) {
  waiting_ = false;
  last_result_ = done.result;
  if (done.result < 0) {
    disk_ = Disk::kFailed;
  } else if (disk_ == Disk::kOpening) {
    file_ = done.result;
    disk_ = Disk::kOpen;
  } else {
    at_file_end_ = static_cast<uint64_t>(done.result) < asked_;
    filled_ = static_cast<size_t>(done.result);
    // The read began at a block, and the stream goes on somewhere behind it.
    used_ = std::min<size_t>(stream_->offset() % limits::kBlockBytes, filled_);
  }
}

// False if there is none, or it is the one that is open.
bool Reader::OpenSegment(const Replica& replica, std::vector<StorageOp>* ops) {
  const SegmentCatalog& catalog = replica.checkpointer().catalog();
  std::optional<size_t> i = FindSegment(replica);
  if (!i.has_value() || catalog.segments()[*i].name == segment_name_) return false;
  CloseSegment(ops);
  std::optional<SegmentName> name = SegmentName::FromFileName(catalog.segments()[*i].name);
  if (!name.has_value()) return false;
  segment_name_ = catalog.segments()[*i].name;
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kOpenRead;
  op->token = token_;
  op->name = segment_name_;
  op->direct = by_entry_;  // one replica reads it once; clients may read it side by side
  disk_ = Disk::kOpening;
  waiting_ = true;
  // Entries from here on stand in a segment that was opened later.
  bool last = *i + 1 >= catalog.segments().size();
  stop_before_ = last ? replica.checkpointer().end_of_newest_segment()
                      : catalog.segments()[*i + 1].first_index;
  stream_.emplace(RecordStream::Start{name->opener, 0, Index(0), stop_before_});
  return true;
}

void Reader::ReadMore(const Replica& replica, uint64_t need_bytes, std::vector<StorageOp>* ops) {
  const uint64_t inside = stream_->offset() % limits::kBlockBytes;
  asked_ = std::max<uint64_t>(limits::kSegmentReadBytes, AlignToBlock(inside + need_bytes));
  buffer_.EnsureBytes(asked_);
  filled_ = used_ = 0;
  durable_at_read_ = replica.checkpointer().durable().index;
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kRead;
  op->token = token_;
  op->file = file_;
  op->offset = stream_->offset() - inside;
  op->buffer = buffer_.span().first(asked_);
  waiting_ = true;
}

Reader::Turn Reader::Damaged(const Replica& replica, const std::string& what) const {
  return End(v1::ReadEnd::REASON_DAMAGED,
             absl::StrCat("segment ", segment_name_, ": ", what, "; run `ringjournal verify`"),
             replica.ring().oldest().first_lsn);
}

Reader::Turn Reader::FromDisk(const Replica& replica, std::vector<StorageOp>* ops) {
  // The rest of what was read was left to the ring, which has moved on since.
  if (std::exchange(cut_short_, false)) CloseSegment(ops);
  if (disk_ == Disk::kFailed) {
    return Damaged(replica, std::strerror(static_cast<int>(-last_result_)));
  }
  if (disk_ == Disk::kClosed) {
    if (OpenSegment(replica, ops)) return Turn();
    return Damaged(replica, "no segment holds the next entry");
  }
  while (true) {
    ByteSpan chunk(buffer_.data() + used_, filled_ - used_);
    size_t before = chunk.size();
    RecordRun run = stream_->Next(&chunk);
    used_ += before - chunk.size();
    switch (run.state) {
      case RecordRun::State::kRecords: {
        if (run.first >= stop_before_) return GoOn(replica, "entries are missing", ops);
        Turn turn = Deliver(run.records, Visible(replica));
        if (turn.kind == Kind::kRun || cut_short_) return turn;
        break;
      }
      case RecordRun::State::kDamaged:
        return GoOn(replica, run.wrong, ops);
      case RecordRun::State::kEnd:
        return GoOn(replica, "it ends before the next entry", ops);
      case RecordRun::State::kNeedMore:
        if (at_file_end_) return GoOn(replica, "the file ends before the next entry", ops);
        ReadMore(replica, run.need_bytes, ops);
        return Turn();
    }
  }
}

// Nothing more is in what was read of this segment. The next entry stands in another one, or was
// written after we read; else it is lost.
Reader::Turn Reader::GoOn(const Replica& replica, const std::string& wrong,
                          std::vector<StorageOp>* ops) {
  if (OpenSegment(replica, ops)) return Turn();
  if (!FindSegment(replica).has_value()) return Damaged(replica, wrong);
  if (durable_at_read_ >= std::min(stop_before_, replica.ring().oldest().index).prev()) {
    return Damaged(replica, wrong);
  }
  at_file_end_ = false;
  ReadMore(replica, limits::kBlockBytes, ops);
  return Turn();
}

// The part of the records that is wanted and not delivered yet.
Reader::Turn Reader::Deliver(ByteSpan records, const Watermark& visible) {
  const std::byte* pos = records.data();
  const std::byte* end = pos + records.size();
  const std::byte* from = nullptr;
  const std::byte* to = nullptr;
  while (pos != end) {
    RecordView view;
    ReadTrustedRecord(pos, &view);
    const EntryHeader& h = view.header;
    // What is on the disk need not be committed: it may still be cut. The ring has it.
    cut_short_ = h.index > visible.index;
    if (cut_short_ || h.index >= stop_before_ || Reached(h.first_lsn)) break;
    pos += view.record.size();
    bool before = next_index_ > Index(0) ? h.index < next_index_ : h.next_lsn() <= next_;
    if (before) continue;
    if (from == nullptr) from = view.record.data();
    to = pos;
    next_ = h.next_lsn();
    next_index_ = h.index.next();
  }
  Turn turn;
  if (from == nullptr) return turn;
  turn.kind = Kind::kRun;
  turn.run = {from, static_cast<size_t>(to - from)};
  turn.next = next_;
  return turn;
}

}  // namespace ringjournal
