// Decides at which of the boundaries between two effects the process dies.
#ifndef TESTS_SIM_CRASH_CLOCK_H_
#define TESTS_SIM_CRASH_CLOCK_H_

#include <cstdint>

namespace ringjournal::sim {

// Counts boundaries: before and after each effect, in the start procedure around each of its calls.
class CrashClock {
 public:
  // Dies at the n-th boundary from now on; 0: never.
  void Set(uint64_t boundaries) { left_ = boundaries; }
  // True at the boundary where the process dies.
  bool Due() {
    ++passed_;
    return left_ > 0 && --left_ == 0;
  }
  // Dies within the next n boundaries?
  bool DueWithin(uint64_t n) const { return left_ > 0 && left_ <= n; }
  uint64_t passed() const { return passed_; }

 private:
  uint64_t left_ = 0;
  uint64_t passed_ = 0;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_CRASH_CLOCK_H_
