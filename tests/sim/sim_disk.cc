#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <cerrno>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/segment/segment_format.h"

namespace ringjournal::sim {
namespace {

constexpr uint64_t kBlock = limits::kBlockBytes;

}  // namespace

void SimDisk::Submit(const JournalId& id, uint32_t journal, const StorageOp& op) {
  if (op.kind == StorageOp::Kind::kClose) {
    handles_.erase(op.file);
    return;
  }
  Pending p;
  p.id = id;
  p.journal = journal;
  p.op = op;
  // The asker's buffer goes with its process; what was handed to the kernel does not.
  p.data = std::string(AsView(op.data));
  p.op.data = {};
  pending_.push_back(std::move(p));
}

std::optional<SimDisk::Answer> SimDisk::CompleteOne() {
  if (pending_.empty()) return std::nullopt;
  size_t i = random_->Below(pending_.size());
  Pending& p = pending_[i];
  if (answers_before_durable_ && p.op.kind == StorageOp::Kind::kWrite && !p.answered) {
    p.answered = true;
    return Answer{p.journal, {p.op.token, static_cast<int64_t>(p.data.size())}};
  }
  if (p.answered && random_->Chance(95)) return std::nullopt;
  Pending taken = std::move(p);
  pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
  int64_t result = Perform(&taken);
  if (taken.answered) return std::nullopt;
  return Answer{taken.journal, {taken.op.token, result}};
}

int64_t SimDisk::Perform(Pending* p) {
  using Kind = StorageOp::Kind;
  switch (p->op.kind) {
    case Kind::kPrepareSpare:
      return PrepareSpare(*p);
    case Kind::kOpenSegment: {
      if (full_ && random_->Chance(30)) return -ENOSPC;
      int64_t renamed = Rename(p->id, p->op.from, p->op.name);
      return renamed < 0 ? renamed : OpenFile(PathOf(p->id, p->op.name));
    }
    case Kind::kWrite:
      return Write(*p);
    case Kind::kRemove:
      files_.erase(PathOf(p->id, p->op.name));
      return 0;
    case Kind::kRecycle:
      return Rename(p->id, p->op.name, p->op.from);
    case Kind::kOpenRead:
      return OpenFile(PathOf(p->id, p->op.name));
    case Kind::kRead:
      return Read(p);
    case Kind::kClose:
      break;
  }
  return 0;
}

int64_t SimDisk::PrepareSpare(const Pending& p) {
  if (full_) return -ENOSPC;
  auto file = std::make_shared<File>();
  // Made once: every spare file begins as the same bytes.
  static std::string unused;
  while (unused.size() < p.op.size) unused += UnusedBlock();
  file->bytes.assign(unused, 0, p.op.size);
  files_[PathOf(p.id, p.op.name)] = std::move(file);
  return 0;
}

int64_t SimDisk::Rename(const JournalId& id, const std::string& from, const std::string& to) {
  auto it = files_.find(PathOf(id, from));
  if (it == files_.end()) return -ENOENT;
  FilePointer file = it->second;
  files_.erase(it);
  files_[PathOf(id, to)] = std::move(file);
  return 0;
}

int64_t SimDisk::OpenFile(const std::string& path) {
  auto it = files_.find(path);
  if (it == files_.end()) return -ENOENT;
  handles_[next_handle_] = it->second;
  return next_handle_++;
}

int64_t SimDisk::Write(const Pending& p) {
  if (fail_next_write_) {
    fail_next_write_ = false;
    LandTorn(p);
    return -EIO;
  }
  if (full_ && random_->Chance(20)) return -ENOSPC;
  RJ_CHECK(p.op.offset % kBlock == 0 && p.data.size() % kBlock == 0);
  auto it = handles_.find(p.op.file);
  if (it == handles_.end()) return 0;  // its process has ended
  File* file = it->second.get();
  uint64_t end = p.op.offset + p.data.size();
  if (file->bytes.size() < end) file->bytes.resize(end, '\0');
  file->bytes.replace(p.op.offset, p.data.size(), p.data);
  for (uint64_t at = p.op.offset; at < end; at += kBlock) file->unsynced.erase(at);
  NoteCommit(p);
  return static_cast<int64_t>(p.data.size());
}

int64_t SimDisk::Read(Pending* p) {
  auto it = handles_.find(p->op.file);
  if (it == handles_.end()) return -EBADF;
  RJ_CHECK(p->op.offset % kBlock == 0 && p->op.buffer.size() % kBlock == 0);
  const std::string& bytes = it->second->bytes;
  if (p->op.offset >= bytes.size()) return 0;
  size_t n = std::min<size_t>(p->op.buffer.size(), bytes.size() - p->op.offset);
  std::memcpy(p->op.buffer.data(), bytes.data() + p->op.offset, n);
  return static_cast<int64_t>(n);
}

// Any subset of the blocks arrives, none of them durable.
void SimDisk::LandTorn(const Pending& p) {
  auto it = handles_.find(p.op.file);
  if (it == handles_.end()) return;
  File* file = it->second.get();
  uint32_t percent = random_->Chance(25) ? 0 : random_->Chance(33) ? 100 : 50;
  for (uint64_t at = 0; at < p.data.size(); at += kBlock) {
    if (!random_->Chance(percent)) continue;
    uint64_t place = p.op.offset + at;
    if (file->bytes.size() < place + kBlock) file->bytes.resize(place + kBlock, '\0');
    file->unsynced.emplace(place, file->bytes.substr(place, kBlock));
    file->bytes.replace(place, kBlock, p.data, at, kBlock);
  }
}

void SimDisk::NoteCommit(const Pending& p) {
  GroupHeader header;
  if (!DecodeGroupHeader(AsBytes(p.data), &header)) return;
  uint64_t* lsn = &commit_lsn_[p.id];
  *lsn = std::max(*lsn, header.committed.lsn.value());
}

uint64_t SimDisk::durable_commit_lsn(const JournalId& id) const {
  auto it = commit_lsn_.find(id);
  return it == commit_lsn_.end() ? 0 : it->second;
}

void SimDisk::ForgetCommitAbove(const JournalId& id, uint64_t lsn) {
  uint64_t* known = &commit_lsn_[id];
  *known = std::min(*known, lsn);
}

void SimDisk::EndProcess() {
  for (Pending& p : pending_) {
    using Kind = StorageOp::Kind;
    switch (p.op.kind) {
      case Kind::kWrite:
        LandTorn(p);
        break;
      case Kind::kPrepareSpare:
      case Kind::kOpenSegment:
      case Kind::kRemove:
      case Kind::kRecycle:
        if (random_->Chance(50)) Perform(&p);
        break;
      default:
        break;
    }
  }
  pending_.clear();
  handles_.clear();
  // A start removes spares of dead processes; so does the real driver.
  for (auto it = files_.begin(); it != files_.end();) {
    it = it->first.find("/spare-") != std::string::npos ? files_.erase(it) : std::next(it);
  }
}

void SimDisk::LoseUnsynced() {
  for (auto& [path, file] : files_) {
    for (auto& [place, durable] : file->unsynced) {
      if (random_->Chance(50)) file->bytes.replace(place, durable.size(), durable);
    }
    file->unsynced.clear();
  }
}

std::vector<SegmentFile> SimDisk::ListSegments(const JournalId& id) {
  std::vector<SegmentFile> found;
  std::string folder = id.ToHex() + "/";
  for (auto it = files_.lower_bound(folder); it != files_.end(); ++it) {
    if (it->first.compare(0, folder.size(), folder) != 0) break;
    std::optional<SegmentName> name = SegmentName::FromFileName(it->first.substr(folder.size()));
    if (name.has_value()) found.push_back({*name, it->second->bytes.size()});
  }
  return found;
}

absl::StatusOr<ByteSpan> SimDisk::ReadSegment(const SegmentName& name) {
  auto it = files_.find(PathOf(name.journal, name.ToFileName()));
  if (it == files_.end()) return absl::NotFoundError("no such segment");
  it->second->unsynced.clear();
  return AsBytes(it->second->bytes);
}

void SimDisk::RemoveSegment(const SegmentName& name) {
  files_.erase(PathOf(name.journal, name.ToFileName()));
}

void SimDisk::RemoveJournal(const JournalId& id) {
  std::string folder = id.ToHex() + "/";
  for (auto it = files_.lower_bound(folder); it != files_.end();) {
    if (it->first.compare(0, folder.size(), folder) != 0) break;
    it = files_.erase(it);
  }
}

bool SimDisk::DamageSynced(const JournalId& id) {
  std::vector<SegmentFile> segments = ListSegments(id);
  if (segments.empty()) return false;
  const SegmentName& name = segments[random_->Below(segments.size())].name;
  File* file = files_[PathOf(id, name.ToFileName())].get();
  std::vector<uint64_t> written;
  for (uint64_t at = 0; at + kBlock <= file->bytes.size(); at += kBlock) {
    if (file->unsynced.count(at) > 0) continue;
    if (!IsUnused(AsBytes(file->bytes).subspan(at, kBlock), at)) written.push_back(at);
  }
  if (written.empty()) return false;
  uint64_t at = written[random_->Below(written.size())] + random_->Below(kBlock);
  file->bytes[at] = static_cast<char>(file->bytes[at] ^ (1 << random_->Below(8)));
  return true;
}

}  // namespace ringjournal::sim
