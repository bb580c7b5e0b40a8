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
    {1, "control entries at the start of a segment were left out of a read"},
    {8, "a crash between the change that makes a journal and its ring looked like a loss"},
    {13, "a superseded segment counted again once its successor had been trimmed"},
    {45, "two deaths in a row during the start left a ring that counted for nobody"},
    {47, "a reader took other control entries behind a loss for damage"},
    {94, "a ring rebuilt from the disk lost its tail to damage, and the journal was refused"},
    {154, "a segment went before its trim was durable"},
    {357, "segments behind damage made a warm start refuse the journal"},
    {90018, "a duplicate in a hole of the disk was called durable"},
    {611, "a client that had accepted a loss was not told of a later one that started lower"},
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_KEPT_SEEDS_H_
