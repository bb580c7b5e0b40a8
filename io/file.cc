#include "io/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "io/clock.h"
#include "io/errno_status.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {
namespace {

std::string ParentOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int64_t SyncDirectory(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int64_t result = fsync(fd) == 0 ? 0 : -errno;
  close(fd);
  return result;
}

// Writes everything, finishing short writes. 0 or -errno.
int64_t WriteAll(int fd, const void* bytes, size_t size) {
  auto* p = static_cast<const char*>(bytes);
  while (size > 0) {
    ssize_t n = write(fd, p, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    p += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}

int64_t FillWith(int fd, uint64_t size, std::span<const std::byte> pattern) {
  constexpr size_t kChunk = 1 << 20;
  std::unique_ptr<void, void (*)(void*)> chunk(std::aligned_alloc(4096, kChunk), std::free);
  auto* p = static_cast<std::byte*>(chunk.get());
  for (size_t i = 0; i < kChunk; i += pattern.size()) {
    std::memcpy(p + i, pattern.data(), std::min(pattern.size(), kChunk - i));
  }
  for (uint64_t done = 0; done < size; done += kChunk) {
    int64_t result = WriteAll(fd, p, std::min<uint64_t>(kChunk, size - done));
    if (result < 0) return result;
  }
  return 0;
}

int OpenDirect(const std::string& path, int flags) {
  int fd = open(path.c_str(), flags | O_DIRECT | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EINVAL) fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
  return fd;
}

}  // namespace

absl::Status MakeDirectory(const std::string& path) {
  int result = mkdir(path.c_str(), 0700);
  if (result != 0 && errno == ENOENT && ParentOf(path) != path) {
    RJ_RETURN_IF_ERROR(MakeDirectory(ParentOf(path)));
    result = mkdir(path.c_str(), 0700);
  }
  if (result == 0) return absl::OkStatus();
  int error = errno;
  struct stat info;
  if (error == EEXIST && stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    error = ENOTDIR;
  }
  return ErrnoStatus(error, absl::StrCat("cannot make directory ", path));
}

absl::Status RemoveDirectory(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("cannot remove directory ", path));
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return ErrnoStatus(errno, absl::StrCat("cannot list ", path));
  std::vector<std::string> names;
  errno = 0;
  while (dirent* entry = readdir(dir)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    errno = 0;
  }
  // A list that broke off must not pass for a short one: recovery would miss segments.
  int error = errno;
  closedir(dir);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot list ", path));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<uint64_t> FileSize(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return ErrnoStatus(errno, absl::StrCat("cannot look at ", path));
  return static_cast<uint64_t>(info.st_size);
}

absl::Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("cannot remove ", path));
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  std::string temporary = absl::StrCat(path, ".tmp");
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot write ", temporary));
  int64_t result = WriteAll(fd, content.data(), content.size());
  if (result == 0 && fsync(fd) != 0) result = -errno;
  close(fd);
  if (result == 0 && rename(temporary.c_str(), path.c_str()) != 0) result = -errno;
  if (result == 0) result = SyncDirectory(ParentOf(path));
  if (result == 0) return absl::OkStatus();
  unlink(temporary.c_str());
  return ErrnoStatus(static_cast<int>(-result), absl::StrCat("cannot write ", path));
}

absl::Status SyncFile(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? absl::OkStatus() : ErrnoStatus(error, absl::StrCat("cannot sync ", path));
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot read ", path));
  std::string content;
  char buffer[65536];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)) {
    if (n > 0) content.append(buffer, static_cast<size_t>(n));
  }
  int error = errno;
  close(fd);
  if (n < 0) return ErrnoStatus(error, absl::StrCat("cannot read ", path));
  return content;
}

int64_t MakeFilledFile(const std::string& path, uint64_t size, std::span<const std::byte> pattern) {
  int fd = OpenDirect(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) return -errno;
  // Allocating first shows a full disk before anything is written.
  int64_t result = fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0 ? 0 : -errno;
  if (result == -EOPNOTSUPP) result = 0;
  if (result == 0) result = FillWith(fd, size, pattern);
  if (result == 0 && fsync(fd) != 0) result = -errno;
  close(fd);
  if (result < 0) unlink(path.c_str());
  return result;
}

int64_t FillFileUp(const std::string& path, uint64_t size, std::span<const std::byte> pattern) {
  int fd = OpenDirect(path, O_WRONLY);
  if (fd < 0) return -errno;
  struct stat info;
  int64_t result = fstat(fd, &info) == 0 ? 0 : -errno;
  // From a block on, as direct writes want it: the server cuts no other place.
  const uint64_t from = result == 0 ? static_cast<uint64_t>(info.st_size) / 4096 * 4096 : size;
  if (from < size) {
    const auto at = static_cast<off_t>(from);
    result = fallocate(fd, 0, at, static_cast<off_t>(size - from)) == 0 ? 0 : -errno;
    if (result == -EOPNOTSUPP) result = 0;
    if (result == 0 && lseek(fd, at, SEEK_SET) < 0) result = -errno;
    if (result == 0) result = FillWith(fd, size - from, pattern);
    if (result == 0 && fsync(fd) != 0) result = -errno;
  }
  close(fd);
  return result;
}

