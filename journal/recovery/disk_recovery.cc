#include "journal/recovery/disk_recovery.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/format/control.h"
#include "journal/recovery/segment_chain.h"

namespace ringjournal {
namespace {

class Recovery {
 public:
  Recovery(std::span<const SegmentFile> files, SegmentBytes bytes,
           const DiskRecoveryOptions& options, RecoveryVisitor* visitor)
      : files_(files), bytes_(bytes), options_(options), visitor_(visitor) {
    out_.findings.resize(files.size());
  }

  DiskRecovery Run() {
    if (ReadHeads()) {
      DropTrimmed();
      if (!links_.empty()) Replay();
    }
    out_.sentence = Sentence();
    return std::move(out_);
  }

 private:
  bool ReadHeads();
  bool TakeHead(size_t file, std::vector<SegmentHead>* heads);
  void DropTrimmed();
  void Replay();
  size_t ChooseStart();
  bool StartAt(size_t link);
  void TrustOlder(size_t start);
  bool ReplayLink(size_t link);
  bool JoinsLog(size_t link);
  bool TakeScan(size_t link, const SegmentScan& scan);
  void TakeEntry(const RecordView& view);
  void NoteMissingFront();
  bool StopAt(DiskVerdict verdict, size_t link, uint64_t offset, const std::string& why);
  void MarkBeyond(size_t from);
  void Use(size_t link, Index end_index, uint64_t size_bytes);
  std::string Sentence() const;

  const SegmentName& NameOf(size_t link) const { return links_[link].name; }
  SegmentFinding* Finding(size_t link) { return &out_.findings[links_[link].file]; }
  ScanOptions OptionsFor(size_t link) const;

