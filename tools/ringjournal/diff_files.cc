// Sides of a diff that are files: segments, a ring, an export of entries.
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "journal/recovery/disk_recovery.h"
#include "tools/ringjournal/diff_source.h"
#include "tools/ringjournal/transfer_format.h"
#include "tools/ringjournal/verify_ring.h"

namespace ringjournal::cli {
namespace {

namespace fs = std::filesystem;

// Of bytes that are no entry so much is kept at most.
constexpr size_t kShownBytesMax = 64 * 1024;

absl::Status Unusable(const std::string& path, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

// The place where the next entry should stand: its header as far as it can be read.
void FillDamaged(ByteSpan bytes, const LogPosition& expected, DiffItem* item) {
  item->view = RecordView();
  if (ParseRecord(bytes, &item->view) != RecordVerdict::kOk) {
    item->view = RecordView();
    item->view.record = bytes.first(std::min(bytes.size(), kShownBytesMax));
  }
  item->view.header.index = expected.next_index;
  item->view.header.first_lsn = expected.next_lsn;
}

struct NamedSegment {
  std::string path;
  SegmentName name;
};

// The segments of one journal, as a start of the server would read them.
class SegmentsSource : public DiffSource {
 public:
  SegmentsSource(std::string name, std::vector<NamedSegment> segments)
      : segments_(std::move(segments)) {
    name_ = std::move(name);
    journal_ = segments_[0].name.journal.ToHex();
  }

  absl::Status Open() {
    std::vector<SegmentFile> files;
    for (const NamedSegment& segment : segments_) files.push_back({segment.name, 0});
    auto bytes = [&](size_t i) -> absl::StatusOr<ByteSpan> {
      if (absl::Status s = Map(i); !s.ok()) return s;
      return file_->bytes();
    };
    DiskRecoveryOptions options;
    options.journal = segments_[0].name.journal;
    found_ = RecoverDisk(files, bytes, options, nullptr);
    const bool refused =
        found_.verdict == DiskVerdict::kForeign || found_.verdict == DiskVerdict::kNewerVersion;
    return refused ? Unusable(name_, found_.sentence) : absl::OkStatus();
  }

  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    while (at_ == offsets_.size()) {
      if (next_segment_ == found_.segments.size()) return End(item);
      if (absl::Status s = Load(found_.segments[next_segment_++]); !s.ok()) return s;
    }
    ParseRecord(file_->bytes().subspan(offsets_[at_++]), &item->view);
    return true;
  }

  std::string bounds() const override {
    if (found_.verdict != DiskVerdict::kTornTail) return "";
    return absl::StrCat("its files end in a torn tail of ", found_.bytes_lost,
                        " bytes, as a killed server leaves it");
  }

 private:
  absl::Status Map(size_t i) {
    file_.reset();
    absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(segments_[i].path);
    if (!file.ok()) return file.status();
    file_.emplace(*std::move(file));
    return absl::OkStatus();
  }

  absl::Status Load(const UsableSegment& segment) {
    if (absl::Status s = Map(segment.file); !s.ok()) return s;
    offsets_.clear();
    at_ = 0;
    ScanOptions options;
    options.name = segment.name;
    options.stop_before = segment.end_index;
    const std::byte* begin = file_->bytes().data();
    ScanSegment(file_->bytes(), options, [&](const RecordView& view) {
      if (view.header.index < segment.first_index) return;
      offsets_.push_back(static_cast<uint64_t>(view.record.data() - begin));
    });
    if (offsets_.size() == segment.end_index - segment.first_index) return absl::OkStatus();
    return Unusable(segments_[segment.file].path,
                    "it changes while it is read: stop the server, or compare a copy");
  }

  absl::StatusOr<bool> End(DiffItem* item) {
    if (std::exchange(told_, true)) return false;
    DamagePlace place;
    if (found_.damage.has_value()) {
      place = *found_.damage;
    } else if (found_.verdict == DiskVerdict::kTornTail && !found_.segments.empty()) {
      item->torn = true;
      place.file = found_.segments.back().file;
      place.offset = found_.findings[place.file].end_offset;
    } else {
      return false;
    }
    item->wrong = absl::StrCat(segments_[place.file].path, ": ", found_.sentence);
    if (absl::Status s = Map(place.file); !s.ok()) return s;
    FillDamaged(file_->bytes().subspan(std::min(place.offset, file_->bytes().size())), found_.end,
                item);
    // Nothing was written there, or only the beginning of a group: it ends earlier.
    return !item->torn || item->view.record.data()[0] == kEntryTag;
  }

  std::vector<NamedSegment> segments_;
  DiskRecovery found_;
  std::optional<io::MappedFile> file_;
  size_t next_segment_ = 0;
  std::vector<uint64_t> offsets_;  // of the records of the loaded segment
  size_t at_ = 0;
  bool told_ = false;
};

class RingSource : public DiffSource {
 public:
  RingSource(const std::string& path, OpenedRing ring) : ring_(std::move(ring)) {
    name_ = path;
    journal_ = ring_.found.identity.journal.ToHex();
    offset_ = ring_.found.oldest;
  }

  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    const RingInspection& found = ring_.found;
    const bool damaged = found.verdict == RingVerdict::kNotIntact && found.end < found.stated_end;
    const uint64_t end = damaged ? found.stated_end : found.end;
    ByteSpan bytes(ring_.memory.data() + (offset_ & (ring_.memory.data_bytes() - 1)),
                   std::min<uint64_t>(end - offset_, ring_.memory.data_bytes()));
    if (offset_ < found.end) {
      ParseRecord(bytes, &item->view);
      offset_ += item->view.record.size();
      return true;
    }
    if (!damaged || std::exchange(told_, true)) return false;
    item->wrong = absl::StrCat(name_, ": ", found.reason);
    FillDamaged(bytes, found.position, item);
    return true;
  }

