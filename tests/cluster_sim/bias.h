// Schedules that lead a run to where one rule matters, for rules that random plans seldom reach.
#ifndef TESTS_CLUSTER_SIM_BIAS_H_
#define TESTS_CLUSTER_SIM_BIAS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/cluster_sim/plan.h"

namespace ringjournal::cluster_sim {

enum class Bias : uint8_t {
  kNone,
  kTwoInSync,      // min_isr 2, and links that come and go
  kUncertain,      // changes of the document whose outcome is unknown, late or forgotten
  kOldLives,       // processes return at once, while bytes of the dead are on slow links
  kTightRing,      // a ring that is full most of the time, on slow disks and links
  kLastCopy,       // the in-sync set shrinks to one, whose memory then goes; disk levels
  kDisksDecide,    // all memory goes, single disks are emptied, and nodes are long away
  kMemoryDecides,  // all processes die, at different times, and memory alone holds the log
  kCrossedFollow,  // a backup asks again while answers to it are under way
  kMovingLeader,   // leadership moves all the time, and clients append densely
  kOperated,       // leaders are moved, members come and go, and changes become uncertain
  kOldEnds,        // leaders that are cut off or stand still are asked where the journal ends
  kLaggards,       // one backup is slow while much is appended
  kGoneMachines,   // machines go while they are the last copy, and an operator declares them lost
  kTornTail,       // all processes die while the newest record of each ring goes
  kLeadersRing,    // all processes die, and the last leader's memory alone is left
  kTwiceDead,      // what one disk alone holds, of a node that is back for a moment only
  kLateBackup,     // four nodes: one outside the in-sync set nearly has what a new leader has
  kNewJournals,    // other journals come and go while links and members do
  kToldDocuments,  // leaders move, and the config store tells the changed document, early or late
};
inline constexpr int kBiases = static_cast<int>(Bias::kToldDocuments) + 1;

std::string_view BiasName(Bias bias);
// nullopt for a name that is not there.
std::optional<Bias> FindBias(std::string_view name);
// Changes what the bias is about; the rest stays as the seed has decided.
void ApplyBias(Bias bias, Plan* plan);

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_BIAS_H_
