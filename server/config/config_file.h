// The configuration file: TOML with one key for each setting, at the top level.
//
//   data-dir = "/var/lib/ringjournal"
//   ring-total = "16GiB"       # sizes and durations carry their unit
//   sessions-max = 500
#ifndef SERVER_CONFIG_CONFIG_FILE_H_
#define SERVER_CONFIG_CONFIG_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ringjournal {

// One setting as the file gives it: still text, in the form that Setting::set reads.
struct FileSetting {
  size_t setting = 0;  // position in Settings()
  std::string text;
  unsigned line = 0;  // from 1
};

// Reads TOML `content`; `path` is for messages only. InvalidArgument, with file and line, for what
// is no TOML, an unknown key (with the key that was probably meant), a table, a value of the wrong
// type, and more than kConfigFileBytesMax. Values of unknown keys are never quoted: they may be
// secrets. Pure; throws nothing.
absl::StatusOr<std::vector<FileSetting>> ParseConfigFile(std::string_view content,
                                                         const std::string& path);

// Reads a regular file of at most kConfigFileBytesMax. Blocking. NotFound, PermissionDenied,
// InvalidArgument (a directory, a device, too large), each with what to do.
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_CONFIG_FILE_H_
