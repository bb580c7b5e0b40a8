#include "tools/ringjournal/verify_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "journal/recovery/disk_recovery.h"
#include "tools/ringjournal/verify_ring.h"

namespace ringjournal::cli {
namespace {

namespace fs = std::filesystem;

struct NamedSegment {
  std::string path;
  SegmentName name;
};

std::string JournalOf(const v1::SegmentDescription& description) {
  JournalId id;
  return JournalId::FromView(description.journal_id(), &id) ? id.ToHex() : "";
}

bool IsDamage(DiskVerdict verdict) {
  return verdict != DiskVerdict::kEmpty && verdict != DiskVerdict::kClean &&
         verdict != DiskVerdict::kTornTail;
}

bool IsDamage(SegmentVerdict verdict) {
  return verdict == SegmentVerdict::kDamaged || verdict == SegmentVerdict::kNotASegment ||
         verdict == SegmentVerdict::kForeign || verdict == SegmentVerdict::kNewerVersion;
}

class Verifier {
 public:
  VerifyReport Run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      std::error_code error;
      if (fs::is_directory(path, error)) {
        Walk(path);
      } else {
        AddFile(path, true);
      }
    }
    for (auto& [place, segments] : groups_) CheckJournal(place.first, segments);
    std::sort(report_.files.begin(), report_.files.end(),
              [](const FileReport& a, const FileReport& b) { return a.path < b.path; });
    return std::move(report_);
  }

 private:
  void Walk(const std::string& directory) {
    absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(directory);
    if (!names.ok()) {
      report_.errors.push_back(std::string(names.status().message()));
      return;
    }
    for (const std::string& name : *names) {
      std::string path = (fs::path(directory) / name).string();
      std::error_code error;
      if (fs::is_symlink(path, error)) continue;  // what it points to has its own place
      if (fs::is_directory(path, error)) {
        Walk(path);
      } else {
        AddFile(path, false);
      }
    }
  }

  void AddFile(const std::string& path, bool by_name) {
    std::string name = fs::path(path).filename().string();
    if (std::optional<SegmentName> parsed = SegmentName::FromFileName(name)) {
      groups_[{fs::path(path).parent_path().string(), parsed->journal}].push_back({path, *parsed});
    } else if (name.ends_with(".ring")) {
      report_.files.push_back(VerifyRingFile(path));
    } else if (by_name || HasSegmentSuffix(name)) {
      AddUnnamed(path);
    }
  }

  // A file whose name says nothing: a copy, an export, or something else.
  void AddUnnamed(const std::string& path) {
    absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(path);
    if (!file.ok()) {
      report_.errors.push_back(std::string(file.status().message()));
      return;
    }
    if (LooksLikeRing(file->bytes())) {
      report_.files.push_back(VerifyRingFile(path));
      return;
    }
    SegmentScan scan = ScanSegment(file->bytes(), ScanOptions{}, [](const RecordView&) {});
    FileReport out;
    out.path = path;
    out.kind = scan.verdict == SegmentVerdict::kNotASegment ? "unknown" : "segment";
    out.journal = JournalOf(scan.description);
    out.verdict = SegmentVerdictText(scan.verdict);
    out.sentence = scan.sentence;
    out.damaged = IsDamage(scan.verdict) || scan.verdict == SegmentVerdict::kBadDescription;
    out.first_index = scan.description.first_index();
    out.first_lsn = scan.description.first_lsn();
    out.end_index = scan.position.next_index.value();
    out.end_lsn = scan.position.next_lsn.value();
    out.bytes_lost = scan.bytes_lost;
    report_.files.push_back(std::move(out));
  }

  void CheckJournal(const std::string& directory, const std::vector<NamedSegment>& segments) {
    std::vector<SegmentFile> files;
    files.reserve(segments.size());
    for (const NamedSegment& segment : segments) files.push_back({segment.name, 0});
    std::optional<io::MappedFile> open;
    auto bytes = [&](size_t i) -> absl::StatusOr<ByteSpan> {
      open.reset();
      absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(segments[i].path);
      if (!file.ok()) return file.status();
      open.emplace(*std::move(file));
      return open->bytes();
    };
    DiskRecoveryOptions options;
    options.journal = segments[0].name.journal;
    DiskRecovery recovery = RecoverDisk(files, bytes, options, nullptr);
    for (size_t i = 0; i < segments.size(); ++i) {
      AddSegment(segments[i], recovery.findings[i],
                 recovery.damage.has_value() && recovery.damage->file == i);
    }
    AddJournal(directory, options.journal, recovery);
  }

  void AddSegment(const NamedSegment& segment, const SegmentFinding& finding, bool is_the_damage) {
    FileReport out;
    out.path = segment.path;
    out.kind = "segment";
    out.journal = segment.name.journal.ToHex();
    bool scanned = finding.role == SegmentRole::kScanned;
    out.verdict = scanned ? SegmentVerdictText(finding.verdict) : SegmentRoleText(finding.role);
    out.sentence = finding.sentence;
    out.damaged = is_the_damage || (scanned && IsDamage(finding.verdict)) ||
                  finding.role == SegmentRole::kRefused;
    out.first_index = finding.first_index.value();
    out.end_index = finding.end_index.value();
    out.first_lsn = finding.first_lsn.value();
    out.end_lsn = finding.end_lsn.value();
    out.bytes_lost = finding.bytes_lost;
    report_.files.push_back(std::move(out));
  }

  void AddJournal(const std::string& directory, const JournalId& journal,
                  const DiskRecovery& recovery) {
    JournalReport out;
    out.journal = journal.ToHex();
    out.directory = directory;
    out.verdict = DiskVerdictText(recovery.verdict);
    out.sentence = recovery.sentence;
    out.damaged = IsDamage(recovery.verdict);
    out.end_index = recovery.end.next_index.value();
    out.end_lsn = recovery.end.next_lsn.value();
    out.bytes_lost = recovery.bytes_lost;
    out.notes = recovery.notes;
    report_.journals.push_back(std::move(out));
  }

  VerifyReport report_;
  std::map<std::pair<std::string, JournalId>, std::vector<NamedSegment>> groups_;
};

}  // namespace

bool VerifyReport::damaged() const {
  auto is_damaged = [](const auto& report) { return report.damaged; };
  return std::any_of(files.begin(), files.end(), is_damaged) ||
         std::any_of(journals.begin(), journals.end(), is_damaged);
}

VerifyReport VerifyPaths(const std::vector<std::string>& paths) { return Verifier().Run(paths); }

}  // namespace ringjournal::cli
