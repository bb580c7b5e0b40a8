// Seeds that once failed, each with the bug that it found. They run in every test.
#ifndef TESTS_SIM_KEPT_SEEDS_H_
#define TESTS_SIM_KEPT_SEEDS_H_

#include <cstdint>

namespace ringjournal::sim {

struct KeptSeed {
  uint64_t seed;
  const char* found;
};
// Newest last.
inline constexpr KeptSeed kKeptSeeds[] = {
    {4440575067278254172u, "control entries at the start of a segment were left out of a read"},
    {6358886872867890199u,
     "a crash between the change that makes a journal and its ring looked like a loss"},
    {4490822807224436460u,
     "a superseded segment counted again once its successor had been trimmed"},
    {15428536078073452463u,
     "two deaths in a row during the start left a ring that counted for nobody"},
    {10905518753686774588u, "a reader took other control entries behind a loss for damage"},
    {6240584649900393401u,
     "a ring rebuilt from the disk lost its tail to damage, and the journal was refused"},
    {10381906926773588533u, "a segment went before its trim was durable"},
    {2508798973725701362u, "segments behind damage made a warm start refuse the journal"},
    {849795894694198101u, "a duplicate in a hole of the disk was called durable"},
    {15735168055197191606u,
     "a client that had accepted a loss was not told of a later one that started lower"},
    {3000076, "a full disk was left without any described segment"},
    {5000954, "a stop was marked as one in order although the disk lacked its front"},
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_KEPT_SEEDS_H_
