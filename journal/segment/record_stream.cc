#include "journal/segment/record_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal {

void RecordStream::Move(ByteSpan* chunk, uint64_t bytes) {
  *chunk = chunk->subspan(bytes);
  offset_ += bytes;
}

RecordStream::Step RecordStream::Needs(uint64_t bytes, RecordRun* run) {
  run->state = RecordRun::State::kNeedMore;
  run->need_bytes = bytes;
  return Step::kStop;
}

RecordStream::Step RecordStream::Damaged(std::string wrong, RecordRun* run) {
  run->state = RecordRun::State::kDamaged;
  run->wrong = std::move(wrong);
  return Step::kStop;
}

RecordRun RecordStream::Next(ByteSpan* chunk) {
  RecordRun run;
  while (SkipFraming(chunk, &run) == Step::kGoOn) {
    if (skip_bytes_ > 0 || chunk->empty() || chunk->front() != kEntryTag) continue;
    TakeRecords(chunk, &run);
    break;
  }
  return run;
}

// Passes over one thing that is not a record; kGoOn also if a record is next.
RecordStream::Step RecordStream::SkipFraming(ByteSpan* chunk, RecordRun* run) {
  if (next_index_ >= end_index_) {
    run->state = RecordRun::State::kEnd;
    return Step::kStop;
  }
  uint64_t skipped = std::min<uint64_t>(skip_bytes_, chunk->size());
  Move(chunk, skipped);
  skip_bytes_ -= skipped;
  if (skip_bytes_ > 0) return Needs(1, run);
  if (chunk->empty()) return Needs(limits::kBlockBytes, run);
  std::byte tag = chunk->front();
  if (!doubt_.empty() && tag != kGroupTag) return Damaged(std::exchange(doubt_, ""), run);
  if (tag == kEntryTag) return Step::kGoOn;
  // A group never leaves padding that begins at a block: there it is an unused one.
  bool at_block = offset_ % limits::kBlockBytes == 0;
  if (tag == kPaddingTag && !at_block) return TakePadding(chunk, run);
  if (!at_block) {
    std::string wrong = absl::StrCat("neither a record nor padding at offset ", offset_);
    return PassOver(wrong) ? Step::kGoOn : Damaged(wrong, run);
  }
  if (tag == kGroupTag) return TakeGroupHeader(chunk, run);
  if (tag == kDescriptionTag && offset_ == 0) return TakeDescription(chunk, run);
  run->state = RecordRun::State::kEnd;  // never written, or stale: the scan tells these apart
  return Step::kStop;
}

RecordStream::Step RecordStream::TakeGroupHeader(ByteSpan* chunk, RecordRun* run) {
  if (chunk->size() < kGroupHeaderBytes) return Needs(kGroupHeaderBytes, run);
  GroupHeader header;
  bool ours = DecodeGroupHeader(*chunk, &header) && BelongsAt(header, opener_, offset_);
  bool proves = ours && header.first_index == next_index_;
  std::string doubt = std::exchange(doubt_, "");
  if (!doubt.empty() && !proves) return Damaged(std::move(doubt), run);
  if (!ours || header.closing) {
    run->state = RecordRun::State::kEnd;
    return Step::kStop;
  }
  if (next_index_ != Index(0) && header.first_index != next_index_) {
    return Damaged(
        absl::StrCat("the group at offset ", offset_, " starts with entry ",
                     header.first_index.value(), " where ", next_index_.value(), " must follow"),
        run);
  }
  next_index_ = header.first_index;
  group_end_ = offset_ + header.length;
  Move(chunk, kGroupHeaderBytes);
  return Step::kGoOn;
}

// As the scan does: if the next group continues with the very next entry, no entry stood here and
// the bytes can only be padding.
bool RecordStream::PassOver(std::string wrong) {
  if (group_end_ <= offset_) return false;
  doubt_ = std::move(wrong);
  skip_bytes_ = group_end_ - offset_;
  return true;
}

