// Makes a failing run simpler: leaves faults out while it still fails.
#ifndef TESTS_CLUSTER_SIM_MINIMISE_H_
#define TESTS_CLUSTER_SIM_MINIMISE_H_

#include <cstdint>

#include "tests/cluster_sim/cluster_world.h"

namespace ringjournal::cluster_sim {

// Options with which the run still fails (in whatever way), with as few faults as `runs_max` more
// runs could find: first whole kinds go, then all from some point on, then single ones.
RunOptions Minimise(const RunOptions& failing, uint32_t runs_max);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_MINIMISE_H_
