#include "io/clock.h"

#include <time.h>

#include "journal/base/check.h"

namespace ringjournal::io {
namespace {

int64_t ReadNs(clockid_t clock) {
  timespec now;
  RJ_CHECK(clock_gettime(clock, &now) == 0);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t MonotonicNs() { return ReadNs(CLOCK_BOOTTIME); }

Time ReadClock() {
  return {.monotonic_ns = ReadNs(CLOCK_BOOTTIME), .wall_ns = ReadNs(CLOCK_REALTIME)};
}

void Pause(int64_t duration_ns) {
  timespec time = {duration_ns / 1000000000, duration_ns % 1000000000};
  nanosleep(&time, nullptr);
}

}  // namespace ringjournal::io
