// Every limit of the system, in one place: unit, value, reason. A header per theme, in the order of
// docs/limits.md, which is checked against them.
#ifndef JOURNAL_BASE_LIMITS_H_
#define JOURNAL_BASE_LIMITS_H_

#include "journal/base/limits/client.h"       // IWYU pragma: export
#include "journal/base/limits/config.h"       // IWYU pragma: export
#include "journal/base/limits/journal.h"      // IWYU pragma: export
#include "journal/base/limits/network.h"      // IWYU pragma: export
#include "journal/base/limits/replication.h"  // IWYU pragma: export

#endif  // JOURNAL_BASE_LIMITS_H_
