#include "server/driver/segment_tails.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "io/file_descriptor.h"
#include "journal/base/aligned_buffer.h"
#include "journal/segment/segment_name.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {
namespace {

constexpr uint64_t kChunkBytes = 1 * limits::kMiB;

// All of it or nothing. No mapping: a sector that cannot be read would end the process.
bool ReadAt(int fd, uint64_t offset, std::span<std::byte> out, const std::atomic<bool>& stop) {
  for (uint64_t done = 0; done < out.size(); done += kChunkBytes) {
    if (stop) return false;
    const auto part = out.subspan(done, std::min<uint64_t>(kChunkBytes, out.size() - done));
    if (!io::ReadWholeAt(fd, offset + done, part)) return false;
  }
  return true;
}

// Most files are full, and are not read further than this.
bool EndsUnused(int fd, uint64_t bytes, const std::atomic<bool>& stop) {
  if (bytes == 0 || bytes % limits::kBlockBytes != 0) return false;
  AlignedBuffer last;
  last.EnsureBytes(limits::kBlockBytes);
  const uint64_t at = bytes - limits::kBlockBytes;
  const auto block = last.span().first(limits::kBlockBytes);
  return ReadAt(fd, at, block, stop) && IsUnused(block, at);
}

}  // namespace

std::vector<OlderSegment> OlderSegments(const std::string& directory, const JournalId& journal,
                                        Incarnation before) {
  std::vector<OlderSegment> older;
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(directory);
  if (!names.ok()) return older;
  std::vector<SegmentName> segments;
  for (const std::string& name : *names) {
    std::optional<SegmentName> segment = SegmentName::FromFileName(name);
    if (segment.has_value() && segment->journal == journal) segments.push_back(*segment);
  }
  std::ranges::sort(segments, {}, &SegmentName::opener);
  for (size_t i = 0; i < segments.size() && segments[i].opener.incarnation < before; ++i) {
    older.push_back({absl::StrCat(directory, "/", segments[i].ToFileName()), std::nullopt});
    if (i + 1 < segments.size()) older.back().next_begins = segments[i + 1].first_index;
  }
  return older;
}

std::optional<SegmentTail> UnusedTail(const OlderSegment& segment, const std::atomic<bool>& stop) {
  const std::string& path = segment.path;
  absl::StatusOr<uint64_t> size = io::FileSize(path);
  const io::FileDescriptor file(static_cast<int>(io::OpenForReading(path, /*direct=*/false)));
  if (!size.ok() || file.get() < 0 || !EndsUnused(file.get(), *size, stop)) return std::nullopt;
  AlignedBuffer whole;
  whole.EnsureBytes(*size);
  const auto bytes = whole.span().first(*size);
  if (!ReadAt(file.get(), 0, bytes, stop)) return std::nullopt;
  ScanOptions options;
  options.name = SegmentName::FromFileName(path.substr(path.rfind('/') + 1));
  const SegmentScan scan = ScanSegment(bytes, options, [](const RecordView&) {});
  const uint64_t needed = NeededBytes(scan, *size, segment.next_begins);
  if (needed == *size) return std::nullopt;
  return SegmentTail{path, needed, *size - needed};
}

int64_t CutTail(const SegmentTail& tail) {
  return io::CutFile(tail.path, tail.needed) == 0 ? static_cast<int64_t>(tail.unused) : 0;
}

}  // namespace ringjournal
