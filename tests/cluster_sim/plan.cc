#include "tests/cluster_sim/plan.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "tests/cluster_sim/cluster_node.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

constexpr const char* kNames[] = {"kill",          "kill-at-boundary",
                                  "kill-damage",   "kill-all",
                                  "machine",       "machine+disk",
                                  "power-all",     "pause",
                                  "suspend",       "cut",
                                  "isolate",       "one-way",
                                  "partial",       "flap",
                                  "slow-link",     "slow-disk",
                                  "disk-full",     "disk-fails",
                                  "store-away",    "store-away-all",
                                  "forgotten",     "late",
                                  "wall-clock",    "drain",
                                  "aimed",         "gone",
                                  "kill-all-tail", "kill-all-some",
                                  "twice-dead"};
static_assert(std::size(kNames) == kFaults);

// How often a kind is drawn where it is in the run: what costs a recovery is rarer than what only
// moves the leader.
uint32_t WeightOf(Fault fault) {
  switch (fault) {
    case Fault::kKill:
    case Fault::kCut:
    case Fault::kPause:
    case Fault::kKillAtBoundary:
      return 6;
    case Fault::kMachineAndDisk:
    case Fault::kPowerAll:
    case Fault::kKillAll:
    case Fault::kDrain:
    case Fault::kStoreAwayAll:
      return 1;
    default:
      return 3;
  }
}

}  // namespace

std::string FaultName(Fault fault) { return kNames[static_cast<int>(fault)]; }

Plan::Plan(sim::Random* random) {
  ChooseSizes(random);
  ChooseFaults(random);
  ChooseOperator(*random);
}

// By value: what it draws changes nothing else of a seed.
void Plan::ChooseOperator(sim::Random random) {
  has_operator = nodes > 1 && random.Chance(10);
  if (!has_operator) return;
  faults.insert(faults.end(), 2, Fault::kGone);
  hasty_permille = random.Chance(40) ? 5 : 0;
}

void Plan::ChooseOperations(sim::Random* r) {
  const bool any = r->Chance(30);
  const uint64_t pause_ms = r->Chance(70) ? 400 : 2000;
  move_weight = r->Chance(50) ? 8 : r->Chance(50) ? 16 : 4;
  if (any) operation_pause_max_ns = static_cast<int64_t>(pause_ms) * kMs;
}

void Plan::Restrict(FaultMask allowed) {
  std::erase_if(faults, [&](Fault f) { return (allowed & MaskOf(f)) == 0; });
  if ((allowed & MaskOf(Fault::kAimed)) == 0) {
    std::fill(std::begin(aim_percent), std::end(aim_percent), 0);
  }
  if ((allowed & MaskOf(Fault::kAnswerForgotten)) == 0) {
    store = StoreFaults{.delay_max_ns = store.delay_max_ns};
  }
}

void Plan::ChooseSizes(sim::Random* r) {
  nodes = r->Chance(80) ? 3 : r->Chance(80) ? 2 : 1;
  journals = r->Chance(20) ? 2 : 1;
  appenders = static_cast<uint32_t>(r->Between(1, 3));
  readers = static_cast<uint32_t>(r->Between(0, 2));
  appends = r->Between(520, 700);
  payload_bytes_max = r->Chance(70) ? 200 : 2000;
  settings.set_ring_bytes(limits::kRingBytesMin << r->Below(3));
  settings.set_segment_bytes(limits::kSegmentBytesMin);
  settings.set_checkpoint_bytes(4096u << r->Below(4));
  settings.set_checkpoint_interval_ms(static_cast<uint32_t>(r->Between(5, 100)));
  settings.set_producers_max(16);
  settings.set_memory_only(r->Chance(40));
  if (nodes == 3) min_isr = r->Chance(30) ? 2 : 1;
  const v1::DegradedPolicy policies[] = {v1::DEGRADED_POLICY_DISK, v1::DEGRADED_POLICY_BLOCK,
                                         v1::DEGRADED_POLICY_MEMORY};
  degraded_policy = r->Chance(60) ? v1::DEGRADED_POLICY_DISK : policies[r->Below(3)];
  if (settings.memory_only()) degraded_policy = v1::DEGRADED_POLICY_MEMORY;
  levels = {Level::kReplicated, Level::kReplicated};
  if (r->Chance(25)) levels.push_back(Level::kReceived);
  if (!settings.memory_only()) {
    if (r->Chance(60)) levels.push_back(Level::kDisk);
    if (r->Chance(60)) levels.push_back(Level::kDiskQuorum);
  }
  for (uint32_t i = 0; i < nodes; ++i) {
    clock_ppm.push_back(static_cast<int32_t>(r->Below(2 * NodeClock::kPpmMax)) -
                        NodeClock::kPpmMax);
  }
}