  Index kept_from_{1};  // by the trims that were seen
  std::span<const SegmentFile> files_;
  SegmentBytes bytes_;
  const DiskRecoveryOptions& options_;
  RecoveryVisitor* visitor_;
  std::vector<SegmentHead> links_;
  std::string why_;  // of the verdict
  DiskRecovery out_;
};

void Raise(const Watermark& seen, Watermark* highest) {
  highest->index = std::max(highest->index, seen.index);
  highest->lsn = std::max(highest->lsn, seen.lsn);
}

// False if a file must not be touched at all.
bool Recovery::ReadHeads() {
  std::vector<SegmentHead> heads;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (!TakeHead(i, &heads)) return false;
  }
  SegmentChain chain = BuildChain(std::move(heads));
  links_ = std::move(chain.links);
  for (const SegmentHead& head : chain.superseded) {
    out_.findings[head.file].role = SegmentRole::kSuperseded;
    out_.findings[head.file].sentence = "later segments hold everything from its base on";
  }
  return true;
}

bool Recovery::TakeHead(size_t file, std::vector<SegmentHead>* heads) {
  SegmentHead head;
  absl::StatusOr<ByteSpan> bytes = bytes_(file);
  if (bytes.ok()) {
    head = ReadSegmentHead(*bytes, files_[file].name, options_.journal);
  } else {  // it was opened, else it would not be there; what it holds is unknown
    head.name = files_[file].name;
    head.verdict = SegmentVerdict::kDamaged;
    head.sentence = absl::StrCat("cannot be read: ", bytes.status().ToString());
  }
  head.file = file;
  SegmentFinding* finding = &out_.findings[file];
  finding->verdict = head.verdict;
  finding->sentence = head.sentence;
  finding->first_index = finding->end_index = head.name.first_index;
  finding->first_lsn = finding->end_lsn = head.before.next_lsn;
  if (head.counts()) {
    heads->push_back(std::move(head));
    return true;
  }
  bool foreign = head.verdict == SegmentVerdict::kForeign;
  if (!foreign && head.verdict != SegmentVerdict::kNewerVersion) {
    bool empty = head.verdict == SegmentVerdict::kEmpty;
    finding->role = empty ? SegmentRole::kUnopened : SegmentRole::kTornOpening;
    return true;
  }
  finding->role = SegmentRole::kRefused;
  out_.verdict = foreign ? DiskVerdict::kForeign : DiskVerdict::kNewerVersion;
  why_ = absl::StrCat(files_[file].name.ToFileName(), ": ", head.sentence);
  return false;
}

// A trim deletes the oldest segments, but a crash may leave any of them: they are not needed.
void Recovery::DropTrimmed() {
  Index oldest{1};
  for (const SegmentHead& head : links_) oldest = std::max(oldest, head.oldest_index);
  size_t drop = 0;
  while (drop + 1 < links_.size() && NameOf(drop + 1).first_index <= oldest) {
    Finding(drop)->role = SegmentRole::kTrimmed;
    Finding(drop)->sentence = absl::StrCat("below the oldest entry kept, ", oldest.value());
    ++drop;
  }
  links_.erase(links_.begin(), links_.begin() + static_cast<ptrdiff_t>(drop));
  kept_from_ = oldest;
}

// Once everything is read: a trim may stand in the last entries.
void Recovery::NoteMissingFront() {
  if (links_.empty() || NameOf(0).first_index <= kept_from_) return;
  out_.notes.push_back(absl::StrCat("the entries from ", kept_from_.value(), " to ",
                                    NameOf(0).first_index.prev().value(), " are not on this disk"));
}

void Recovery::Replay() {
  size_t start = ChooseStart();
  TrustOlder(start);
  if (!StartAt(start)) return;
  size_t link = start;
  while (link < links_.size() && ReplayLink(link)) ++link;
  NoteMissingFront();
  if (link + 1 < links_.size()) MarkBeyond(link + 1);
}

size_t Recovery::ChooseStart() {
  if (options_.replay_bytes == 0) return 0;
  uint64_t held = 0;
  size_t start = links_.size();
  while (start > 0) {
    --start;
    if (!links_[start].is_readable()) continue;  // where the log stands before it, older ones say
    absl::StatusOr<ByteSpan> bytes = bytes_(links_[start].file);
    if (!bytes.ok()) continue;
    SegmentOutline outline = OutlineSegment(*bytes, OptionsFor(start));
    held += outline.end_offset - outline.description.end_offset;
    if (held >= options_.replay_bytes) break;
  }
  return start;
}

// Those that are not replayed: their descriptions at least must go up in step.
void Recovery::TrustOlder(size_t start) {
  for (size_t i = 0; i < start; ++i) {
    const SegmentHead& head = links_[i];
    const SegmentHead& next = links_[i + 1];
    Finding(i)->role = SegmentRole::kTrusted;
    if (!head.is_readable()) {
      out_.notes.push_back(absl::StrCat(head.name.ToFileName(), " ", head.sentence,
                                        "; its entries are not available"));
      continue;
    }
    if (next.is_readable() && next.before.next_lsn < head.before.next_lsn) {
      out_.notes.push_back(absl::StrCat(head.name.ToFileName(), " starts with LSN ",
                                        head.before.next_lsn.value(), ", the next segment with ",
                                        next.before.next_lsn.value(), ": check both"));
    }
    Use(i, next.name.first_index, head.size_bytes);
    Finding(i)->end_index = next.name.first_index;
    Finding(i)->end_lsn = next.before.next_lsn;
    Finding(i)->sentence = "not read again: its description is whole";
  }
}

// Takes the state to start from; false if there is none.
bool Recovery::StartAt(size_t link) {
  absl::StatusOr<ByteSpan> bytes = bytes_(links_[link].file);
  SegmentScan scan;
  if (bytes.ok()) scan = ScanDescription(*bytes, OptionsFor(link));
  if (!bytes.ok() || scan.verdict != SegmentVerdict::kOpenEnd) {
    if (NameOf(link).first_index > Index(1)) {
      out_.end.next_index = NameOf(link).first_index;
      out_.end.next_lsn = Lsn(0);  // unknown
    }
    return StopAt(DiskVerdict::kUnreadable, link, 0, links_[link].sentence);
  }
  out_.end = scan.position;
  out_.start = out_.segments.size();
  out_.start_state.Swap(scan.description.mutable_state());
  for (const v1::EpochHistory& epoch : out_.start_state.history()) out_.epochs.push_back(epoch);
  if (visitor_ != nullptr) visitor_->OnStart(out_.start_state);
  return true;
}

// False if the log ends with this segment.
bool Recovery::ReplayLink(size_t link) {
  if (!JoinsLog(link)) return false;
  const SegmentHead& head = links_[link];
  if (!head.is_readable()) return StopAt(DiskVerdict::kDamaged, link, 0, head.sentence);
  absl::StatusOr<ByteSpan> bytes = bytes_(head.file);
  if (!bytes.ok()) {
    return StopAt(DiskVerdict::kDamaged, link, 0,
                  absl::StrCat("cannot be read: ", bytes.status().ToString()));
  }
  SegmentScan scan =
      ScanSegment(*bytes, OptionsFor(link), [this](const RecordView& view) { TakeEntry(view); });
  return TakeScan(link, scan);
}

// True if the segment continues exactly where the log stands.
bool Recovery::JoinsLog(size_t link) {
  const LogPosition& end = out_.end;
  Index base = NameOf(link).first_index;
  RJ_CHECK(base >= end.next_index);  // each scan stops at the next one's base
  if (base > end.next_index) {
    return StopAt(DiskVerdict::kGap, link, 0,
                  absl::StrCat("the entries from ", end.next_index.value(), " to ",
                               base.prev().value(), " are in no file: a segment is missing"));
  }
  const LogPosition& before = links_[link].before;
  if (!links_[link].is_readable()) return true;
  if (before.next_lsn == end.next_lsn && before.chain == end.chain) return true;
  return StopAt(DiskVerdict::kDamaged, link, 0,
                "its description does not continue the segment before (LSN or chain hash)");
}

bool Recovery::TakeScan(size_t link, const SegmentScan& scan) {
  out_.end = scan.position;
  Raise(scan.committed, &out_.committed);
  SegmentFinding* finding = Finding(link);
  finding->role = SegmentRole::kScanned;
  finding->verdict = scan.verdict;
  finding->sentence = scan.sentence;
  finding->end_index = scan.position.next_index;
  finding->end_lsn = scan.position.next_lsn;
  finding->end_offset = scan.end_offset;
  finding->bytes_lost = scan.bytes_lost;
  finding->padding_damage_bytes = scan.padding_damage_bytes;
  if (scan.padding_damage_bytes > 0) {
    out_.notes.push_back(absl::StrCat(NameOf(link).ToFileName(),
                                      " has wrong bytes in padding: no entry is lost, but the "
                                      "disk should be checked"));
  }
  if (scan.position.next_index > NameOf(link).first_index) {
    Use(link, scan.position.next_index, scan.end_offset);
  }
  out_.bytes_lost = scan.bytes_lost;
  out_.verdict =
      scan.verdict == SegmentVerdict::kTornTail ? DiskVerdict::kTornTail : DiskVerdict::kClean;
  if (scan.verdict == SegmentVerdict::kNewerVersion) {
    return StopAt(DiskVerdict::kNewerVersion, link, scan.end_offset, scan.sentence);
  }
  if (scan.verdict != SegmentVerdict::kDamaged) return true;
  if (scan.rest_is_unused && scan.durable_offset <= scan.end_offset) {
    return StopAt(DiskVerdict::kGap, link, scan.end_offset,
                  absl::StrCat("the entries from ", scan.position.next_index.value(), " to ",
                               KnownDurableBefore(links_, link).prev().value(),
                               " are in no file: a segment is missing, or the end of this one was "
                               "lost"));
  }
  return StopAt(DiskVerdict::kDamaged, link, scan.end_offset, scan.sentence);
}

void Recovery::TakeEntry(const RecordView& view) {
  const Epoch& epoch = view.header.epoch;
  bool newer = out_.epochs.empty() ||
               Epoch{out_.epochs.back().generation(), out_.epochs.back().epoch()} < epoch;
  if (newer) {
    // What segments of an older generation call committed from here on has been given up: other
    // entries, at other LSNs, stand there now.
    bool given_up = !out_.epochs.empty() && out_.epochs.back().generation() < epoch.generation &&
                    out_.committed.index >= view.header.index;
    if (given_up) out_.committed = {view.header.index.prev(), view.header.first_lsn.prev()};
    v1::EpochHistory next;
    next.set_generation(epoch.generation);
    next.set_epoch(epoch.epoch);
    next.set_first_index(view.header.index.value());
    out_.epochs.push_back(next);
  }
  v1::ControlRecord record;
  if (view.header.kind == v1::ENTRY_KIND_TRIM && DecodeControlBody(view.body, &record)) {
    kept_from_ = std::max(kept_from_, Index(record.trim().first_index()));
  }
  if (visitor_ != nullptr) visitor_->OnEntry(view);
}

bool Recovery::StopAt(DiskVerdict verdict, size_t link, uint64_t offset, const std::string& why) {
  out_.verdict = verdict;
  out_.damage = DamagePlace{links_[link].file, offset, out_.end.next_index};
  why_ = absl::StrCat(NameOf(link).ToFileName(), ": ", why);
  if (Finding(link)->role != SegmentRole::kScanned) MarkBeyond(link);
  return false;
}

// What is behind the end is not used, but what it knows to be committed is known.
void Recovery::MarkBeyond(size_t from) {
  for (size_t i = from; i < links_.size(); ++i) {
    Finding(i)->role = SegmentRole::kBeyondEnd;
    if (!links_[i].is_readable()) continue;
    absl::StatusOr<ByteSpan> bytes = bytes_(links_[i].file);
    if (!bytes.ok()) continue;
    Raise(FindLaterGroups(*bytes, limits::kBlockBytes, NameOf(i).opener).committed,
          &out_.committed);
    Finding(i)->sentence = "lies above the end of the log";
  }
}

void Recovery::Use(size_t link, Index end_index, uint64_t size_bytes) {
  const SegmentHead& head = links_[link];
  if (out_.segments.empty()) out_.oldest = {head.before.next_index, head.before.next_lsn};
  out_.segments.push_back(
      {head.file, head.name, head.before.next_index, end_index, head.before.next_lsn, size_bytes});
}

ScanOptions Recovery::OptionsFor(size_t link) const {
  ScanOptions options;
  options.name = NameOf(link);
  options.journal = options_.journal;
  if (link + 1 < links_.size()) options.stop_before = NameOf(link + 1).first_index;
  options.known_durable_before = KnownDurableBefore(links_, link);
  return options;
}

std::string Recovery::Sentence() const {
  uint64_t last = out_.end.next_index.prev().value();
  std::string end =
      absl::StrCat("up to entry ", last, " (LSN ", out_.end.next_lsn.value() - 1, ")");
  switch (out_.verdict) {
    case DiskVerdict::kEmpty:
      return "no entry is on this disk";
    case DiskVerdict::kClean:
      return absl::StrCat("the disk holds the log ", end, "; nothing was cut");
    case DiskVerdict::kTornTail:
      return absl::StrCat("the disk holds the log ", end, "; a torn tail of at most ",
                          out_.bytes_lost, " bytes was cut, none of it acknowledged as on disk");
    case DiskVerdict::kDamaged:
    case DiskVerdict::kGap:
      return absl::StrCat("the disk holds the log ", end, "; what follows is unknown: ", why_);
    case DiskVerdict::kUnreadable:
      return absl::StrCat("no entry can be recovered: ", why_,
                          ". Restore the file from a copy, or move it away to give up its entries");
    case DiskVerdict::kForeign:
    case DiskVerdict::kNewerVersion:
      return absl::StrCat("nothing was recovered: ", why_);
  }
  return "";
}

}  // namespace

DiskRecovery RecoverDisk(std::span<const SegmentFile> files, SegmentBytes bytes,
                         const DiskRecoveryOptions& options, RecoveryVisitor* visitor) {
  return Recovery(files, bytes, options, visitor).Run();
}

}  // namespace ringjournal
