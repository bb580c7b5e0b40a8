// Sizes and durations as people write them: "256MiB", "10ms". A bare number is refused, because
// nobody knows what it was meant in. Shared by the server's flags and the command line.
#ifndef JOURNAL_BASE_UNITS_H_
#define JOURNAL_BASE_UNITS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ringjournal {

// Bytes from an integer with one of the units B, KiB, MiB, GiB, TiB, without a space: "64KiB".
// InvalidArgument, with a sentence that names the units, on anything else (also "256MB": whether
// 10^6 or 2^20 was meant is a guess) and on what does not fit 64 bits.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

// Nanoseconds from an integer with one of the units ns, us, ms, s, m, h: "10ms". Errors as above.
absl::StatusOr<int64_t> ParseDurationNs(std::string_view text);

// The shortest exact form that ParseBytes reads back: 268435456 -> "256MiB", 1000 -> "1000B".
std::string FormatBytes(uint64_t bytes);

// The shortest exact form that ParseDurationNs reads back: 10000000 -> "10ms", 0 -> "0s".
// `duration_ns` is not negative.
std::string FormatDurationNs(int64_t duration_ns);

}  // namespace ringjournal

#endif  // JOURNAL_BASE_UNITS_H_
