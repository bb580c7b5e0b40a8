// Seeds that once failed, each with the bug that it found. They run in every test.
#ifndef TESTS_CLUSTER_SIM_KEPT_SEEDS_H_
#define TESTS_CLUSTER_SIM_KEPT_SEEDS_H_

#include <cstdint>
#include <vector>

namespace ringjournal::cluster_sim {

struct KeptSeed {
  uint64_t seed;
  const char* found;
};
// Newest last.
inline const std::vector<KeptSeed> kKeptSeeds = {
    {20, "a backup that was told to drain went on following, and wrote behind its closing group"},
    {25, "a loss report began above an entry that only the lost leader had committed"},
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_KEPT_SEEDS_H_
