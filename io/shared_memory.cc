#include "io/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/errno_status.h"
#include "journal/base/check.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

namespace ringjournal::io {
namespace {

constexpr size_t kPageBytes = 4096;

void CheckSizes(size_t head_bytes, size_t data_bytes) {
  RJ_CHECK(head_bytes % kPageBytes == 0);
  RJ_CHECK(data_bytes >= kPageBytes && (data_bytes & (data_bytes - 1)) == 0);
}

// Takes memory for every page of the file. Returns 0 or an errno.
int Allocate(int fd, size_t bytes) {
  int result;
  do {
    result = fallocate(fd, 0, 0, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

absl::StatusOr<SharedRing> SharedRing::Create(const std::string& path, size_t head_bytes,
                                              size_t data_bytes) {
  CheckSizes(head_bytes, data_bytes);
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot make ring ", path));
  size_t bytes = head_bytes + data_bytes;
  if (int error = Allocate(fd, bytes); error != 0) {
    close(fd);
    unlink(path.c_str());
    return ErrnoStatus(
        error, absl::StrCat("cannot allocate ", bytes, " bytes of shared memory for ring ", path,
                            " (a container's default is 64 MB)"));
  }
  absl::StatusOr<SharedRing> ring = Map(fd, path, head_bytes, data_bytes);
  close(fd);
  return ring;
}

absl::StatusOr<SharedRing> SharedRing::Open(const std::string& path, size_t head_bytes,
                                            size_t data_bytes) {
  CheckSizes(head_bytes, data_bytes);
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot open ring ", path));
  size_t bytes = head_bytes + data_bytes;
  struct stat info = {};
  absl::StatusOr<SharedRing> ring = absl::UnknownError("");
  if (fstat(fd, &info) != 0) {
    ring = ErrnoStatus(errno, absl::StrCat("cannot look at ring ", path));
  } else if (!S_ISREG(info.st_mode) || static_cast<size_t>(info.st_size) != bytes) {
    ring = absl::FailedPreconditionError(absl::StrCat(
        "ring file ", path, " has ", info.st_size, " bytes, not the ", bytes,
        " that its journal's settings say; restore those settings, or remove the file to start "
        "the ring empty"));
  } else if (int error = Allocate(fd, bytes); error != 0) {
    // A hole reads as zeros, but a store into it may find no memory.
    ring = absl::FailedPreconditionError(absl::StrCat(
        "ring file ", path, " is not fully allocated, and allocating the rest failed: ",
        std::strerror(error), "; free shared memory, or remove the file to start the ring empty"));
  } else {
    ring = Map(fd, path, head_bytes, data_bytes);
  }
  close(fd);
  return ring;
}

absl::StatusOr<SharedRing> SharedRing::CreateAnonymous(size_t head_bytes, size_t data_bytes) {
  CheckSizes(head_bytes, data_bytes);
  int fd = memfd_create("ringjournal", MFD_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "cannot make a memfd");
  int error = Allocate(fd, head_bytes + data_bytes);
  absl::StatusOr<SharedRing> ring = error != 0 ? ErrnoStatus(error, "cannot allocate a memfd")
                                               : Map(fd, "in a memfd", head_bytes, data_bytes);
  close(fd);
  return ring;
}

absl::StatusOr<SharedRing> SharedRing::Map(int fd, const std::string& path, size_t head_bytes,
                                           size_t data_bytes) {
  size_t span = head_bytes + 2 * data_bytes;
  void* p = mmap(nullptr, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return ErrnoStatus(errno, absl::StrCat("cannot map ring ", path));
  SharedRing ring;
  ring.base_ = static_cast<std::byte*>(p);
  ring.head_bytes_ = head_bytes;
  ring.data_bytes_ = data_bytes;
  int flags = MAP_SHARED | MAP_FIXED;
  void* first = mmap(p, head_bytes + data_bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  void* second = mmap(ring.base_ + head_bytes + data_bytes, data_bytes, PROT_READ | PROT_WRITE,
                      flags, fd, static_cast<off_t>(head_bytes));
  if (first == MAP_FAILED || second == MAP_FAILED) {
    return ErrnoStatus(errno, absl::StrCat("cannot map ring ", path));
  }
  // Page tables now, not at the first append. Best effort; of the second mapping only what a record
  // that crosses the end touches is ever used, so that is left to page faults.
  // Reading maps 16 pages a fault, and writable ones since the mapping is shared: 1 GiB in 340 ms
  // where MADV_POPULATE_WRITE takes 930 ms, and no fault at the stores afterwards in either case.
  madvise(p, head_bytes + data_bytes, MADV_POPULATE_READ);
  return ring;
}

SharedRing::~SharedRing() {
  if (base_ != nullptr) munmap(base_, head_bytes_ + 2 * data_bytes_);
}

SharedRing::SharedRing(SharedRing&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      head_bytes_(other.head_bytes_),
      data_bytes_(other.data_bytes_) {}

SharedRing& SharedRing::operator=(SharedRing&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(head_bytes_, other.head_bytes_);
  std::swap(data_bytes_, other.data_bytes_);
  return *this;
}

}  // namespace ringjournal::io
