// An errno as a status that says what failed, why, and what to do.
#ifndef IO_ERRNO_STATUS_H_
#define IO_ERRNO_STATUS_H_

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ringjournal::io {

// "WHAT: REASON; REMEDY." NotFound, AlreadyExists, PermissionDenied and ResourceExhausted are told
// apart; all else is Unavailable. `error` is an errno.
inline absl::Status ErrnoStatus(int error, std::string what) {
  std::string text = absl::StrCat(what, ": ", std::strerror(error), "; ");
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text + "check the path");
    case EEXIST:
    case ENOTEMPTY:
      return absl::AlreadyExistsError(text + "remove it if it is not needed");
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text +
                                         "check its owner and mode, or choose another place");
    case EROFS:
      return absl::PermissionDeniedError(text + "remount it writable or choose another place");
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text + "free space or choose another place");
    case ENOMEM:
      return absl::ResourceExhaustedError(text + "free memory, or raise the process's limit");
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text + "raise the limit of open files (ulimit -n)");
    case EFBIG:
      return absl::UnavailableError(text + "raise the limit of file sizes (ulimit -f)");
    case EIO:
      return absl::UnavailableError(text + "the disk reports it: look at dmesg and replace it");
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return absl::UnavailableError(text + "check each part of the path");
    default:
      return absl::UnavailableError(text + "errno(3) explains it");
  }
}

}  // namespace ringjournal::io

#endif  // IO_ERRNO_STATUS_H_