  std::string bounds() const override {
    const RingInspection& found = ring_.found;
    const std::string known =
        found.committed.value() == 0
            ? ""
            : absl::StrCat(", known to be committed up to entry ", found.committed.value());
    return absl::StrCat("a ring holds the newest entries only", known);
  }

 private:
  OpenedRing ring_;
  uint64_t offset_ = 0;
  bool told_ = false;
};

// An export of entries, compressed or not.
class ExportSource : public DiffSource {
 public:
  ExportSource(std::string name, std::unique_ptr<ImportFile> file) : file_(std::move(file)) {
    name_ = std::move(name);
  }

  absl::Status Open() {
    RecordView view;
    absl::StatusOr<bool> first = PeekEntry(file_.get(), &view);
    if (first.ok() || !absl::IsDataLoss(first.status())) return first.status();
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(first.status().message()),
                     "; what can be compared are segments, rings and exports of entries "
                     "(`ringjournal export` without another --format)"));
  }

  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    if (told_) return false;
    file_->Skip(taken_);
    taken_ = 0;
    absl::StatusOr<bool> here = PeekEntry(file_.get(), &item->view);
    if (here.ok() && !*here) return false;
    if (!here.ok() && !absl::IsDataLoss(here.status())) return here;
    if (!here.ok()) item->wrong = std::string(here.status().message());
    if (here.ok() && begun_) item->wrong = Continue(item->view);
    told_ = !item->wrong.empty();
    if (told_) {
      FillDamaged(AsBytes(file_->bytes()), position_, item);
      return true;
    }
    const EntryHeader& h = item->view.header;
    position_ = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
    begun_ = true;
    taken_ = item->view.record.size();
    return true;
  }

 private:
  std::string Continue(const RecordView& view) {
    LogPosition position = position_;
    const std::string wrong = position.Advance(view);
    return wrong.empty() ? "" : absl::StrCat(name_, ", byte ", file_->offset(), ": ", wrong);
  }

  std::unique_ptr<ImportFile> file_;
  LogPosition position_;
  size_t taken_ = 0;
  bool begun_ = false, told_ = false;
};

// ---- which files ----

absl::StatusOr<std::unique_ptr<DiffSource>> OpenSegments(const std::string& name,
                                                         std::vector<NamedSegment> segments) {
  auto source = std::make_unique<SegmentsSource>(name, std::move(segments));
  if (absl::Status s = source->Open(); !s.ok()) return s;
  return source;
}

