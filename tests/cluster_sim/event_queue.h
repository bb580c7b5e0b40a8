// Virtual time: what is to happen when, in one order that depends on nothing but the seed.
#ifndef TESTS_CLUSTER_SIM_EVENT_QUEUE_H_
#define TESTS_CLUSTER_SIM_EVENT_QUEUE_H_

#include <cstdint>
#include <queue>
#include <vector>

#include "journal/base/check.h"

namespace ringjournal::cluster_sim {

inline constexpr int64_t kUs = 1'000;
inline constexpr int64_t kMs = 1'000 * kUs;
inline constexpr int64_t kSecond = 1'000 * kMs;

// Gets what it has scheduled. Outlives the queue's run: the world owns all of them.
class EventTarget {
 public:
  virtual ~EventTarget() = default;
  // `kind` and `arg` are the target's own.
  virtual void OnEvent(uint32_t kind, uint64_t arg) = 0;
};

// Events of one moment happen in the order in which they were scheduled. Nothing is ever taken
// back: a target that has changed its mind ignores the event. One thread.
class EventQueue {
 public:
  // Not before now: what is scheduled in the past happens now.
  void Schedule(int64_t at_ns, EventTarget* target, uint32_t kind, uint64_t arg) {
    heap_.push({at_ns > now_ns_ ? at_ns : now_ns_, next_sequence_++, target, arg, kind});
  }
  void ScheduleIn(int64_t in_ns, EventTarget* target, uint32_t kind, uint64_t arg) {
    Schedule(now_ns_ + in_ns, target, kind, arg);
  }
  // Lets the next event happen, which moves time to it. False: there is none.
  bool RunOne() {
    if (heap_.empty()) return false;
    Entry e = heap_.top();
    heap_.pop();
    RJ_CHECK(e.at_ns >= now_ns_);
    now_ns_ = e.at_ns;
    ++events_;
    e.target->OnEvent(e.kind, e.arg);
    return true;
  }
  int64_t now_ns() const { return now_ns_; }
  uint64_t events() const { return events_; }

 private:
  struct Entry {
    int64_t at_ns;
    uint64_t sequence;
    EventTarget* target;
    uint64_t arg;
    uint32_t kind;
    bool operator<(const Entry& o) const {  // the earliest on top
      return at_ns != o.at_ns ? at_ns > o.at_ns : sequence > o.sequence;
    }
  };
  std::priority_queue<Entry> heap_;
  int64_t now_ns_ = kSecond;
  uint64_t next_sequence_ = 0;
  uint64_t events_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_EVENT_QUEUE_H_
