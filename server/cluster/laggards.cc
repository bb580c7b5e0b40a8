#include "server/cluster/laggards.h"

#include <algorithm>

#include "journal/base/mutants.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kHoldNs = limits::kLaggardHoldMs * kMs;

// Since when it is so; -1: it is not.
int64_t Since(bool is_so, int64_t since_ns, int64_t now_ns) {
  if (!is_so) return -1;
  return since_ns < 0 ? now_ns : since_ns;
}

}  // namespace

void LagWatch::AddAge(int64_t age_ns) { ages_[ages_added_++ % ages_.size()] = age_ns; }

LagWatch::News LagWatch::Look(uint64_t lag_bytes, int64_t age_ns, uint64_t ring_bytes, bool in_sync,
                              int64_t now_ns) {
  lag_bytes_ = lag_bytes;
  age_ns_ = age_ns;
  now_ns_ = now_ns;
  const uint64_t percent = lag_bytes * 100 / ring_bytes;
  half_since_ns_ = Since(percent > limits::kLaggardMarkPercent, half_since_ns_, now_ns);
  far_since_ns_ = Since(percent > limits::kLaggardDropPercent, far_since_ns_, now_ns);
  if (marked_ && percent < limits::kLaggardClearPercent) {
    marked_ = false;
    return News::kCleared;
  }
  if (marked_ || !in_sync || half_since_ns_ < 0 || now_ns - half_since_ns_ < kHoldNs) {
    return News::kNone;
  }
  marked_ = true;
  return News::kMarked;
}

void LagWatch::Forget() {
  half_since_ns_ = far_since_ns_ = -1;
  lag_bytes_ = 0;
  age_ns_ = 0;
}

bool LagWatch::too_far() const {
  if (Mutated(Mutant::kLaggardDroppedAtOnce)) return far_since_ns_ >= 0;
  return far_for_ns() >= kHoldNs;
}

int64_t LagWatch::LateAbove() const {
  return std::max<int64_t>(limits::kLaggardAgeFloorMs * kMs,
                           UsualAge() * limits::kLaggardAgeFactor);
}

int64_t LagWatch::StallAbove() const {
  return std::clamp<int64_t>(limits::kPeerStallFactor * UsualAge(), limits::kPeerStallMs * kMs,
                             limits::kPeerStallMsMax * kMs);
}

int64_t LagWatch::UsualAge() const {
  if (ages_added_ < ages_.size()) return 0;
  std::array<int64_t, limits::kLaggardAges> sorted = ages_;
  auto p99 = sorted.begin() + (sorted.size() * 99 + 99) / 100 - 1;
  std::nth_element(sorted.begin(), p99, sorted.end());
  return *p99;
}

}  // namespace ringjournal
