// An errno as a status that says what failed, why, and what to do.
#ifndef IO_ERRNO_STATUS_H_
#define IO_ERRNO_STATUS_H_

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ringjournal::io {

inline absl::Status ErrnoStatus(int error, std::string what) {
  std::string text = absl::StrCat(what, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text);
    case EEXIST:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat(text, "; check its owner and mode, or choose another place"));
    case EROFS:
      return absl::PermissionDeniedError(
          absl::StrCat(text, "; remount it writable or choose another place"));
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(
          absl::StrCat(text, "; free space or choose another place"));
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace ringjournal::io

#endif  // IO_ERRNO_STATUS_H_
