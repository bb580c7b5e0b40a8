#include "io/histogram.h"

#include <algorithm>
#include <cmath>

namespace ringjournal::io {

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean_ns() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

// The largest value of a bucket.
uint64_t Histogram::UpperBound(size_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  uint64_t shift = bucket / kSubBuckets - 1;
  uint64_t top = bucket - shift * kSubBuckets;
  return ((top + 1) << shift) - 1;
}

int64_t Histogram::PercentileNs(double percent) const {
  if (count_ == 0) return 0;
  double share = std::clamp(percent, 0.0, 100.0) / 100;
  auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  wanted = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t seen = 0;
  for (size_t i = 0; i + 1 < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return static_cast<int64_t>(std::clamp(UpperBound(i), min_, max_));
  }
  return static_cast<int64_t>(max_);
}

}  // namespace ringjournal::io
