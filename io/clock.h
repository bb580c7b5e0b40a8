// The two clocks. The core never reads them: the driver does, once a turn, and passes the result.
#ifndef IO_CLOCK_H_
#define IO_CLOCK_H_

#include <cstdint>

#include "journal/base/types.h"

namespace ringjournal::io {

// Nanoseconds of CLOCK_BOOTTIME: monotonic, goes on while the machine sleeps. Any thread.
int64_t MonotonicNs();

// Pauses the calling thread; only where nothing is being served yet.
void Pause(int64_t duration_ns);

// Both clocks: monotonic_ns from CLOCK_BOOTTIME, wall_ns from CLOCK_REALTIME. Any thread.
Time ReadClock();

}  // namespace ringjournal::io

#endif  // IO_CLOCK_H_
