#include "journal/segment/segment_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ringjournal {
namespace {

// Behind the last block with a byte at or after `from` that was ever written; `from` if none is.
uint64_t WrittenEnd(ByteSpan file, uint64_t from) {
  uint64_t end = file.size();
  while (end > from) {
    uint64_t block = std::max(from, AlignToBlock(end) - limits::kBlockBytes);
    if (!IsUnused(file.subspan(block, end - block), block)) return end;
    end = block;
  }
  return from;
}

class Scanner {
 public:
  Scanner(ByteSpan file, const ScanOptions& options, RecordVisitor visitor)
      : file_(file), options_(options), visitor_(visitor) {}

  SegmentScan Run() {
    out_ = ScanDescription(file_, options_);
    if (out_.verdict != SegmentVerdict::kOpenEnd) return std::move(out_);
    opener_ = OpenerOf(out_.description);
    offset_ = out_.end_offset;
    while (ReadGroup()) {
    }
    NoteDurable();
    return std::move(out_);
  }

 private:
  // True if there may be another group behind this one.
  bool ReadGroup() {
    group_end_ = 0;
    GroupHeader header;
    bool valid = HeaderAt(offset_, &header) && header.first_index == out_.position.next_index;
    if (ReachedStop() && !(valid && header.closing)) {
      return End(SegmentVerdict::kSuperseded, offset_);
    }
    if (!valid) return Stop(std::min<uint64_t>(offset_, file_.size()), "no valid group header");
    NoteGroup(header);
    group_end_ = offset_ + header.length;
    if (!header.closing) return ReadRecords(offset_ + kGroupHeaderBytes);
    return End(SegmentVerdict::kClosed, std::min<uint64_t>(group_end_, file_.size()));
  }

  bool ReadRecords(uint64_t at) {
    uint64_t limit = std::min<uint64_t>(group_end_, file_.size());
    while (at < limit && file_[at] == kEntryTag) {
      if (ReachedStop()) return End(SegmentVerdict::kSuperseded, at);
      RecordView view;
      RecordVerdict verdict = ParseRecord(file_.subspan(at, limit - at), &view);
      if (verdict == RecordVerdict::kLayoutVersion) {
        return End(SegmentVerdict::kNewerVersion, at);
      }
      std::string wrong = verdict == RecordVerdict::kOk ? Accept(view) : RecordVerdictText(verdict);
      if (!wrong.empty()) return StopOrPass(at, wrong);
      at += view.record.size();
    }
    if (limit == group_end_ && IsPadding(file_.subspan(at, limit - at))) {
      offset_ = group_end_;
      return true;
    }
    return StopOrPass(at, "neither a record nor padding");
  }

  // Verifies what ParseRecord leaves out and moves behind the record; else says what is wrong.
  std::string Accept(const RecordView& view) {
    LogPosition next = out_.position;
    std::string wrong = next.Advance(view);
    if (!wrong.empty()) return wrong;
    if (VerifyBody(view) != RecordVerdict::kOk) return RecordVerdictText(RecordVerdict::kBodyCrc);
    out_.position = next;
    ++out_.entries;
    out_.transactions += view.header.count;
    out_.record_bytes += view.record.size();
    visitor_(view);
    return "";
  }

  // What stands at `at` is wrong. If the next group continues with the very next entry, no entry
  // stood there and the bytes can only be padding: nothing is lost.
  bool StopOrPass(uint64_t at, const std::string& wrong) {
    if (ReachedStop()) return End(SegmentVerdict::kSuperseded, at);
    GroupHeader next;
    if (HeaderAt(group_end_, &next) && next.first_index == out_.position.next_index) {
      out_.padding_damage_bytes += group_end_ - at;
      offset_ = group_end_;
      return true;
    }
    return Stop(at, wrong);
  }

  // The tail rule.
  bool Stop(uint64_t at, const std::string& wrong) {
    LaterGroups later = FindLaterGroups(file_, AlignToBlock(at + 1), opener_);
    Raise(later.committed);
    uint64_t written = WrittenEnd(file_, at);
    bool inside_group = group_end_ > 0;
    out_.rest_is_unused = written == at && !inside_group;
    out_.durable_offset =
        std::max({out_.durable_offset, later.durable_offset, options_.known_durable_offset});
    out_.bytes_lost = std::max(written, group_end_) - at;
    bool synced =
        out_.durable_offset > at || options_.known_durable_before > out_.position.next_index;
    if (synced) return End(SegmentVerdict::kDamaged, at, wrong);
    return End(out_.rest_is_unused ? SegmentVerdict::kOpenEnd : SegmentVerdict::kTornTail, at,
               wrong);
  }

  bool End(SegmentVerdict verdict, uint64_t at, const std::string& wrong = "") {
    out_.verdict = verdict;
    out_.end_offset = at;
    out_.sentence = Sentence(wrong);
    return false;
  }

  std::string Sentence(const std::string& wrong) const;

