// The little that the local config store needs of a file, so that the crash simulator can put its
// own in. Not thread-safe.
#ifndef SERVER_CONFIG_STORE_SLOT_FILE_H_
#define SERVER_CONFIG_STORE_SLOT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringjournal {

class SlotFile {
 public:
  virtual ~SlotFile() = default;

  // For messages.
  virtual const std::string& path() const = 0;
  // The content, at most kSlotFileBytes of it; nothing if there is no such file. What was read is
  // synced first: a dead process may have left it in the page cache only. Call it once, first.
  virtual absl::StatusOr<std::optional<std::string>> Load() = 0;
  // Makes the file, in a directory that exists: after a crash there is all of it or nothing.
  // Durable on return. Only after Load found none.
  virtual absl::Status Create(std::string_view content) = 0;
  // Overwrites; a short write is finished, not failed. After an error nothing is known about the
  // bytes. Only after Load found a file, or Create.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Makes all writes durable. Never to be called again after it has failed: the kernel drops what
  // it could not write, and a second call would report success.
  virtual absl::Status Sync() = 0;
};

// A file of the operating system. Does nothing before Load. The caller holds the lock on the data
// directory; two processes on one file are not detected here.
std::unique_ptr<SlotFile> NewPosixSlotFile(std::string path);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_SLOT_FILE_H_
