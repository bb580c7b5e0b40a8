#include "io/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace ringjournal::io {
namespace {

int64_t Exact(const std::vector<int64_t>& sorted, double percent) {
  auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

TEST(HistogramTest, EveryPercentileIsWithinOnePercentOfTheTruth) {
  std::mt19937_64 random(3);
  for (double spread : {1.0, 5.0, 20.0}) {
    auto histogram = std::make_unique<Histogram>();
    std::vector<int64_t> values;
    std::lognormal_distribution<double> lognormal(8, spread / 4);
    for (int i = 0; i < 300'000; ++i) {
      auto value = static_cast<int64_t>(std::min(lognormal(random), 1e12));
      values.push_back(value);
      histogram->Record(value);
    }
    std::sort(values.begin(), values.end());
    for (double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
      auto exact = static_cast<double>(Exact(values, percent));
      auto got = static_cast<double>(histogram->PercentileNs(percent));
      EXPECT_GE(got, exact) << percent;
      EXPECT_LE(got, exact * 1.01) << percent;
    }
    EXPECT_EQ(histogram->max_ns(), values.back());
    EXPECT_EQ(histogram->min_ns(), values.front());
  }
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 0; i <= 200; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.PercentileNs(50), 100);
  EXPECT_EQ(histogram.PercentileNs(100), 200);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 100);
}

TEST(HistogramTest, EveryPowerOfTwoAndItsNeighboursStayWithinOnePercent) {
  for (int bits = 0; bits < 40; ++bits) {
    for (int64_t delta : {-1, 0, 1}) {
      int64_t value = std::max<int64_t>((int64_t{1} << bits) + delta, 0);
      Histogram histogram;
      histogram.Record(value);
      histogram.Record(int64_t{1} << 39);
      int64_t got = histogram.PercentileNs(50);
      EXPECT_GE(got, value);
      EXPECT_LE(static_cast<double>(got), static_cast<double>(value) * 1.01);
    }
  }
}

TEST(HistogramTest, HugeAndNegativeValuesAreKept) {
  Histogram histogram;
  histogram.Record(-5);
  histogram.Record(int64_t{1} << 50);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), int64_t{1} << 50);
  EXPECT_EQ(histogram.PercentileNs(100), int64_t{1} << 50);
  EXPECT_EQ(histogram.count(), 2u);
}

TEST(HistogramTest, MergedIsAsIfRecordedTogether) {
  Histogram a, b, both;
  std::mt19937_64 random(4);
  for (int i = 0; i < 10000; ++i) {
    auto value = static_cast<int64_t>(random() >> (24 + random() % 30));
    (i % 3 == 0 ? a : b).Record(value);
    both.Record(value);
  }
  a.Merge(b);
  EXPECT_EQ(a.count(), both.count());
  for (double percent : {0.0, 10.0, 50.0, 99.9, 100.0}) {
    EXPECT_EQ(a.PercentileNs(percent), both.PercentileNs(percent));
  }
  EXPECT_EQ(a.min_ns(), both.min_ns());
}

TEST(HistogramTest, EmptyOneSaysZero) {
  Histogram histogram;
  histogram.RecordMany(77, 0);
  EXPECT_EQ(histogram.PercentileNs(99), 0);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
  Histogram empty;
  empty.Merge(histogram);
  empty.Record(5);
  EXPECT_EQ(empty.min_ns(), 5);
}

}  // namespace
}  // namespace ringjournal::io
