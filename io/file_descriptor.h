// An owner for file descriptors.
#ifndef IO_FILE_DESCRIPTOR_H_
#define IO_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace ringjournal::io {

// Closes a file descriptor when it goes. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~FileDescriptor() { Reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // Gives up ownership.
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace ringjournal::io

#endif  // IO_FILE_DESCRIPTOR_H_
