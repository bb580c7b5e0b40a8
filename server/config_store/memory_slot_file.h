// A simulated disk under the local config store, for tests of crashes and failures.
//
// Fault model: a write is visible at once and durable after the next sync that succeeds; at a crash
// an unsynced write is lost, kept, or torn at any byte; a failed operation may have any of these
// effects too. The file itself appears with all of its content or not at all.
#ifndef SERVER_CONFIG_STORE_MEMORY_SLOT_FILE_H_
#define SERVER_CONFIG_STORE_MEMORY_SLOT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/config_store/slot_file.h"

namespace ringjournal {

// What survives the process. Shared by the test and the files on it.
struct MemoryDisk {
  std::optional<std::string> durable;
  struct Write {
    uint64_t offset;
    std::string bytes;
  };
  std::optional<Write> unsynced;  // the store has one write in flight at a time
  uint64_t operations = 0;        // WriteAt, Sync and Create so far
  // The operation with this number fails, as every one after it does. Counted from 1; 0: none.
  uint64_t fail_at = 0;
  absl::Status failure = absl::UnavailableError("injected: Input/output error; replace the disk");

  // Power fails: of the unsynced write the first `kept_bytes` reach the disk.
  void Crash(uint64_t kept_bytes) {
    if (unsynced) Apply(unsynced->offset, std::string_view(unsynced->bytes).substr(0, kept_bytes));
    unsynced.reset();
    fail_at = 0;
  }
  void Apply(uint64_t offset, std::string_view bytes) {
    if (durable->size() < offset + bytes.size()) durable->resize(offset + bytes.size());
    durable->replace(offset, bytes.size(), bytes);
  }
};

class MemorySlotFile : public SlotFile {
 public:
  explicit MemorySlotFile(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  const std::string& path() const override { return path_; }
  absl::StatusOr<std::optional<std::string>> Load() override {
    // The restart of a process finds in the page cache what the dead one wrote.
    if (disk_->unsynced) disk_->Crash(disk_->unsynced->bytes.size());
    return disk_->durable;
  }
  absl::Status Create(std::string_view content) override {
    if (!Works()) return disk_->failure;
    disk_->durable = std::string(content);
    return absl::OkStatus();
  }
  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const bool works = Works();
    disk_->unsynced = MemoryDisk::Write{offset, std::string(bytes)};
    return works ? absl::OkStatus() : disk_->failure;
  }
  absl::Status Sync() override {
    if (!Works()) return disk_->failure;
    if (disk_->unsynced) disk_->Apply(disk_->unsynced->offset, disk_->unsynced->bytes);
    disk_->unsynced.reset();
    return absl::OkStatus();
  }

 private:
  bool Works() {
    ++disk_->operations;
    return disk_->fail_at == 0 || disk_->operations < disk_->fail_at;
  }

  std::shared_ptr<MemoryDisk> disk_;
  std::string path_ = "simulated/config";
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_MEMORY_SLOT_FILE_H_
