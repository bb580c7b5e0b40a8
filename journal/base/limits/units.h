// Units of sizes in limits: bytes.
#ifndef JOURNAL_BASE_LIMITS_UNITS_H_
#define JOURNAL_BASE_LIMITS_UNITS_H_

#include <cstdint>

namespace ringjournal::limits {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

}  // namespace ringjournal::limits

#endif  // JOURNAL_BASE_LIMITS_UNITS_H_
