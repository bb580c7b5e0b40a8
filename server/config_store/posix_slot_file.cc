#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "journal/base/check.h"
#include "server/config_store/slot_file.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

const char* Advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "give the server's user read and write permission on the data directory";
    case EROFS:
      return "the file system is mounted read-only: mount it writable, or choose another "
             "--data-dir";
    case ENOSPC:
    case EDQUOT:
      return "free space on that disk and start the server again";
    case ENOENT:
    case ENOTDIR:
      return "create the data directory, or correct --data-dir";
    case EIO:
      return "the disk reports errors: see the kernel's log, replace it, start the server again";
    default:
      return "remove the cause and start the server again";
  }
}

absl::Status Failed(std::string_view what, const std::string& path, int error) {
  std::string message("the config file ");
  message.append(path).append(" cannot be ").append(what).append(": ");
  message.append(std::strerror(error)).append("; ").append(Advice(error));
  return error == ENOSPC || error == EDQUOT ? absl::ResourceExhaustedError(message)
                                            : absl::UnavailableError(message);
}

// Closes on destruction. A close error says nothing that a sync has not said.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// 0 or errno.
int WriteAll(int fd, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

// 0 or errno. Reads at most out->size() bytes and cuts *out to what there is.
int ReadAll(int fd, std::string* out) {
  size_t done = 0;
  while (done < out->size()) {
    const ssize_t n = pread(fd, out->data() + done, out->size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  out->resize(done);
  return 0;
}

class PosixSlotFile : public SlotFile {
 public:
  explicit PosixSlotFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  absl::StatusOr<std::optional<std::string>> Load() override {
    Descriptor fd(open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd.get() < 0) {
      // Without the directory there would be no file either, but nothing could be created.
      if (errno == ENOENT) return std::optional<std::string>();
      return Failed("opened for reading and writing", path_, errno);
    }
    struct stat status;
    if (fstat(fd.get(), &status) != 0) return Failed("examined", path_, errno);
    if (!S_ISREG(status.st_mode)) {
      return absl::FailedPreconditionError("the config file " + path_ +
                                           " is not a regular file; move away what is there");
    }
    if (fsync(fd.get()) != 0) return Failed("synced", path_, errno);
    std::string content(kSlotFileBytes, '\0');
    if (int error = ReadAll(fd.get(), &content); error != 0) return Failed("read", path_, error);
    fd_ = std::move(fd);
    return std::optional<std::string>(std::move(content));
  }

  absl::Status Create(std::string_view content) override {
    // A leftover of a crash in here is overwritten; it was never the config file.
    const std::string fresh = path_ + ".new";
    Descriptor fd(open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0) return Failed("created", path_, errno);
    if (int error = WriteAll(fd.get(), 0, content); error != 0) {
      unlink(fresh.c_str());  // it may hold the last free blocks
      return Failed("written", path_, error);
    }
    if (fsync(fd.get()) != 0) return Failed("synced", path_, errno);
    if (rename(fresh.c_str(), path_.c_str()) != 0)
      return Failed("renamed into place", path_, errno);
    fd_ = std::move(fd);
    return SyncDirectory();
  }

  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    RJ_CHECK(fd_.get() >= 0);
    const int error = WriteAll(fd_.get(), offset, bytes);
    return error == 0 ? absl::OkStatus() : Failed("written", path_, error);
  }

  absl::Status Sync() override {
    RJ_CHECK(fd_.get() >= 0);
    return fsync(fd_.get()) == 0 ? absl::OkStatus() : Failed("synced", path_, errno);
  }

 private:
  absl::Status SyncDirectory() {
    const size_t slash = path_.rfind('/');
    const std::string directory =
        slash == std::string::npos ? std::string(".") : path_.substr(0, slash + 1);
    Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0 || fsync(fd.get()) != 0) return Failed("entered durably", path_, errno);
    return absl::OkStatus();
  }

  std::string path_;
  Descriptor fd_;
};

}  // namespace

std::unique_ptr<SlotFile> NewPosixSlotFile(std::string path) {
  return std::make_unique<PosixSlotFile>(std::move(path));
}

}  // namespace ringjournal
