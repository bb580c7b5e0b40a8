// A directory that goes with its owner.
#ifndef TOOLS_RINGJOURNAL_TEMPORARY_DIRECTORY_H_
#define TOOLS_RINGJOURNAL_TEMPORARY_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace ringjournal {

// Movable; the destructor removes the directory with everything in it.
class TemporaryDirectory {
 public:
  // In `parent`, or in $TMPDIR or /tmp if that is empty. Internal, saying which and why.
  static absl::StatusOr<TemporaryDirectory> Make(const std::string& parent);
  TemporaryDirectory() = default;
  ~TemporaryDirectory() { Remove(); }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept {
    Remove();
    path_ = std::exchange(other.path_, {});
    return *this;
  }
  const std::string& path() const { return path_; }

 private:
  void Remove();

  std::string path_;
};

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_TEMPORARY_DIRECTORY_H_