absl::StatusOr<std::unique_ptr<DiffSource>> OpenRing(const std::string& path) {
  FileReport report;
  std::optional<OpenedRing> ring = OpenRingFile(path, &report);
  if (!ring.has_value()) return Unusable(path, report.sentence);
  return std::make_unique<RingSource>(path, *std::move(ring));
}

// A copy of a segment under another name says itself which one it is.
std::optional<SegmentName> NameOf(const std::string& path, ByteSpan bytes) {
  std::optional<SegmentName> name = SegmentName::FromFileName(fs::path(path).filename().string());
  if (name.has_value() || bytes.empty() || bytes[0] != kDescriptionTag) return name;
  const v1::SegmentDescription description = ScanDescription(bytes, ScanOptions{}).description;
  SegmentName said;
  if (!JournalId::FromView(description.journal_id(), &said.journal)) return std::nullopt;
  said.first_index = Index(description.first_index());
  said.opener = {Incarnation(description.opener_incarnation()), description.opener_counter()};
  return said;
}

absl::StatusOr<std::unique_ptr<DiffSource>> OpenOneFile(const std::string& path) {
  {
    absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(path);
    if (!file.ok()) return absl::InvalidArgumentError(std::string(file.status().message()));
    if (path.ends_with(".ring") || LooksLikeRing(file->bytes())) return OpenRing(path);
    std::optional<SegmentName> name = NameOf(path, file->bytes());
    if (name.has_value()) return OpenSegments(path, {{path, *name}});
  }
  auto opened = ImportFile::Open(path);
  if (!opened.ok()) return opened.status();
  auto source = std::make_unique<ExportSource>(path, *std::move(opened));
  if (absl::Status s = source->Open(); !s.ok()) return s;
  return source;
}

// What a directory holds of one journal.
struct Found {
  std::map<std::string, std::vector<NamedSegment>> segments;  // by their directory
  std::vector<std::string> rings;
};

std::map<std::string, Found> LookInto(const std::string& directory) {
  std::map<std::string, Found> out;
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error), end;
  for (; !error && it != end; it.increment(error)) {
    if (it->is_symlink(error) || !it->is_regular_file(error)) continue;
    const std::string path = it->path().string(), name = it->path().filename().string();
    if (std::optional<SegmentName> parsed = SegmentName::FromFileName(name)) {
      out[parsed->journal.ToHex()].segments[it->path().parent_path().string()].push_back(
          {path, *parsed});
    } else if (name.ends_with(".ring")) {
      const std::string journal = VerifyRingFile(path).journal;
      if (!journal.empty()) out[journal].rings.push_back(path);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffFiles(const std::string& path,
                                                          const std::string& journal) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return OpenOneFile(path);
  std::map<std::string, Found> found = LookInto(path);
  if (found.empty()) return Unusable(path, "there is no segment (.seg) and no ring (.ring) in it");
  std::string ids;
  for (const auto& [id, files] : found) absl::StrAppend(&ids, ids.empty() ? "" : ", ", id);
  std::erase_if(found, [&](const auto& one) { return !one.first.starts_with(journal); });
  if (found.size() != 1) {
    return Unusable(path,
                    absl::StrCat(found.empty() ? "it holds no journal " : "it holds several: ",
                                 found.empty() ? journal : "", found.empty() ? ", but " : "", ids,
                                 "; name one with --journal ID (`ringjournal journal ",
                                 "info NAME` shows it)"));
  }
  Found& files = found.begin()->second;
  if (files.segments.size() > 1) {
    return Unusable(path, absl::StrCat("journal ", found.begin()->first,
                                       " has segments in several directories below it; name one: ",
                                       files.segments.begin()->first));
  }
  if (!files.segments.empty()) return OpenSegments(path, std::move(files.segments.begin()->second));
  if (files.rings.size() == 1) return OpenRing(files.rings[0]);
  return Unusable(path, "it holds several rings of that journal; name one file");
}

}  // namespace ringjournal::cli
