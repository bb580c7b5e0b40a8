// Latencies in buckets: constant memory, no allocation while recording.
#ifndef TOOLS_RINGJOURNAL_BENCH_HISTOGRAM_H_
#define TOOLS_RINGJOURNAL_BENCH_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringjournal::bench {

// Counts of values in nanoseconds. A bucket is at most 1/64 of its value wide, so a percentile is
// at most 1.6 % above the truth; the maximum is exact. One thread.
class LatencyHistogram {
 public:
  void Record(int64_t ns) {
    uint64_t value = ns < 0 ? 0 : static_cast<uint64_t>(ns);
    ++counts_[BucketOf(value)];
    ++count_;
    max_ns_ = std::max(max_ns_, value);
  }

  uint64_t count() const { return count_; }
  uint64_t max_ns() const { return max_ns_; }

  // The smallest bucket's upper end that at least `percent` (0 to 100) of the values do not exceed;
  // 0 without values.
  uint64_t PercentileNs(double percent) const {
    if (count_ == 0) return 0;
    double exact = percent / 100.0 * static_cast<double>(count_);
    uint64_t wanted = static_cast<uint64_t>(exact);
    if (static_cast<double>(wanted) < exact || wanted == 0) ++wanted;
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(UpperEndOf(i), max_ns_);
    }
    return max_ns_;
  }

 private:
  static constexpr int kSubBits = 6;
  static constexpr size_t kSub = size_t{1} << kSubBits;
  static constexpr size_t kBuckets = (64 - kSubBits + 1) * kSub;

  // Values below 64 have a bucket each; above, every power of two has 64.
  static size_t BucketOf(uint64_t value) {
    if (value < kSub) return static_cast<size_t>(value);
    int shift = std::bit_width(value) - 1 - kSubBits;
    return static_cast<size_t>(shift + 1) * kSub + static_cast<size_t>((value >> shift) - kSub);
  }
  static uint64_t UpperEndOf(size_t bucket) {
    if (bucket < kSub) return bucket;
    size_t shift = bucket / kSub - 1;
    uint64_t first = (bucket % kSub + kSub) << shift;
    return first + ((uint64_t{1} << shift) - 1);
  }

  std::array<uint64_t, kBuckets> counts_ = {};
  uint64_t count_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_HISTOGRAM_H_