int64_t CutFile(const std::string& path, uint64_t size) {
  return truncate(path.c_str(), static_cast<off_t>(size)) == 0 ? 0 : -errno;
}

int64_t RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return -errno;
  return SyncDirectory(ParentOf(to));
}

int64_t RenameAndOpenForWriting(const std::string& from, const std::string& to) {
  int64_t renamed = RenameDurably(from, to);
  if (renamed < 0) return renamed;
  int fd = OpenDirect(to, O_WRONLY);
  return fd < 0 ? -errno : fd;
}

int64_t OpenForReading(const std::string& path, bool direct) {
  int fd = direct ? OpenDirect(path, O_RDONLY) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void CloseFile(int fd) { close(fd); }

bool ReadWholeAt(int fd, uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t n = pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot read ", path));
  struct stat info;
  int error = fstat(fd, &info) == 0 ? 0 : errno;
  MappedFile file;
  file.size_ = error == 0 ? static_cast<size_t>(info.st_size) : 0;
  if (file.size_ > 0) {
    void* p = mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
      error = errno;
      file.size_ = 0;
    } else {
      file.data_ = static_cast<std::byte*>(p);
      madvise(p, file.size_, MADV_SEQUENTIAL);
    }
  }
  close(fd);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot read ", path));
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

namespace {

// Who holds a lock file; 0 if it does not say.
int64_t HolderOf(int fd) {
  char text[32] = {};
  int64_t pid = 0;
  return pread(fd, text, sizeof text - 1, 0) > 0 && absl::SimpleAtoi(text, &pid) ? pid : 0;
}

// True if the process is gone, waits for its parent, exits, or has been killed: it may take seconds
// for that.
bool IsDying(int64_t pid) {
  constexpr uint64_t kExiting = 0x4;  // PF_EXITING, among the flags that proc(5) shows
  constexpr uint64_t kKilled = 1u << (SIGKILL - 1);
  if (pid == 0) return false;
  absl::StatusOr<std::string> stat = ReadWholeFile(absl::StrCat("/proc/", pid, "/stat"));
  if (!stat.ok()) return absl::IsNotFound(stat.status());
  // Behind the name, which may hold anything: field 3, the state; 9, flags; 31, pending signals.
  std::vector<std::string> fields = absl::StrSplit(stat->substr(stat->rfind(')') + 1), ' ');
  uint64_t flags = 0, pending = 0;
  if (fields.size() < 30 || !absl::SimpleAtoi(fields[7], &flags)) return false;
  if (!absl::SimpleAtoi(fields[29], &pending)) return false;
  const bool dead = fields[1] == "Z" || fields[1] == "X";
  return dead || (flags & kExiting) != 0 || (pending & kKilled) != 0;
}

}  // namespace

absl::StatusOr<DirectoryLock> DirectoryLock::Acquire(const std::string& directory,
                                                     absl::FunctionRef<void(int64_t)> waits) {
  std::string path = absl::StrCat(directory, "/lock");
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot lock directory ", directory));
  DirectoryLock lock;
  lock.fd_ = fd;
  constexpr int64_t kMs = 1'000'000;
  const int64_t begin_ns = MonotonicNs();
  int64_t told = 0;  // the holder that is dying, of which `waits` knows
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int64_t holder = HolderOf(fd);
    // Another may have come first meanwhile, and live.
    const bool dying = holder != 0 && (holder == told || IsDying(holder));
    if (dying && told != holder) {
      told = holder;
      waits(holder);
    }
    const int64_t wait_ms = dying ? limits::kDyingLockHolderWaitMs : limits::kDirectoryLockWaitMs;
    if (MonotonicNs() - begin_ns > wait_ms * kMs) {
      return absl::FailedPreconditionError(
          absl::StrCat("directory ", directory, " is in use by another server",
                       holder > 0 ? absl::StrCat(" (process ", holder, ")") : "",
                       "; stop that one, or give this one a directory of its own"));
    }
    Pause(10 * kMs);
  }
  std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot write ", path));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}
DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

absl::StatusOr<BootId> ReadBootId() {
  absl::StatusOr<std::string> text = ReadWholeFile("/proc/sys/kernel/random/boot_id");
  if (!text.ok()) return text.status();
  std::string hex;
  for (char c : *text) {
    if (c != '-' && c != '\n') hex.push_back(c);
  }
  JournalId id;
  if (!JournalId::FromHex(hex, &id)) {
    return absl::UnavailableError("the kernel's boot id does not parse; is /proc mounted?");
  }
  return id.bytes;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    ssize_t n = getrandom(bytes.data() + done, count - done, 0);
    RJ_CHECK(n > 0 || errno == EINTR);
    if (n > 0) done += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace ringjournal::io
