#include "tests/cluster_sim/minimise.h"

namespace ringjournal::cluster_sim {
namespace {

// Runs candidates until the budget is spent.
class Search {
 public:
  Search(const RunOptions& failing, uint32_t runs_max) : best_(failing), runs_left_(runs_max) {
    best_.tracing = false;
  }

  void DropKinds() {
    for (int i = 0; i < kFaults; ++i) {
      RunOptions candidate = best_;
      candidate.allowed &= ~MaskOf(static_cast<Fault>(i));
      if (candidate.allowed != best_.allowed) Try(candidate);
    }
  }
  // Halves the number of faults while it fails, then comes closer.
  void CutTail() {
    uint64_t high = RunSeed(best_).fault_numbers, low = 0;
    while (low < high) {
      RunOptions candidate = best_;
      candidate.faults_max = low + (high - low) / 2;
      if (Try(candidate)) {
        high = candidate.faults_max;
      } else if (runs_left_ == 0) {
        return;
      } else {
        low = candidate.faults_max + 1;
      }
    }
  }
  // Leaves out chunks, smaller and smaller.
  void DropSingles() {
    uint64_t faults =
        best_.faults_max == UINT64_MAX ? RunSeed(best_).fault_numbers : best_.faults_max;
    for (uint64_t chunk = faults / 2; chunk > 0; chunk /= 2) {
      for (uint64_t at = 0; at < faults && runs_left_ > 0; at += chunk) {
        RunOptions candidate = best_;
        for (uint64_t i = at; i < at + chunk && i < faults; ++i) candidate.left_out.insert(i);
        if (candidate.left_out.size() > best_.left_out.size()) Try(candidate);
      }
    }
  }
  const RunOptions& best() const { return best_; }

 private:
  bool Try(const RunOptions& candidate) {
    if (runs_left_ == 0) return false;
    --runs_left_;
    if (RunSeed(candidate).violation.empty()) return false;
    best_ = candidate;
    return true;
  }
  RunOptions best_;
  uint32_t runs_left_;
};

}  // namespace

RunOptions Minimise(const RunOptions& failing, uint32_t runs_max) {
  Search search(failing, runs_max);
  search.DropKinds();
  search.CutTail();
  search.DropSingles();
  return search.best();
}

}  // namespace ringjournal::cluster_sim
