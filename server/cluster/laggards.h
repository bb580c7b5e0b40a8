// When a member of the in-sync set is so far behind that it holds everybody up.
#ifndef SERVER_CLUSTER_LAGGARDS_H_
#define SERVER_CLUSTER_LAGGARDS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "journal/base/limits.h"

namespace ringjournal {

// How far one backup is behind its leader, as the leader looks at it again and again. Marked means
// worth telling; whether it is dropped the leader decides, who knows of the others. Pure: time
// comes in. One thread.
class LagWatch {
 public:
  enum class News { kNone, kMarked, kCleared };

  // Entries that had been sent so long ago were acknowledged, in nanoseconds. The newest
  // kLaggardAges are kept: they say what is usual of this backup.
  void AddAge(int64_t age_ns);

  // What it lacks now: bytes of the ring between what it has acknowledged and the end, and for how
  // long the oldest of them has waited. Only a member of the in-sync set is marked; anybody's mark
  // goes once he has come close.
  News Look(uint64_t lag_bytes, int64_t age_ns, uint64_t ring_bytes, bool in_sync, int64_t now_ns);
  // It does not follow: what lasted until now is over. The mark stays.
  void Forget();

  bool marked() const { return marked_; }
  uint64_t lag_bytes() const { return lag_bytes_; }
  int64_t age_ns() const { return age_ns_; }
  // For how long the lag has been above kLaggardDropPercent of the ring; -1: it is not.
  int64_t far_for_ns() const { return far_since_ns_ < 0 ? -1 : now_ns_ - far_since_ns_; }
  // It lags by most of the ring, and not for a moment only.
  bool too_far() const;
  // Its acknowledgements take too long, by what is usual of it.
  bool too_late() const {
    constexpr int64_t kFloorNs = int64_t{limits::kLaggardAgeFloorMs} * 1000 * 1000;
    return age_ns_ > kFloorNs && age_ns_ > LateAbove();  // the first is cheap, and asked often
  }
  // Age from which on that is so.
  int64_t LateAbove() const;
  // For how long it may acknowledge nothing while entries wait for it.
  int64_t StallAbove() const;
  // 99 of 100 acknowledgements took at most so long; 0 while too few are known.
  int64_t UsualAge() const;

 private:
  std::array<int64_t, limits::kLaggardAges> ages_;
  size_t ages_added_ = 0;
  uint64_t lag_bytes_ = 0;
  int64_t age_ns_ = 0, now_ns_ = 0;
  int64_t half_since_ns_ = -1, far_since_ns_ = -1;  // -1: not now
  bool marked_ = false;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_LAGGARDS_H_
