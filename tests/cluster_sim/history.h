// What clients have seen of an append-only log, and whether one order explains it.
#ifndef TESTS_CLUSTER_SIM_HISTORY_H_
#define TESTS_CLUSTER_SIM_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringjournal::cluster_sim {

// One append as its client saw it. LSNs of different generations do not compare.
struct Operation {
  uint32_t client = 0;
  uint64_t payload = 0;  // unique among the client's own
  int64_t invoked_ns = 0;
  int64_t completed_ns = INT64_MAX;  // INT64_MAX: no answer, it may have happened or not
  uint32_t generation = 0;
  uint64_t lsn = 0;  // 0: not known
};

// Grows with the run; bounded by its number of appends. One thread.
class History {
 public:
  size_t Invoke(uint32_t client, uint64_t payload, int64_t now_ns) {
    operations_.push_back({client, payload, now_ns});
    return operations_.size() - 1;
  }
  void Complete(size_t operation, uint32_t generation, uint64_t lsn, int64_t now_ns) {
    operations_[operation].completed_ns = now_ns;
    operations_[operation].generation = generation;
    operations_[operation].lsn = lsn;
  }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
};

// Empty, or why no order of the answered appends can be both that of their LSNs and that of real
// time. n log n: walks the LSNs from the end and keeps the earliest answer seen.
std::string WhyNotLinearizable(const std::vector<Operation>& operations);

// The same question, answered by trying every order. At most 12 operations.
bool LinearizableByBruteForce(const std::vector<Operation>& operations);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_HISTORY_H_
