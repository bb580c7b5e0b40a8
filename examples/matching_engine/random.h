// A stream of numbers that is the same on every machine; the distributions of <random> are not.
#ifndef EXAMPLES_MATCHING_ENGINE_RANDOM_H_
#define EXAMPLES_MATCHING_ENGINE_RANDOM_H_

#include <bit>
#include <cstdint>

namespace ringjournal::matching {

// splitmix64. Integers only. One owner.
class Random {
 public:
  // Mixed, or the next seed would be this one's run, shifted by one.
  explicit Random(uint64_t seed) : state_(Mix(seed)) {}

  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15); }
  // 0 ... n-1; n is not 0.
  uint64_t Below(uint64_t n) { return Next() % n; }
  // Both ends included.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Chance(uint32_t percent) { return Below(100) < percent; }
  // 0 ... max, mostly small.
  uint64_t Skewed(uint64_t max) { return Below(Below(max + 1) + 1); }

  // Exponential, as the gaps of a Poisson process are, with a mean of 1.04 x `mean`. `mean` is at
  // most 2^40. -log2(u) is taken from the position of u's first bit and, as a straight line between
  // powers of two, from the bits behind it: no machine's logarithm is involved.
  uint64_t Exponential(uint64_t mean) {
    const uint64_t u = Next() | 1;
    const auto zeros = static_cast<uint64_t>(std::countl_zero(u));
    const uint64_t fraction = u << zeros << 1 >> 48;
    constexpr uint64_t kLn2 = 45426;  // x 2^16
    return mean * kLn2 / 65536 * (((zeros + 1) << 16) - fraction) / 65536;
  }

 private:
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_RANDOM_H_
