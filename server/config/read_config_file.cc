#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config/config_file.h"

namespace ringjournal {
namespace {

absl::Status CannotOpen(const std::string& path, int error) {
  const std::string text =
      absl::StrCat("cannot open the configuration file ", path, ": ", strerror(error), "; ");
  if (error == ENOENT) {
    return absl::NotFoundError(absl::StrCat(text, "check the path, or leave --config out"));
  }
  return absl::PermissionDeniedError(
      absl::StrCat(text, "let the user that runs ringjournald read it"));
}

}  // namespace

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  // Non-blocking, so that a pipe without a writer is refused below instead of waited for.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotOpen(path, errno);
  absl::Cleanup closer = [fd] { close(fd); };
  struct stat facts = {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the configuration file ", path, " is not a regular file; name the TOML file itself"));
  }
  std::string content(limits::kConfigFileBytesMax + 1, '\0');
  size_t used = 0;
  while (used < content.size()) {
    const ssize_t n = read(fd, content.data() + used, content.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotOpen(path, errno);
    if (n == 0) break;
    used += static_cast<size_t>(n);
  }
  content.resize(used);  // one byte over the limit is refused by ParseConfigFile
  return content;
}

}  // namespace ringjournal