  bool HeaderAt(uint64_t offset, GroupHeader* header) const {
    return offset < file_.size() && DecodeGroupHeader(file_.subspan(offset), header) &&
           BelongsAt(*header, opener_, offset);
  }

  bool ReachedStop() const {
    return options_.stop_before && out_.position.next_index >= *options_.stop_before;
  }

  void NoteGroup(const GroupHeader& header) {
    ++out_.groups;
    Raise(header.committed);
    out_.durable_offset = std::max(out_.durable_offset, header.durable_offset);
    out_.group_places.push_back({offset_, out_.position.next_index, out_.position.next_lsn});
  }

  void Raise(const Watermark& committed) {
    out_.committed.index = std::max(out_.committed.index, committed.index);
    out_.committed.lsn = std::max(out_.committed.lsn, committed.lsn);
  }

  // durable_offset in terms of entries: the last group boundary at or below it.
  void NoteDurable() {
    out_.durable_offset = std::max(out_.durable_offset, options_.known_durable_offset);
    out_.durable_before =
        std::max(Index(out_.description.first_index()),
                 std::min(options_.known_durable_before, out_.position.next_index));
    for (const GroupPlace& place : out_.group_places) {
      if (place.offset > out_.durable_offset) return;
      out_.durable_before = std::max(out_.durable_before, place.first_index);
    }
    if (group_end_ == 0 && out_.end_offset <= out_.durable_offset) {
      out_.durable_before = out_.position.next_index;
    }
  }

  ByteSpan file_;
  const ScanOptions& options_;
  RecordVisitor visitor_;
  SegmentScan out_;
  SegmentOpener opener_;
  uint64_t offset_ = 0;     // of the next group
  uint64_t group_end_ = 0;  // of the group being read; 0: between groups
};

std::string Scanner::Sentence(const std::string& wrong) const {
  uint64_t at = out_.end_offset;
  uint64_t last = out_.position.next_index.prev().value();
  uint64_t next = out_.position.next_index.value();
  switch (out_.verdict) {
    case SegmentVerdict::kClosed:
      return absl::StrCat("closed in order after entry ", last);
    case SegmentVerdict::kOpenEnd:
      return absl::StrCat("ends cleanly after entry ", last,
                          " without being closed: it is in use, or its process was killed");
    case SegmentVerdict::kSuperseded:
      return absl::StrCat("valid up to entry ", last, "; a later segment goes on from there");
    case SegmentVerdict::kTornTail:
      return absl::StrCat("torn tail at offset ", at, " (", wrong, "): cut after entry ", last,
                          ", at most ", out_.bytes_lost,
                          " bytes lost that nothing shows to have been synced");
    case SegmentVerdict::kDamaged:
      return absl::StrCat("damaged at offset ", at, " (", wrong,
                          "), in bytes that had been synced: entries from ", next,
                          " on are unknown; keep the file and check the disk");
    case SegmentVerdict::kNewerVersion:
      return absl::StrCat("entry ", next, " at offset ", at,
                          " has a newer layout: use a newer version of the software");
    default:
      return SegmentVerdictText(out_.verdict);
  }
}

}  // namespace

uint64_t NeededBytes(const SegmentScan& scan, uint64_t file_bytes,
                     std::optional<Index> next_begins) {
  const Index end = scan.position.next_index;
  if (next_begins.has_value() && *next_begins > end) return file_bytes;  // entries are missing
  if (scan.verdict == SegmentVerdict::kTornTail && next_begins != end) return file_bytes;
  switch (scan.verdict) {
    case SegmentVerdict::kEmpty:  // no file at all might be taken for a gap
      return std::min<uint64_t>(limits::kBlockBytes, file_bytes);
    case SegmentVerdict::kClosed:
      return std::min(AlignToBlock(scan.end_offset), file_bytes);
    case SegmentVerdict::kOpenEnd:
    case SegmentVerdict::kTornTail:
      return std::min(AlignToBlock(scan.end_offset + scan.bytes_lost), file_bytes);
    default:
      return file_bytes;
  }
}

const char* SegmentVerdictText(SegmentVerdict verdict) {
  switch (verdict) {
    case SegmentVerdict::kClosed:
      return "closed";
    case SegmentVerdict::kOpenEnd:
      return "open end";
    case SegmentVerdict::kSuperseded:
      return "superseded";
    case SegmentVerdict::kTornTail:
      return "torn tail";
    case SegmentVerdict::kDamaged:
      return "damaged";
    case SegmentVerdict::kEmpty:
      return "empty";
    case SegmentVerdict::kBadDescription:
      return "bad description";
    case SegmentVerdict::kNotASegment:
      return "not a segment";
    case SegmentVerdict::kForeign:
      return "foreign";
    case SegmentVerdict::kNewerVersion:
      return "newer version";
  }
  return "?";
}

SegmentScan ScanSegment(ByteSpan file, const ScanOptions& options, RecordVisitor visitor) {
  return Scanner(file, options, visitor).Run();
}

}  // namespace ringjournal
