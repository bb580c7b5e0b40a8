#include "journal/checkpoint/checkpointer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/segment/segment_format.h"
#include "journal/segment/segment_name.h"

namespace ringjournal {
namespace {

// Record bytes that one group takes.
constexpr uint64_t kGroupRecordBytes = limits::kGroupBytesMax - 2 - kGroupHeaderBytes;

// A byte of each page, once: memory is flat from a journal's first large group on. Not for quiet
// journals: a node that comes to lead a hundred writes a small group for each, and clients wait.
void TouchStaging(std::byte* p, bool* touched) {
  if (std::exchange(*touched, true)) return;
  for (uint64_t i = 0; i < limits::kGroupBytesMax; i += limits::kBlockBytes) p[i] = std::byte{0};
}

constexpr int64_t kRetryNs = int64_t{limits::kStorageRetryMs} * 1000 * 1000;

bool MeansFull(int64_t result) { return result == -ENOSPC || result == -EDQUOT; }

}  // namespace

Checkpointer::Checkpointer(const CheckpointerOptions& options) : options_(options) {}

// With room for its own fields.
uint64_t Checkpointer::DescriptionBytes(const v1::StateSnapshot& state) {
  return AlignToBlock(state.ByteSizeLong() + 128);
}

void Checkpointer::Start(const RingPlace& place, const v1::StateSnapshot& state,
                         SegmentCatalog on_disk) {
  RJ_CHECK(boundaries_.empty() && current_.file < 0);
  catalog_ = std::move(on_disk);
  submitted_ = place;
  durable_ = {place.index.prev(), place.first_lsn.prev()};
  boundaries_.push_back({place, state, DescriptionBytes(state)});
}

bool Checkpointer::boundary_due(const Ring& ring, size_t record_bytes) const {
  uint64_t used, pending;
  if (!boundaries_.empty()) {
    pending = ring.end().offset - boundaries_.back().place.offset;
    used = boundaries_.back().description_bytes + pending;
    if (pending == 0) return false;
  } else {
    if (current_.file < 0 || current_.base == ring.end().index) return false;
    pending = ring.end().offset - submitted_.offset;
    used = current_.offset + pending;
  }
  // Groups are at least half full but for the last, where more waits than fits one.
  uint64_t groups = (pending + record_bytes) / (limits::kGroupBytesMax / 2) + 2;
  uint64_t framing = groups * (kGroupHeaderBytes + 2 * limits::kBlockBytes);
  return used + record_bytes + framing > options_.segment_bytes;
}

void Checkpointer::SetBoundary(const Ring& ring, const v1::StateSnapshot& state) {
  RJ_CHECK(Index(state.next_index()) == ring.end().index);
  boundaries_.push_back({ring.end(), state, DescriptionBytes(state)});
}

void Checkpointer::Flush(const Ring& ring, const CheckpointInput& input,
                         std::vector<StorageOp>* ops) {
  now_ns_ = input.now.monotonic_ns;
  DropOpening(ops);
  if (clearing_ && !ClearOld(ops)) return;
  RemoveNext(ops);
  if (has_failed_group()) {
    if (now_ns_ < retry_at_ns_) return;
    RetryFailed(ops);
  }
  PrepareSpare(ops);
  OpenNext(ops);
  while (in_flight() < groups_.size()) {
    uint64_t pending = ring.end().offset - submitted_.offset;
    if (pending == 0) pending_since_ns_ = 0;
    if (pending > 0 && pending_since_ns_ == 0) pending_since_ns_ = input.now.monotonic_ns;
    if (at_boundary()) {
      if (!SwitchSegment(ops)) return;
      continue;
    }
    if (pending == 0 && input.close) return WriteClosingGroup(input.committed, ops);
    if (pending == 0 || current_.file < 0) return;
    RingPlace limit = CurrentLimit(ring);
    if (!GroupIsDue(pending, input)) return;
    WriteGroup(ring, limit, input.committed, ops);
  }
}

// The next segment's file is made while the current one fills, so that a change costs no wait.
bool Checkpointer::spare_is_due() const {
  bool soon = !boundaries_.empty() || current_.offset >= options_.segment_bytes / 2;
  return soon && spare_ == Spare::kNone && opening_ == Opening::kNo;
}

void Checkpointer::PrepareSpare(std::vector<StorageOp>* ops) {
  if (!spare_is_due()) return;
  if (spare_refused_ && now_ns_ < retry_at_ns_) return;
  spare_ = Spare::kPreparing;
  spare_name_ = absl::StrCat("spare-", options_.incarnation.value(), "-", ++spare_counter_);
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kPrepareSpare;
  op->token = kSpareToken;
  op->name = spare_name_;
  op->size = AlignToBlock(options_.segment_bytes);
}

// Opens the file of the first boundary ahead of time.
void Checkpointer::OpenNext(std::vector<StorageOp>* ops) {
  if (boundaries_.empty() || opening_ != Opening::kNo || spare_ != Spare::kReady) return;
  const Boundary& boundary = boundaries_.front();
  opening_ = Opening::kWaiting;
  spare_ = Spare::kNone;
  next_ = OpenFile();
  next_.counter = ++next_counter_;
  next_.base = boundary.place.index;
  next_.base_offset = boundary.place.offset;
  SegmentName name;
  name.journal = options_.journal;
  name.first_index = next_.base;
  name.opener = {options_.incarnation, next_.counter};
  next_.name = name.ToFileName();
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kOpenSegment;
  op->token = kOpenToken;
  op->from = spare_name_;
  op->name = next_.name;
}

// A segment's description is written only after everything in the one before is synced, so that the
// existence of a segment proves its predecessor whole.
bool Checkpointer::SwitchSegment(std::vector<StorageOp>* ops) {
  if (in_flight() > 0 || opening_ != Opening::kReady || opening_is_stale_) return false;
  CloseCurrent(ops);
  current_ = next_;
  next_ = OpenFile();
  opening_ = Opening::kNo;
  const v1::StateSnapshot& state = boundaries_.front().state;
  catalog_.Add({current_.name, current_.base, Lsn(state.next_lsn()), state.log_time_ns(), 0});
  WriteDescription(state, ops);
  boundaries_.pop_front();
  return true;
}

void Checkpointer::WriteDescription(const v1::StateSnapshot& state, std::vector<StorageOp>* ops) {
  v1::SegmentDescription description;
  description.set_journal_id(std::string(options_.journal.view()));
  description.set_first_index(state.next_index());
  description.set_first_lsn(state.next_lsn());
  description.set_chain_before(state.chain());
  description.set_opener_incarnation(options_.incarnation.value());
  description.set_opener_counter(current_.counter);
  *description.mutable_state() = state;
  std::string bytes = EncodeDescription(description);
  Group* group = GroupAt(next_group_);
  EnsureStaging(group, bytes.size());
  std::memcpy(group->staging.data(), bytes.data(), bytes.size());
  group->bytes = {group->staging.data(), bytes.size()};
  group->last = {submitted_.index.prev(), submitted_.first_lsn.prev()};
  Emit(group, ops);
}

// Entries from here on do not belong to the current segment.
RingPlace Checkpointer::CurrentLimit(const Ring& ring) const {
  return boundaries_.empty() ? ring.end() : boundaries_.front().place;
}

bool Checkpointer::GroupIsDue(uint64_t pending_bytes, const CheckpointInput& input) const {
  if (pending_bytes >= limits::kGroupBytesMax) return true;
  if (in_flight() > 0) return false;
  if (input.disk_waiter || input.flush || input.close || pending_bytes >= options_.checkpoint_bytes)
    return true;
  // Up to a boundary there is nothing more to gather.
  return !boundaries_.empty() || input.now.monotonic_ns >= group_due_at_ns();
}

// As many whole records as fit one group, at least one.
RingPlace Checkpointer::GroupEnd(const Ring& ring, const RingPlace& limit) const {
  if (limit.offset - submitted_.offset <= kGroupRecordBytes) return limit;
  RingPlace end = ring.Next(submitted_);
  while (end.index < limit.index) {
    RingPlace next = ring.Next(end);
    if (next.offset - submitted_.offset > kGroupRecordBytes) break;
    end = next;
  }
  return end;
}

void Checkpointer::WriteGroup(const Ring& ring, const RingPlace& limit, Watermark committed,
                              std::vector<StorageOp>* ops) {
  RJ_CHECK(!closing_);
  RingPlace end = GroupEnd(ring, limit);
  ByteSpan records = ring.Bytes(submitted_.offset, end.offset);
  Group* group = GroupAt(next_group_);
  EnsureStaging(group, kGroupStagingBytes);
  if (records.size() > 64 * limits::kKiB) TouchStaging(group->staging.data(), &group->touched);
  GroupBuilder builder(group->staging.span());
  builder.Start(NextGroup(committed));
  builder.Add(records);
  group->bytes = builder.Finish();
  group->last = {end.index.prev(), end.first_lsn.prev()};
  submitted_ = end;
  pending_since_ns_ = 0;
  entry_bytes_written_ += records.size();
  Emit(group, ops);
}

GroupInfo Checkpointer::NextGroup(Watermark committed) const {
  GroupInfo info;
  info.segment_offset = current_.offset;
  info.first_index = submitted_.index;
  info.durable_offset = current_.durable_offset;
  info.committed = committed;
  info.opener = {options_.incarnation, current_.counter};
  return info;
}

// Once everything before it is synced, so that it can say so.
void Checkpointer::WriteClosingGroup(Watermark committed, std::vector<StorageOp>* ops) {
  if (closing_ || in_flight() > 0 || current_.file < 0) return;
  closing_ = true;
  Group* group = GroupAt(next_group_);
  EnsureStaging(group, kGroupStagingBytes);
  GroupInfo info = NextGroup(committed);
  info.closing = true;
  GroupBuilder builder(group->staging.span());
  builder.Start(info);
  group->bytes = builder.Finish();
  group->last = durable_;
  Emit(group, ops);
}

void Checkpointer::Emit(Group* group, std::vector<StorageOp>* ops) {
  if (group->state != Group::State::kFailed) {
    group->file = current_.file;
    group->offset = current_.offset;
    current_.offset += group->bytes.size();
    catalog_.set_bytes_of_last(current_.offset);
    disk_bytes_written_ += group->bytes.size();
    ++next_group_;
  }
  group->state = Group::State::kInFlight;
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kWrite;
  op->token = kGroupToken + static_cast<uint32_t>(group - groups_.data());
  op->file = group->file;
  op->offset = group->offset;
  op->data = group->bytes;
}

void Checkpointer::RetryFailed(std::vector<StorageOp>* ops) {
  for (Group& group : groups_) {
    if (group.state == Group::State::kFailed) Emit(&group, ops);
  }
}

void Checkpointer::EnsureStaging(Group* group, size_t bytes) {
  group->staging.EnsureBytes(
      std::max<size_t>(bytes, limits::kGroupBytesMax + 2 * limits::kBlockBytes));
}

std::string Checkpointer::Done(const StorageDone& done, Time now) {
  const bool recycled = done.token == kSpareToken && recycling_;
  if (recycled || done.token == kRemoveToken) return RemovalDone(done, now);
  if (done.token == kSpareToken) {
    spare_ = done.result < 0 ? Spare::kNone : Spare::kReady;
    spare_refused_ = done.result < 0;
    return done.result < 0 ? StorageFailed("preparing a segment", done.result, now) : "";
  }
  if (done.token == kOpenToken) {
    spare_refused_ = done.result < 0;
    if (done.result < 0) {
      opening_ = Opening::kNo;
      opening_is_stale_ = false;
      return StorageFailed("opening a segment", done.result, now);
    }
    next_.file = done.result;
    opening_ = Opening::kReady;
    return "";
  }
  if (done.token < kGroupToken) return "";
  Group* group = &groups_[done.token - kGroupToken];
  RJ_CHECK(group->state == Group::State::kInFlight);
  if (done.result != static_cast<int64_t>(group->bytes.size())) {
    group->state = Group::State::kFailed;
    return StorageFailed("writing a group of entries", done.result, now);
  }
  group->state = Group::State::kDone;
  SettleDone();
  return "";
}

// A file that could not be removed stays the first one: what lies behind it must not go before.
std::string Checkpointer::RemovalDone(const StorageDone& done, Time now) {
  const bool recycled = recycling_;
  removing_ = recycling_ = false;
  if (recycled) spare_ = done.result < 0 ? Spare::kNone : Spare::kReady;
  if (done.result >= 0) {
    doomed_.pop_front();
    remove_again_at_ns_ = 0;
    return "";
  }
  remove_again_at_ns_ = now.monotonic_ns + kRetryNs;
  // A log that goes on can bear an old file; one that begins anew must not be joined to it.
  if (!clearing_ && !recycled) return "";
  return StorageFailed("removing an old segment", done.result, now);
}

void Checkpointer::SettleDone() {
  while (in_flight() > 0 && GroupAt(first_group_)->state == Group::State::kDone) {
    Group* group = GroupAt(first_group_++);
    group->state = Group::State::kFree;
    durable_ = group->last;
    current_.durable_offset = group->offset + group->bytes.size();
  }
}

bool Checkpointer::has_failed_group() const {
  return std::any_of(groups_.begin(), groups_.end(),
                     [](const Group& g) { return g.state == Group::State::kFailed; });
}

// While the current segment has room, a refused spare does not matter yet.
bool Checkpointer::storage_full() const {
  if (clearing_ && remove_again_at_ns_ != 0) return true;
  return has_failed_group() || (spare_refused_ && at_boundary() && opening_ == Opening::kNo);
}

// A full disk is waited for; any other failure ends the process.
std::string Checkpointer::StorageFailed(const char* what, int64_t result, Time now) {
  if (MeansFull(result)) {
    retry_at_ns_ = now.monotonic_ns + kRetryNs;
    return "";
  }
  std::string why = result < 0 ? std::strerror(static_cast<int>(-result)) : "a short write";
  return absl::StrCat(what, " failed: ", why);
}

void Checkpointer::Trim(Index oldest) {
  // Until the description of the last one is on disk, the log ends there with the one before it:
  // a disk that is full just then must not be left with nothing.
  // After a cut of everything there is no other one.
  const bool described = current_.file < 0 || current_.durable_offset > 0;
  if (!described && !catalog_.segments().empty()) {
    oldest = std::min(oldest, catalog_.segments().back().first_index.prev());
  }
  for (CatalogSegment& segment : catalog_.TakeBelow(oldest)) {
    doomed_.push_back(std::move(segment.name));
  }
}

// One at a time: a crash must not leave an old segment whose successor is gone, since a recovery
// would take that for a hole.
void Checkpointer::RemoveNext(std::vector<StorageOp>* ops) {
  if (doomed_.empty() || removing_ || now_ns_ < remove_again_at_ns_) return;
  removing_ = true;
  StorageOp* op = &ops->emplace_back();
  op->name = doomed_.front();
  op->token = kRemoveToken;
  // After a failure simply: a rename needs room in the directory, too.
  const bool failed_before = remove_again_at_ns_ != 0;
  if (spare_ == Spare::kNone && opening_ == Opening::kNo && !failed_before) {
    recycling_ = true;
    spare_ = Spare::kPreparing;
    spare_name_ = absl::StrCat("spare-", options_.incarnation.value(), "-", ++spare_counter_);
    op->kind = StorageOp::Kind::kRecycle;
    op->from = spare_name_;
    op->size = AlignToBlock(options_.segment_bytes);
    op->token = kSpareToken;
  } else {
    op->kind = StorageOp::Kind::kRemove;
  }
}

int64_t Checkpointer::deadline_ns() const {
  // Only where time alone makes it try again: what has been asked is answered by an event.
  if (clearing_) {
    return remove_again_at_ns_ != 0 && !removing_ ? remove_again_at_ns_ : INT64_MAX;
  }
  if (has_failed_group()) return retry_at_ns_;
  int64_t retry_at_ns = spare_refused_ && spare_is_due() ? retry_at_ns_ : INT64_MAX;
  if (pending_since_ns_ == 0 || in_flight() > 0 || current_.file < 0) return retry_at_ns;
  return at_boundary() ? retry_at_ns : std::min(retry_at_ns, group_due_at_ns());
}

}  // namespace ringjournal
