// Which errors a process lives on behind, and how often it tries.
#ifndef EXAMPLES_MATCHING_ENGINE_RETRIES_H_
#define EXAMPLES_MATCHING_ENGINE_RETRIES_H_

#include <algorithm>
#include <chrono>
#include <optional>

#include "client/errors.h"

namespace ringjournal::matching {

// A life that begins anew from the newest checkpoint, and later, need not meet it: who slept while
// the journal was trimmed, who applied what a recovery took back, or found nobody who leads.
inline bool MayGoBetter(client::ErrorCode code) {
  using client::ErrorCode;
  return code == ErrorCode::kTrimmed || code == ErrorCode::kDataLoss ||
         code == ErrorCode::kDeadline || code == ErrorCode::kCannotConnect ||
         code == ErrorCode::kOutcomeUnknown || client::IsTransient(code);
}

// Counts lives that ended soon, one behind the other. Without a clock: it is told the time.
class Retries {
 public:
  static constexpr int kMax = 20;
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5'000};
  // A life of this length was a good one: counting begins anew.
  static constexpr std::chrono::minutes kGoodLife{1};

  // A life begins.
  void Begin(std::chrono::nanoseconds now) { began_ = now; }
  // It has ended. How long to wait before the next one; nullopt: that is enough.
  std::optional<std::chrono::milliseconds> Next(std::chrono::nanoseconds now) {
    if (now - began_ >= kGoodLife) {
      count_ = 0;
      pause_ = kFirstPause;
    }
    if (++count_ > kMax) return std::nullopt;
    const auto pause = pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
    return pause;
  }

 private:
  std::chrono::nanoseconds began_{};
  std::chrono::milliseconds pause_ = kFirstPause;
  int count_ = 0;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_RETRIES_H_
