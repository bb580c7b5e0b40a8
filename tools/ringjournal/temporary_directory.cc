#include "tools/ringjournal/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace ringjournal {

absl::StatusOr<TemporaryDirectory> TemporaryDirectory::Make(const std::string& parent) {
  const char* environment = std::getenv("TMPDIR");
  const std::string where = !parent.empty()          ? parent
                            : environment != nullptr ? environment
                                                     : "/tmp";
  std::string name = absl::StrCat(where, "/ringjournal-XXXXXX");
  if (mkdtemp(name.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a directory in ", where, ": ",
                                            strerror(errno), "; name another with --data-dir"));
  }
  TemporaryDirectory directory;
  directory.path_ = name;
  return directory;
}

void TemporaryDirectory::Remove() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace ringjournal
