// Files and directories, blocking: for the start procedure and the control thread.
#ifndef IO_FILE_H_
#define IO_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "journal/base/bytes.h"
#include "journal/ring/ring_memory.h"

namespace ringjournal::io {

// Every status names the path, what the system said and what to do. NotFound, AlreadyExists,
// PermissionDenied and ResourceExhausted are told apart; all else is Unavailable.

// Makes a directory (0700) with its parents; fine if it is there.
absl::Status MakeDirectory(const std::string& path);
absl::Status RemoveDirectory(const std::string& path);
// Names without "." and "..", sorted.
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);
absl::StatusOr<uint64_t> FileSize(const std::string& path);
// Fine if it is gone already.
absl::Status RemoveFile(const std::string& path);
// Writes a whole small file so that a reader sees the old or the new one: temporary name, sync,
// rename.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);
// Makes what stands in a file durable, whoever wrote it.
absl::Status SyncFile(const std::string& path);
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// ---- storage operations; 0 or a descriptor, or -errno ----

// A new file of `size` bytes, allocated, filled with `pattern` over and over (its length divides
// 1 MiB), and synced: writes into it later commit no metadata. On failure nothing is left behind.
int64_t MakeFilledFile(const std::string& path, uint64_t size, std::span<const std::byte> pattern);
// Makes a file of less than `size` bytes so long in the same way, from its last whole block on. On
// failure nothing that stood before that has changed.
int64_t FillFileUp(const std::string& path, uint64_t size, std::span<const std::byte> pattern);
// Forgets what is behind `size`.
int64_t CutFile(const std::string& path, uint64_t size);
// Renames, syncs the directory.
int64_t RenameDurably(const std::string& from, const std::string& to);
// The same, then opens it for aligned direct writes; buffered where the file system has no direct
// I/O.
int64_t RenameAndOpenForWriting(const std::string& from, const std::string& to);
// `direct`: for aligned reads past the page cache; buffered where the file system has none.
int64_t OpenForReading(const std::string& path, bool direct);
void CloseFile(int fd);
// Fills `out`. False: it cannot be read, or the file ends before.
bool ReadWholeAt(int fd, uint64_t offset, std::span<std::byte> out);

// A read-only mapping of a whole file; an empty file has no bytes.
class MappedFile {
 public:
  static absl::StatusOr<MappedFile> Open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ByteSpan bytes() const { return {data_, size_}; }

 private:
  MappedFile() = default;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Holds a directory for the life of the process: a file `lock` in it, with this process's id.
class DirectoryLock {
 public:
  // Tries for a quarter of a second; for as long as an orderly stop may take where the holder is
  // seen to be dying or dead, since the kernel drops its lock only when its last operation has
  // ended. In that case `waits` is called once, with the holder's process id. FailedPrecondition
  // names the directory and the holder.
  static absl::StatusOr<DirectoryLock> Acquire(
      const std::string& directory, absl::FunctionRef<void(int64_t holder)> waits = [](int64_t) {});
  DirectoryLock() = default;
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

 private:
  int fd_ = -1;
};

// The kernel's id of this boot.
absl::StatusOr<BootId> ReadBootId();
// From the kernel's generator.
std::string RandomBytes(size_t count);

}  // namespace ringjournal::io

#endif  // IO_FILE_H_