RecordStream::Step RecordStream::TakePadding(ByteSpan* chunk, RecordRun* run) {
  const std::byte* p = chunk->data() + 1;
  uint64_t content;
  if (!ReadVarint(&p, chunk->data() + chunk->size(), &content)) {
    if (chunk->size() < 11) return Needs(11, run);
    std::string wrong = absl::StrCat("broken padding at offset ", offset_);
    return PassOver(wrong) ? Step::kGoOn : Damaged(wrong, run);
  }
  uint64_t prefix = static_cast<uint64_t>(p - chunk->data());
  uint64_t end = offset_ + prefix + content;
  if (end < offset_ || end % limits::kBlockBytes != 0) {
    std::string wrong = absl::StrCat("padding at offset ", offset_, " does not end at a block");
    return PassOver(wrong) ? Step::kGoOn : Damaged(wrong, run);
  }
  Move(chunk, prefix);
  skip_bytes_ = content;
  return Step::kGoOn;
}

// Passed over unread: who starts at the file's start has scanned it before.
RecordStream::Step RecordStream::TakeDescription(ByteSpan* chunk, RecordRun* run) {
  if (chunk->size() < kRecordPrefixBytes) return Needs(kRecordPrefixBytes, run);
  uint32_t length;
  if (!ReadVarint4(chunk->data() + 1, &length)) return Damaged("broken description", run);
  skip_bytes_ = PaddedBytes(kRecordPrefixBytes + length);
  return Step::kGoOn;
}

void RecordStream::TakeRecords(ByteSpan* chunk, RecordRun* run) {
  const std::byte* from = chunk->data();
  uint64_t taken = 0;
  while (!chunk->empty() && chunk->front() == kEntryTag && next_index_ < end_index_) {
    RecordView view;
    RecordVerdict verdict = ParseRecord(*chunk, &view);
    bool has_length = chunk->size() >= kRecordOverheadBytes;
    bool too_long = verdict == RecordVerdict::kCutOff && has_length && group_end_ > offset_ &&
                    offset_ + RecordBytes(view.header.body_length) > group_end_;
    if (verdict == RecordVerdict::kCutOff && !too_long) {
      Needs(has_length ? RecordBytes(view.header.body_length) : kRecordOverheadBytes, run);
      break;
    }
    if (verdict == RecordVerdict::kOk && view.header.index >= end_index_) {
      run->state = RecordRun::State::kEnd;
      break;
    }
    std::string wrong = verdict == RecordVerdict::kOk ? Accept(view, run) : "";
    if (verdict != RecordVerdict::kOk) wrong = RecordVerdictText(verdict);
    if (!wrong.empty()) {
      absl::StrAppend(&wrong, " at offset ", offset_);
      if (!PassOver(wrong)) {
        Damaged(wrong, run);
      } else {
        Needs(1, run);
      }
      break;
    }
    taken += view.record.size();
    Move(chunk, view.record.size());
  }
  if (taken == 0) return;
  // What ended the run is met again by the next call.
  run->state = RecordRun::State::kRecords;
  run->wrong.clear();
  run->records = {from, taken};
}

std::string RecordStream::Accept(const RecordView& view, RecordRun* run) {
  const EntryHeader& h = view.header;
  if (next_index_ != Index(0) && h.index != next_index_) {
    return absl::StrCat("entry ", h.index.value(), " where ", next_index_.value(), " must follow");
  }
  if (verify_bodies_ && VerifyBody(view) != RecordVerdict::kOk) {
    return RecordVerdictText(RecordVerdict::kBodyCrc);
  }
  if (run->first == Index(0)) {
    run->first = h.index;
    run->first_lsn = h.first_lsn;
  }
  next_index_ = run->end = h.index.next();
  run->end_lsn = h.next_lsn();
  return "";
}

}  // namespace ringjournal
