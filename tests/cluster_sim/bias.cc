#include "tests/cluster_sim/bias.h"

#include <algorithm>
#include <iterator>

#include "journal/base/limits.h"
#include "tests/cluster_sim/cluster_node.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

constexpr std::string_view kNames[] = {
    "none",         "two-in-sync",  "uncertain",      "old-lives",      "tight-ring",
    "last-copy",    "disks-decide", "memory-decides", "crossed-follow", "moving-leader",
    "operated",     "old-ends",     "laggards",       "gone-machines",  "torn-tail",
    "leaders-ring", "twice-dead",   "late-backup",    "new-journals",   "told-documents"};
static_assert(std::size(kNames) == kBiases);

void Aim(Moment moment, uint32_t percent, Plan* plan) {
  uint32_t* p = &plan->aim_percent[static_cast<int>(moment)];
  *p = std::max(*p, percent);
}

void MakeDurable(Plan* plan) {
  plan->settings.set_memory_only(false);
  plan->levels = {Level::kReplicated, Level::kDisk, Level::kDiskQuorum};
}

void MakeMemoryOnly(Plan* plan) {
  plan->settings.set_memory_only(true);
  plan->degraded_policy = v1::DEGRADED_POLICY_MEMORY;
  plan->levels = {Level::kReplicated};
}

void TwoInSync(Plan* plan) {
  plan->min_isr = 2;
  plan->faults = {Fault::kIsolate, Fault::kPartial, Fault::kOneWay, Fault::kKill, Fault::kCut};
}

void Uncertain(Plan* plan) {
  plan->store.request_lost = 80;
  plan->store.answer_lost = 150;
  plan->store.late = 200;
  plan->store.duplicated = 100;
  plan->faults = {Fault::kIsolate,    Fault::kPartial,         Fault::kOneWay,   Fault::kCut,
                  Fault::kChangeLate, Fault::kAnswerForgotten, Fault::kSlowLink, Fault::kPause};
}

void OldLives(Plan* plan) {
  plan->fast_restart_percent = 90;
  plan->faults = {Fault::kKill,     Fault::kKill,           Fault::kSlowLink,
                  Fault::kSlowLink, Fault::kKillAtBoundary, Fault::kMachine};
  plan->fault_pause_max_ns = 120 * kMs;
}

void TightRing(Plan* plan) {
  plan->settings.set_ring_bytes(limits::kRingBytesMin);
  plan->payload_bytes_max = 2000;
  plan->faults = {Fault::kSlowLink, Fault::kSlowDisk, Fault::kPause, Fault::kKill, Fault::kIsolate};
}

void LastCopy(Plan* plan) {
  MakeDurable(plan);
  plan->min_isr = 1;
  plan->degraded_policy = v1::DEGRADED_POLICY_DISK;
  plan->settings.set_checkpoint_interval_ms(100);
  plan->faults = {Fault::kIsolate, Fault::kKill, Fault::kMachine, Fault::kMachine,
                  Fault::kSlowDisk};
  plan->restart_max_ns = 2 * kSecond;
  plan->fault_pause_max_ns = 300 * kMs;
}

void DisksDecide(Plan* plan) {
  MakeDurable(plan);
  plan->min_isr = 1;
  plan->faults = {Fault::kMachine, Fault::kMachine, Fault::kMachineAndDisk, Fault::kPowerAll,
                  Fault::kIsolate};
  plan->restart_max_ns = 3 * kSecond;
  plan->fault_pause_max_ns = 500 * kMs;
}

void MemoryDecides(Plan* plan) {
  MakeMemoryOnly(plan);
  plan->min_isr = 1;
  plan->faults = {Fault::kKill,    Fault::kKill,           Fault::kKillAll, Fault::kKillDamage,
                  Fault::kMachine, Fault::kKillAtBoundary, Fault::kIsolate};
  plan->restart_max_ns = 2 * kSecond;
  Aim(Moment::kCasSubmitted, 25, plan);
  Aim(Moment::kCasAnswered, 15, plan);
}

void CrossedFollow(Plan* plan) {
  plan->faults = {Fault::kSlowLink, Fault::kSlowLink, Fault::kCut, Fault::kKill, Fault::kPause};
  plan->fault_pause_max_ns = 100 * kMs;
  Aim(Moment::kFollowSent, 15, plan);
  Aim(Moment::kFollowOkSent, 25, plan);
}

void MovingLeader(Plan* plan) {
  plan->faults = {Fault::kKill, Fault::kPause, Fault::kIsolate, Fault::kOneWay, Fault::kCut};
  plan->appenders = 3;
  plan->fault_pause_max_ns = 120 * kMs;
  Aim(Moment::kLeads, 25, plan);
}

void Operated(Plan* plan) {
  plan->operation_pause_max_ns = 200 * kMs;
  plan->appenders = 3;
  plan->store.answer_lost = 100;
  plan->store.late = 150;
  plan->faults = {Fault::kKill,       Fault::kCut,     Fault::kIsolate,        Fault::kPause,
                  Fault::kChangeLate, Fault::kMachine, Fault::kAnswerForgotten};
  Aim(Moment::kCasSubmitted, 15, plan);
}