void Plan::ChooseFaults(sim::Random* r) {
  const uint32_t chance = r->Chance(50) ? 25 : r->Chance(50) ? 50 : 10;
  for (int i = 0; i < kFaultsDrawn; ++i) {
    Fault fault = static_cast<Fault>(i);
    if (!r->Chance(chance) || fault == Fault::kAimed) continue;
    faults.insert(faults.end(), WeightOf(fault), fault);
  }
  const Fault usual = r->Chance(60) ? Fault::kKill : Fault::kCut;
  if (faults.empty()) faults.push_back(usual);
  fault_pause_max_ns = r->Chance(70) ? 180 * kMs : 500 * kMs;
  if (r->Chance(20)) fault_pause_max_ns = kSecond;
  restart_max_ns = static_cast<int64_t>(1 + r->Below(r->Chance(70) ? 300 : 4000)) * kMs;
  bool aims = r->Chance(60);
  for (int i = 0; i < kMoments; ++i) {
    uint32_t percent = r->Chance(40) ? static_cast<uint32_t>(r->Between(2, 30)) : 0;
    if (aims) aim_percent[i] = percent;
  }
  store.delay_max_ns = static_cast<int64_t>(r->Skewed(60)) * kMs + kMs;
  const bool store_fails = r->Chance(50);
  const uint32_t rates[] = {store_fails ? static_cast<uint32_t>(r->Below(60)) : 0,
                            store_fails ? static_cast<uint32_t>(r->Below(100)) : 0,
                            store_fails ? static_cast<uint32_t>(r->Below(60)) : 0,
                            store_fails ? static_cast<uint32_t>(r->Below(200)) : 0,
                            static_cast<uint32_t>(r->Below(500))};
  store.request_lost = rates[0];
  store.answer_lost = rates[1];
  store.late = rates[2];
  store.duplicated = rates[3];
  store.hint_lost = rates[4];
}

bool Plan::AllowsMemoryLoss() const {
  return std::find(faults.begin(), faults.end(), Fault::kMachine) != faults.end();
}

std::string Plan::Describe() const {
  std::string text =
      absl::StrCat(nodes, " nodes, ", journals, " journals, ring ", settings.ring_bytes() / 1024,
                   " KiB", settings.memory_only() ? ", memory only" : "", ", min_isr ", min_isr,
                   ", ", v1::DegradedPolicy_Name(degraded_policy), "; ", appends, " appends by ",
                   appenders, "; levels");
  for (client::Level level : levels)
    absl::StrAppend(&text, " ", std::string(client::LevelName(level)));
  absl::StrAppend(&text, "; faults");
  for (size_t i = 0; i < faults.size(); ++i) {
    if (i > 0 && faults[i] == faults[i - 1]) continue;
    absl::StrAppend(&text, " ", FaultName(faults[i]));
  }
  absl::StrAppend(&text, "; aims");
  for (uint32_t percent : aim_percent) absl::StrAppend(&text, " ", percent);
  if (settlers > 0) absl::StrAppend(&text, "; ", settlers, " settlers");
  if (engines > 0) absl::StrAppend(&text, "; ", engines, " engines");
  if (writers > 0) absl::StrAppend(&text, "; ", writers, " writers");
  if (operation_pause_max_ns > 0) {
    absl::StrAppend(&text, "; operations within ", operation_pause_max_ns / kMs, " ms, ",
                    move_weight, " of 16 move a leader");
  }
  return text;
}

}  // namespace ringjournal::cluster_sim
