#include "server/driver/journal_files.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/segment/segment_format.h"

namespace ringjournal {
namespace {

constexpr std::string_view kSparePrefix = "spare-";

// A full disk is waited for, anything else is not.
int64_t ErrorOf(const absl::Status& status) {
  if (status.ok()) return 0;
  return absl::IsResourceExhausted(status) ? -ENOSPC : -EIO;
}

}  // namespace

JournalFiles::JournalFiles(JournalId id, std::string segment_dir, std::string ring_path)
    : id_(id), segment_dir_(std::move(segment_dir)), ring_path_(std::move(ring_path)) {}

absl::StatusOr<std::vector<SegmentFile>> JournalFiles::ListSegments() {
  RJ_RETURN_IF_ERROR(io::MakeDirectory(segment_dir_));
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(segment_dir_);
  if (!names.ok()) return names.status();
  std::vector<SegmentFile> files;
  for (const std::string& name : *names) {
    if (name.starts_with(kSparePrefix)) {
      // Made for a segment that was never opened.
      RJ_RETURN_IF_ERROR(io::RemoveFile(PathOf(name)));
      continue;
    }
    std::optional<SegmentName> segment = SegmentName::FromFileName(name);
    if (!segment.has_value()) continue;
    absl::StatusOr<uint64_t> size = io::FileSize(PathOf(name));
    if (!size.ok()) return size.status();
    files.push_back({*segment, *size});
  }
  return files;
}

absl::StatusOr<ByteSpan> JournalFiles::ReadSegment(const SegmentName& name) {
  std::string path = PathOf(name.ToFileName());
  RJ_RETURN_IF_ERROR(io::SyncFile(path));
  absl::StatusOr<io::MappedFile> mapped = io::MappedFile::Open(path);
  if (!mapped.ok()) return mapped.status();
  mapped_ = *std::move(mapped);
  return mapped_->bytes();
}

void JournalFiles::RemoveSegment(const SegmentName& name) {
  mapped_.reset();
  // Useless, so a failure costs only space; the next start tries again.
  (void)io::RemoveFile(PathOf(name.ToFileName()));
}

RingMemory JournalFiles::View() const {
  return {ring_->head(), ring_->head_bytes(), ring_->data(), ring_->data_bytes()};
}

absl::StatusOr<RingMemory> JournalFiles::OpenRing(size_t head_bytes, size_t data_bytes) {
  absl::StatusOr<io::SharedRing> ring = io::SharedRing::Open(ring_path_, head_bytes, data_bytes);
  if (!ring.ok()) return ring.status();
  ring_ = *std::move(ring);
  return View();
}

absl::StatusOr<RingMemory> JournalFiles::CreateRing(size_t head_bytes, size_t data_bytes) {
  ring_.reset();
  (void)io::RemoveFile(ring_path_);
  absl::StatusOr<io::SharedRing> ring = io::SharedRing::Create(ring_path_, head_bytes, data_bytes);
  if (!ring.ok()) return ring.status();
  ring_ = *std::move(ring);
  return View();
}

int64_t JournalFiles::Execute(const StorageOp& op) {
  switch (op.kind) {
    case StorageOp::Kind::kPrepareSpare:
      return io::MakeFilledFile(PathOf(op.name), op.size, AsBytes(UnusedBlock()));
    case StorageOp::Kind::kOpenSegment:
      return io::RenameAndOpenForWriting(PathOf(op.from), PathOf(op.name));
    case StorageOp::Kind::kRecycle:
      if (int64_t filled = io::FillFileUp(PathOf(op.name), op.size, AsBytes(UnusedBlock()));
          filled < 0) {
        return filled;
      }
      return io::RenameDurably(PathOf(op.name), PathOf(op.from));
    case StorageOp::Kind::kRemove:
      return ErrorOf(io::RemoveFile(PathOf(op.name)));
    case StorageOp::Kind::kOpenRead:
      return io::OpenForReading(PathOf(op.name), op.direct);
    case StorageOp::Kind::kClose:
      io::CloseFile(static_cast<int>(op.file));
      return 0;
    case StorageOp::Kind::kWrite:
    case StorageOp::Kind::kRead:
      break;
  }
  return -EINVAL;
}

void JournalFiles::Discard() {
  ring_.reset();
  (void)io::RemoveFile(ring_path_);
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(segment_dir_);
  if (!names.ok()) return;
  for (const std::string& name : *names) (void)io::RemoveFile(PathOf(name));
  (void)io::RemoveDirectory(segment_dir_);
}

}  // namespace ringjournal
