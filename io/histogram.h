// Latencies by their frequency: fixed memory, values within 1 %.
#ifndef IO_HISTOGRAM_H_
#define IO_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringjournal::io {

// Counts nanoseconds in buckets that grow with the value: 128 for each doubling, so a percentile is
// at most 1/128 above the true value. Values beyond 2^40 ns (18 minutes) share the last bucket; the
// maximum stays exact. About 35 KiB, no allocation. One thread.
class Histogram {
 public:
  // Negative values count as 0.
  void Record(int64_t value_ns) { RecordMany(value_ns, 1); }
  void RecordMany(int64_t value_ns, uint64_t count) {
    uint64_t value = value_ns < 0 ? 0 : static_cast<uint64_t>(value_ns);
    buckets_[BucketOf(value)] += count;
    count_ += count;
    sum_ += value * count;
    if (count > 0 && value > max_) max_ = value;
    if (count > 0 && value < min_) min_ = value;
  }
  void Merge(const Histogram& other);
  void Clear() { *this = Histogram(); }

  uint64_t count() const { return count_; }
  // 0 while nothing is recorded.
  int64_t min_ns() const { return count_ == 0 ? 0 : static_cast<int64_t>(min_); }
  int64_t max_ns() const { return static_cast<int64_t>(max_); }
  double mean_ns() const;
  // The smallest value that at least `percent` (0 to 100, e.g. 99.999) of the recorded ones do not
  // exceed; up to 1 % above it, never above max_ns. 0 while nothing is recorded.
  int64_t PercentileNs(double percent) const;

 private:
  static constexpr int kSubBits = 7;
  static constexpr uint64_t kSubBuckets = 1u << kSubBits;
  static constexpr int kValueBits = 40;
  static constexpr size_t kBuckets = (kValueBits - kSubBits + 1) * kSubBuckets;

  static size_t BucketOf(uint64_t value) {
    if (value >> kValueBits != 0) return kBuckets - 1;
    if (value < kSubBuckets) return static_cast<size_t>(value);
    int shift = std::bit_width(value) - 1 - kSubBits;
    return static_cast<size_t>(shift) * kSubBuckets + static_cast<size_t>(value >> shift);
  }
  static uint64_t UpperBound(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_ = {};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
};

}  // namespace ringjournal::io

#endif  // IO_HISTOGRAM_H_