void OldEnds(Plan* plan) {
  plan->faults = {Fault::kPartial, Fault::kPause,    Fault::kPause,  Fault::kStoreAway,
                  Fault::kOneWay,  Fault::kSlowLink, Fault::kIsolate};
  plan->tails = 3;
  plan->fault_pause_max_ns = 120 * kMs;
}

// A backup whose disk takes nothing soon has a full ring: it answers, and takes nothing either.
void Laggards(Plan* plan) {
  plan->settings.set_memory_only(false);
  plan->settings.set_ring_bytes(limits::kRingBytesMin);
  plan->degraded_policy = v1::DEGRADED_POLICY_MEMORY;
  plan->levels = {Level::kReceived, Level::kReceived, Level::kReplicated};
  plan->payload_bytes_max = 2000;
  plan->appenders = 3;
  plan->journals = 1;
  plan->readers = 0;
  plan->appends = 14'000;
  plan->faults = {Fault::kSlowDisk, Fault::kDiskFull, Fault::kDiskFull};
  plan->fault_pause_max_ns = 180 * kMs;
}

void GoneMachines(Plan* plan) {
  plan->min_isr = 1;
  plan->has_operator = true;
  plan->hasty_permille = 5;
  plan->faults = {Fault::kGone, Fault::kGone,    Fault::kGone,
                  Fault::kKill, Fault::kPartial, Fault::kMachine};
  plan->restart_max_ns = 300 * kMs;
  plan->fault_pause_max_ns = 500 * kMs;
}

void TornTail(Plan* plan) {
  MakeMemoryOnly(plan);
  plan->min_isr = 1;
  plan->appenders = 3;
  plan->appends = 3000;
  plan->faults = {Fault::kKillAllTail, Fault::kKillAllTail, Fault::kSlowLink, Fault::kSlowLink};
  plan->restart_max_ns = 50 * kMs;
}

void LeadersRing(Plan* plan) {
  MakeMemoryOnly(plan);
  plan->min_isr = 1;
  plan->levels = {Level::kReplicated, Level::kReceived};
  plan->faults = {Fault::kKillAll, Fault::kKillAll, Fault::kKillAllSome, Fault::kSlowLink,
                  Fault::kIsolate};
  plan->restart_max_ns = 600 * kMs;
}

void TwiceDead(Plan* plan) {
  MakeDurable(plan);
  plan->min_isr = 1;
  plan->degraded_policy = v1::DEGRADED_POLICY_DISK;
  plan->levels = {Level::kDisk, Level::kReplicated};
  plan->settings.set_checkpoint_interval_ms(5);
  // The first lets memory go where others aim at it.
  plan->faults = {Fault::kMachine, Fault::kTwiceDead, Fault::kTwiceDead, Fault::kTwiceDead};
  plan->restart_max_ns = 300 * kMs;
  plan->fault_pause_max_ns = 3 * kSecond;
  plan->faults_min = 20;
}

void LateBackup(Plan* plan) {
  plan->nodes = 4;
  plan->min_isr = 1;
  plan->appenders = 3;
  plan->appends = 3000;
  plan->faults = {Fault::kKill,     Fault::kOneWay,  Fault::kPartial, Fault::kPause,
                  Fault::kSlowLink, Fault::kMachine, Fault::kCut};
  plan->fault_pause_max_ns = 120 * kMs;
  Aim(Moment::kLeads, 15, plan);
}

void NewJournals(Plan* plan) {
  plan->operation_pause_max_ns = 60 * kMs;
  plan->journals_percent = 90;
  plan->appenders = 3;
  plan->appends = 3000;
  plan->store.delay_max_ns = 20 * kMs;
  plan->faults = {Fault::kKill,   Fault::kPartial, Fault::kSlowLink,
                  Fault::kOneWay, Fault::kCut,     Fault::kMachine};
  plan->fault_pause_max_ns = 120 * kMs;
}

// Some hints come much later than what others read meanwhile.
void ToldDocuments(Plan* plan) {
  plan->store.hint_tells = 900;
  plan->store.hint_lost = 50;
  plan->store.delay_max_ns = 60 * kMs;
  plan->operation_pause_max_ns = 100 * kMs;
  plan->fault_pause_max_ns = 150 * kMs;
}

}  // namespace

std::string_view BiasName(Bias bias) { return kNames[static_cast<int>(bias)]; }

std::optional<Bias> FindBias(std::string_view name) {
  for (int i = 0; i < kBiases; ++i) {
    if (kNames[i] == name) return static_cast<Bias>(i);
  }
  return std::nullopt;
}

void ApplyBias(Bias bias, Plan* plan) {
  using Apply = void (*)(Plan*);
  constexpr Apply kApply[] = {nullptr,       TwoInSync,    Uncertain,   OldLives,
                              TightRing,     LastCopy,     DisksDecide, MemoryDecides,
                              CrossedFollow, MovingLeader, Operated,    OldEnds,
                              Laggards,      GoneMachines, TornTail,    LeadersRing,
                              TwiceDead,     LateBackup,   NewJournals, ToldDocuments};
  static_assert(std::size(kApply) == kBiases);
  if (bias == Bias::kNone) return;
  plan->has_operator = false;
  // Who stands alone follows nobody.
  plan->nodes = 3;
  kApply[static_cast<int>(bias)](plan);
  while (plan->clock_ppm.size() < plan->nodes) plan->clock_ppm.push_back(0);
}

}  // namespace ringjournal::cluster_sim
