// The only source of chance in a simulation: one seed, one run.
#ifndef TESTS_SIM_RANDOM_H_
#define TESTS_SIM_RANDOM_H_

#include <cstdint>

namespace ringjournal::sim {

// splitmix64. One owner.
class Random {
 public:
  // Mixed, or the next seed would be this one's run, shifted by one.
  explicit Random(uint64_t seed) : state_(Mix(seed)) {}

  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15); }
  // 0 … n-1; n is not 0.
  uint64_t Below(uint64_t n) { return Next() % n; }
  // Both ends included.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Chance(uint32_t percent) { return Below(100) < percent; }
  // Mostly small, sometimes up to `max`: sizes and waits of real life.
  uint64_t Skewed(uint64_t max) { return Below(Below(Below(max + 1) + 1) + 1); }

 private:
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_RANDOM_H_
