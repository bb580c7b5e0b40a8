// Seeds that once failed, each with what it found. They run in every test.
#ifndef TESTS_CLUSTER_SIM_KEPT_SEEDS_H_
#define TESTS_CLUSTER_SIM_KEPT_SEEDS_H_

#include <cstdint>

#include "tests/cluster_sim/bias.h"

namespace ringjournal::cluster_sim {

struct KeptSeed {
  uint64_t seed;
  const char* found;
  Bias bias = Bias::kNone;
};
// Newest last.
inline constexpr KeptSeed kKeptSeeds[] = {
    {403368, "a client took the number of an append before a loss for one of its own"},
    {406376, "a loss report began between entries, where an older generation had committed"},
    {701923,
     "a damaged state snapshot in memory cost a backup its whole history on disk: for a cut of its "
     "end the log was given up"},
    {713556, "a disk that had been told to fail did so after the last fault"},
    {716145, "the same, while a member was added"},
    {2001782,
     "the checker of disk_quorum weighed with three members what one had acknowledged when it was "
     "the only one"},
    {2000034,
     "a disk that had been emptied and filled in part was taken for a whole log: what was "
     "acknowledged at disk_quorum was lost, and the report said that nothing was"},
    {76,
     "what had been cut from a log was read from its newest segment, as its successor had no room "
     "on the disk, and a backup took it for committed",
     Bias::kLaggards},
    {7005519,
     "one changed bit of a ring's control page made an empty memory the one that held everything"},
    {7020250,
     "what two had had when it was committed counted as one copy, since the other had started "
     "again"},
    {8411015,
     "an emptied disk that was filled again in part counted as whole once more after a restart, as "
     "its node was still in the recovery set: what was acknowledged at disk_quorum was lost, and "
     "the report said that nothing was"},
    {8600232,
     "a backup told the leader of a new generation what had been committed in the one before, and "
     "was never given a state that would have been older: it did not follow until the log had "
     "grown"},
    {9007990,
     "a disk counted for disk_quorum although its node had registered again without it, as what it "
     "had taken was committed only afterwards"},
    {9050112, "the same, with one in sync"},
    {9014207,
     "the checker of disk_quorum held a leader that had been declared lost to what it acknowledged "
     "of what the report says may be lost"},
    {9235915,
     "the checker of an operator's recovery wanted a longer log of an older epoch to lead, as a "
     "leader that is gone had committed more of it later"},
    {9411825,
     "the checker of degraded policies passed over a memory that had come to be in sync after the "
     "commit, and whose process had ended before the acknowledgement"},
    {9735308,
     "an opening on a connection that its client had given up was executed behind the one that was "
     "answered, and fenced it for good"},
    {9847776,
     "the checker of linearizable ends held a leader that had been declared lost, and lived, to "
     "what "
     "the next generation had acknowledged"},
    {10222917,
     "one changed bit brought back a state snapshot of a log that had been cut, and the ring "
     "counted "
     "as intact"},
    {23503937,
     "the checker of an operator's recovery took a log of another generation, whose ring began "
     "above what was committed, for one that holds it"},
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_KEPT_SEEDS_H_
