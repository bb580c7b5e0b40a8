// RJ_CHECK: always on. A programmer's error stops the process; it is never used for input.
#ifndef JOURNAL_BASE_CHECK_H_
#define JOURNAL_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"

namespace ringjournal {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace ringjournal

#define RJ_CHECK(condition)                                       \
  do {                                                            \
    if (!(condition)) [[unlikely]]                                \
      ::ringjournal::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#define RJ_RETURN_IF_ERROR(expression)                                            \
  do {                                                                            \
    if (absl::Status rj_status = (expression); !rj_status.ok()) return rj_status; \
  } while (false)

#endif  // JOURNAL_BASE_CHECK_H_
