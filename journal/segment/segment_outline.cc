// The parts of segment_scan.h that read no entries: description, outline, later groups.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {
namespace {

void RaiseTo(const Watermark& seen, Watermark* highest) {
  highest->index = std::max(highest->index, seen.index);
  highest->lsn = std::max(highest->lsn, seen.lsn);
}

// The description is not readable or not this file's: a torn opening holds nothing, unless
// something shows that it had been synced.
SegmentScan BadStart(ByteSpan file, const ScanOptions& options, SegmentVerdict verdict,
                     const std::string& wrong) {
  SegmentScan out;
  out.verdict = verdict;
  out.sentence = absl::StrCat(wrong, ": it holds no entry that was acknowledged as on disk");
  out.durable_offset = options.known_durable_offset;
  if (options.name) {
    LaterGroups later = FindLaterGroups(file, limits::kBlockBytes, options.name->opener);
    out.position.next_index = options.name->first_index;
    out.committed = later.committed;
    out.durable_offset = std::max(out.durable_offset, later.durable_offset);
    if (options.known_durable_before > options.name->first_index) out.durable_offset = file.size();
  }
  if (out.durable_offset > 0) {
    out.verdict = SegmentVerdict::kDamaged;
    out.sentence = absl::StrCat(wrong, ", in bytes that had been synced: entries from ",
                                out.position.next_index.value(),
                                " on are unknown; keep the file and check the disk");
    out.bytes_lost = file.size();
  }
  return out;
}

// Why a readable description cannot be that of this file; empty if it can.
std::string CompareWithName(const v1::SegmentDescription& d, const ScanOptions& options) {
  if (!options.name) return "";
  if (OpenerOf(d) == options.name->opener && Index(d.first_index()) == options.name->first_index) {
    return "";
  }
  return absl::StrCat("the description is that of another segment (entries from ", d.first_index(),
                      ", opened by incarnation ", d.opener_incarnation(), ", number ",
                      d.opener_counter(), "), so the file was recycled or renamed");
}

bool IsExpectedJournal(const v1::SegmentDescription& d, const ScanOptions& options) {
  JournalId id;
  JournalId::FromView(d.journal_id(), &id);
  return (!options.journal || id == *options.journal) &&
         (!options.name || id == options.name->journal);
}

SegmentScan Readable(SegmentVerdict verdict, v1::SegmentDescription description, uint64_t end,
                     std::string sentence) {
  SegmentScan out;
  out.verdict = verdict;
  out.position = PositionBefore(description);
  out.description = std::move(description);
  out.end_offset = end;
  out.sentence = std::move(sentence);
  return out;
}

SegmentScan JudgeReadable(ByteSpan file, const ScanOptions& options, v1::SegmentDescription d,
                          size_t bytes) {
  if (!IsExpectedJournal(d, options)) {
    JournalId id;
    JournalId::FromView(d.journal_id(), &id);
    std::string sentence =
        absl::StrCat("belongs to journal ", id.ToHex(), ": move it to where it came from");
    return Readable(SegmentVerdict::kForeign, std::move(d), 0, std::move(sentence));
  }
  std::string wrong = CompareWithName(d, options);
  if (!wrong.empty()) return BadStart(file, options, SegmentVerdict::kBadDescription, wrong);
  return Readable(SegmentVerdict::kOpenEnd, std::move(d), PaddedBytes(bytes), "");
}

}  // namespace

SegmentScan ScanDescription(ByteSpan file, const ScanOptions& options) {
  v1::SegmentDescription d;
  size_t bytes = 0;
  switch (DecodeDescription(file, &d, &bytes)) {
    case DescriptionVerdict::kOk:
      return JudgeReadable(file, options, std::move(d), bytes);
    case DescriptionVerdict::kNewerVersion: {
      std::string sentence =
          absl::StrCat("segment layout ", d.layout_version(), "; this version reads up to ",
                       kSegmentLayoutVersion, ": use a newer version of the software");
      return Readable(SegmentVerdict::kNewerVersion, std::move(d), 0, std::move(sentence));
    }
    case DescriptionVerdict::kCutOff:
    case DescriptionVerdict::kDamaged:
      if (file.empty()) break;
      return BadStart(file, options, SegmentVerdict::kBadDescription,
                      "the description is torn or damaged");
    case DescriptionVerdict::kNotADescription:
      if (IsUnused(file, 0)) break;
      if (!IsUnused(file.first(std::min<size_t>(file.size(), limits::kBlockBytes)), 0)) {
        return BadStart(file, options, SegmentVerdict::kNotASegment,
                        "the file does not start with a segment's description");
      }
      return BadStart(file, options, SegmentVerdict::kBadDescription,
                      "the description was never written");
  }
  SegmentScan out =
      BadStart(file, options, SegmentVerdict::kEmpty, "no description, only unused blocks");
  if (out.verdict == SegmentVerdict::kEmpty) out.sentence = "empty: made, but never opened";
  return out;
}

SegmentOutline OutlineSegment(ByteSpan file, const ScanOptions& options) {
  SegmentOutline out;
  out.description = ScanDescription(file, options);
  if (out.description.verdict != SegmentVerdict::kOpenEnd) return out;
  SegmentOpener opener = OpenerOf(out.description.description);
  out.end_offset = out.description.end_offset;
  out.end_index = out.description.position.next_index;
  uint64_t last_group = 0;
  GroupHeader header;
  while (!out.closed && out.end_offset < file.size() &&
         DecodeGroupHeader(file.subspan(out.end_offset), &header) &&
         BelongsAt(header, opener, out.end_offset) && header.first_index >= out.end_index) {
    ++out.groups;
    RaiseTo(header.committed, &out.committed);
    out.end_index = header.first_index;
    out.closed = header.closing;
    last_group = out.end_offset;
    out.end_offset += header.length;
  }
  if (out.groups == 0 || out.closed) return out;
  uint64_t limit = std::min<uint64_t>(out.end_offset, file.size());
  RecordView view;
  for (uint64_t at = last_group + kGroupHeaderBytes; at < limit; at += view.record.size()) {
    if (ParseRecord(file.subspan(at, limit - at), &view) != RecordVerdict::kOk) break;
    if (view.header.index != out.end_index) break;
    out.end_index = out.end_index.next();
  }
  return out;
}

LaterGroups FindLaterGroups(ByteSpan file, uint64_t from, const SegmentOpener& opener) {
  LaterGroups out;
  GroupHeader header;
  for (uint64_t at = from; at < file.size(); at += limits::kBlockBytes) {
    if (file[at] != kGroupTag || !DecodeGroupHeader(file.subspan(at), &header)) continue;
    if (!BelongsAt(header, opener, at)) continue;
    out.any = true;
    out.durable_offset = std::max(out.durable_offset, header.durable_offset);
    RaiseTo(header.committed, &out.committed);
  }
  return out;
}

}  // namespace ringjournal
