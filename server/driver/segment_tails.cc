#include "server/driver/segment_tails.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "journal/segment/segment_name.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {
namespace {

// Most files are full, and are not read further than this.
bool EndsUnused(ByteSpan file) {
  if (file.size() < limits::kBlockBytes || file.size() % limits::kBlockBytes != 0) return false;
  const uint64_t last = file.size() - limits::kBlockBytes;
  return IsUnused(file.subspan(last), last);
}

std::optional<SegmentTail> TailOf(const std::string& path, const SegmentName& name) {
  absl::StatusOr<io::MappedFile> mapped = io::MappedFile::Open(path);
  if (!mapped.ok() || !EndsUnused(mapped->bytes())) return std::nullopt;
  ScanOptions options;
  options.name = name;
  const uint64_t bytes = mapped->bytes().size();
  const SegmentScan scan = ScanSegment(mapped->bytes(), options, [](const RecordView&) {});
  const uint64_t needed = NeededBytes(scan, bytes);
  if (needed == bytes) return std::nullopt;
  return SegmentTail{path, needed, bytes - needed};
}

}  // namespace

std::vector<SegmentTail> FindUnusedTails(const std::string& directory, Incarnation before,
                                         const std::atomic<bool>& stop) {
  std::vector<SegmentTail> tails;
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(directory);
  if (!names.ok()) return tails;
  for (const std::string& name : *names) {
    if (stop) break;
    std::optional<SegmentName> segment = SegmentName::FromFileName(name);
    if (!segment.has_value() || segment->opener.incarnation >= before) continue;
    auto tail = TailOf(absl::StrCat(directory, "/", name), *segment);
    if (tail.has_value()) tails.push_back(*std::move(tail));
  }
  return tails;
}

int64_t CutTails(const std::vector<SegmentTail>& tails) {
  int64_t given_back = 0;
  for (const SegmentTail& tail : tails) {
    if (io::CutFile(tail.path, tail.needed) == 0) given_back += static_cast<int64_t>(tail.unused);
  }
  return given_back;
}

}  // namespace ringjournal
