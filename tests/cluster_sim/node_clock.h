// A node's own clocks: a little too fast or too slow, and a wall time that jumps.
#ifndef TESTS_CLUSTER_SIM_NODE_CLOCK_H_
#define TESTS_CLUSTER_SIM_NODE_CLOCK_H_

#include <cstdint>

#include "journal/base/types.h"

namespace ringjournal::cluster_sim {

// Runs at (1 + ppm / 1,000,000) times the simulation's time; starts somewhere else.
class NodeClock {
 public:
  static constexpr int32_t kPpmMax = 10'000;  // the protocol allows for 1 %

  NodeClock(int32_t ppm, int64_t offset_ns) : ppm_(ppm), offset_ns_(offset_ns) {}

  Time Read(int64_t now_ns) const {
    int64_t local = Local(now_ns);
    return {local, local + wall_ns_};
  }
  int64_t Local(int64_t now_ns) const { return now_ns + now_ns / 1'000'000 * ppm_ + offset_ns_; }
  // The first moment of the simulation at which this clock shows `local_ns` or more.
  int64_t WhenLocal(int64_t local_ns) const {
    if (local_ns == INT64_MAX) return INT64_MAX;
    int64_t rest = local_ns - offset_ns_;
    int64_t guess = rest - rest / (1'000'000 + ppm_) * ppm_ - 2 * kPpmMax;
    // Close from below, then exact enough: a microsecond late wakes nobody too early.
    while (Local(guess) < local_ns) guess += 1'000;
    return guess;
  }
  void JumpWall(int64_t by_ns) { wall_ns_ += by_ns; }

 private:
  int32_t ppm_;
  int64_t offset_ns_;
  int64_t wall_ns_ = int64_t{1'700'000'000} * 1'000'000'000;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_NODE_CLOCK_H_
