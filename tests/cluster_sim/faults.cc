// What goes wrong in a run, at random and at chosen moments.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {
namespace {

// Aimed faults follow their moment within this.
constexpr uint64_t kAimedWithinNs = 4 * kMs;
constexpr uint64_t kPauseMaxMs = 1500;
constexpr uint64_t kOutageMaxMs = 2500;

}  // namespace

// Every fault has a number, whether it happens or not: so single ones can be left out of a run.
bool ClusterWorld::MayHappen(const std::string& what) {
  const uint64_t number = fault_number_++;
  if (number >= options_.faults_max || options_.left_out.count(number) > 0) return false;
  report_.Trace("fault ", number, ": ", what);
  return true;
}

void ClusterWorld::NextFault() {
  if (phase_ != Phase::kFaults) return;
  uint64_t pause = static_cast<uint64_t>(plan_.fault_pause_max_ns);
  events_.ScheduleIn(static_cast<int64_t>(fault_random_.Below(pause + 1)), this, kNextFault, 0);
  if (plan_.faults.empty()) {
    ++fault_number_;
    return;
  }
  Fault fault = plan_.faults[fault_random_.Below(plan_.faults.size())];
  if (MayHappen(FaultName(fault))) Count(Inject(fault));
}

// False: it changed nothing, as the process was dead already, the link blocked for longer, …
bool ClusterWorld::Inject(Fault fault) {
  uint32_t node = static_cast<uint32_t>(fault_random_.Below(nodes_.size()));
  if (fault_random_.Chance(40)) {
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i]->leads_any()) node = i;
    }
  }
  switch (fault) {
    case Fault::kCut:
    case Fault::kIsolate:
    case Fault::kOneWay:
    case Fault::kPartial:
    case Fault::kFlap:
    case Fault::kSlowLink:
      return InjectIntoNetwork(fault, node);
    case Fault::kStoreAway:
    case Fault::kStoreAwayAll:
    case Fault::kAnswerForgotten:
    case Fault::kChangeLate:
      return InjectIntoStore(fault, node);
    case Fault::kSlowDisk:
    case Fault::kDiskFull:
    case Fault::kDiskFails:
      return InjectIntoDisk(fault, node);
    default:
      return InjectIntoProcess(fault, node);
  }
}

// ---- network ----

bool ClusterWorld::Isolate(uint32_t node, int64_t until_ns) {
  bool any = false;
  for (HostNumber other = 0; other < next_host_; ++other) {
    if (other != node) any = BlockBothWays(node, other, until_ns) || any;
  }
  return any;
}

bool ClusterWorld::BlockBothWays(HostNumber a, HostNumber b, int64_t until_ns) {
  const bool there = network_.Block(a, b, until_ns);
  const bool back = network_.Block(b, a, until_ns);
  return there || back;
}

bool ClusterWorld::InjectIntoNetwork(Fault fault, uint32_t node) {
  const HostNumber hosts = fault_random_.Chance(75) ? plan_.nodes : next_host_;
  HostNumber other = static_cast<HostNumber>(fault_random_.Below(hosts));
  if (other == node) other = (other + 1) % next_host_;
  const int64_t until_ns = events_.now_ns() + SomeTime(kOutageMaxMs);
  switch (fault) {
    case Fault::kCut:
      return network_.Cut(node);
    case Fault::kIsolate:
      if (fault_random_.Chance(40)) config_.SetUnreachable(node, until_ns);
      return Isolate(node, until_ns);
    case Fault::kOneWay:
      return network_.Block(node, other, until_ns);
    case Fault::kPartial:
      return BlockBothWays(node, other, until_ns);
    case Fault::kFlap:
      // The first of its cuts counts for all.
      for (int64_t i = 0; i < 5; ++i) {
        events_.ScheduleIn(i * SomeTime(60), this, i == 0 ? kAimedFault : kCutAgain,
                           node | 2u << 8);
      }
      return false;
    default: {
      uint32_t factor = static_cast<uint32_t>(2 + fault_random_.Skewed(998));
      network_.Slow(node, other, factor, until_ns);
      network_.Slow(other, node, factor, until_ns);
      return true;
    }
  }
}

// ---- config store ----

bool ClusterWorld::InjectIntoStore(Fault fault, uint32_t node) {
  const int64_t until_ns = events_.now_ns() + SomeTime(kOutageMaxMs);
  switch (fault) {
    case Fault::kStoreAway:
      config_.SetUnreachable(node, until_ns);
      return true;
    case Fault::kStoreAwayAll:
      for (uint32_t i = 0; i < plan_.nodes; ++i) config_.SetUnreachable(i, until_ns);
      return true;
    case Fault::kAnswerForgotten:
      return config_.ForgetNextAnswer();
    default:
      return config_.DelayNext(SomeTime(1500));
  }
}

// ---- disk ----

bool ClusterWorld::InjectIntoDisk(Fault fault, uint32_t node) {
  ClusterNode* n = nodes_[node].get();
  switch (fault) {
    case Fault::kSlowDisk:
      n->SlowDisk(static_cast<uint32_t>(2 + fault_random_.Skewed(998)));
      break;
    case Fault::kDiskFull:
      n->machine()->disk.set_full(true);
      break;
    default:
      n->FailNextWrite();
      return true;
  }
  events_.ScheduleIn(SomeTime(kOutageMaxMs), this, kBackToNormal, node);
  return true;
}

// ---- processes and machines ----

void ClusterWorld::RestartLater(uint32_t node) {
  int64_t in_ns =
      static_cast<int64_t>(fault_random_.Skewed(static_cast<uint64_t>(plan_.restart_max_ns)));
  // Fast ones meet what the dead process had sent.
  if (fault_random_.Chance(plan_.fast_restart_percent))
    in_ns = static_cast<int64_t>(fault_random_.Skewed(2 * kMs));
  nodes_[node]->StartIn(phase_ == Phase::kFaults ? in_ns : kMs);
}

bool ClusterWorld::LoseMachine(uint32_t node, bool disk_too) {
  if (!nodes_[node]->LoseMachine()) return false;
  if (disk_too) nodes_[node]->LoseDisk();
  events_.ScheduleIn(SomeTime(kOutageMaxMs), this, kPowerOn, node);
  return true;
}

// MUTANT: the fault model says that this cannot happen.
void ClusterWorld::BreakPromise(uint32_t node) {
  for (auto& [id, truth] : truths_) {
    NodeWear* wear = truth->wear(node);
    TestRingMemory* ring = nodes_[node]->machine()->rings.Find(id);
    switch (options_.mutant) {
      case SimMutant::kMemoryLossUntold:
        nodes_[node]->machine()->rings.Remove(id);
        break;
      case SimMutant::kDiskLossUntold:
        nodes_[node]->machine()->disk.RemoveJournal(id);
        break;
      case SimMutant::kForgetsAckedEnd: {
        if (ring == nullptr || wear->memory_life > 1) break;
        RingEnds* ends = &ring->memory().control()->ends[ring->memory().control()->active & 1];
        uint64_t lost = truth->newest_record_bytes();
        if (ends->end > lost) ends->end -= lost;
        ends->acked_end = std::min(ends->acked_end, ends->end);
        break;
      }
      default:
        break;
    }
  }
}

bool ClusterWorld::InjectIntoProcess(Fault fault, uint32_t node) {
  ClusterNode* n = nodes_[node].get();
  const int64_t until_ns = events_.now_ns() + SomeTime(kPauseMaxMs);
  bool any = false;
  switch (fault) {
    case Fault::kKillAtBoundary:
      n->crash_clock()->Set(fault_random_.Between(1, 40));
      return true;
    case Fault::kKillDamage:
      any = n->Kill("a fault");
      n->DamageRings();
      return any;
    case Fault::kKillAll:
      for (auto& each : nodes_) any = each->Kill("a fault of all") || any;
      for (uint32_t i = 0; i < nodes_.size(); ++i) BreakPromise(i);
      return any;
    case Fault::kKillAllTail:
    case Fault::kKillAllSome:
    case Fault::kTwiceDead:
      return InjectIntoAll(fault);
    case Fault::kMachine:
      return LoseMachine(node, false);
    case Fault::kMachineAndDisk:
      return LoseMachine(node, true);
    case Fault::kPowerAll:
      for (uint32_t i = 0; i < nodes_.size(); ++i) any = LoseMachine(i, false) || any;
      for (uint32_t i = 0; i < nodes_.size(); ++i) BreakPromise(i);
      return any;
    case Fault::kGone:
      return BeginToGo(node);
    case Fault::kPause:
      return n->PauseUntil(until_ns, false);
    case Fault::kSuspend:
      any = n->PauseUntil(until_ns, true);
      return Isolate(node, until_ns) || any;
    case Fault::kWallClock:
      n->clock()->JumpWall((static_cast<int64_t>(fault_random_.Below(120)) - 60) * kSecond);
      return true;
    case Fault::kDrain:
      return n->Drain();
    default:
      return n->Kill("a fault");
  }
}

// The one that leads, or any.
uint32_t ClusterWorld::SomeLeader() {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->leads_any()) return i;
  }
  return static_cast<uint32_t>(fault_random_.Below(nodes_.size()));
}

bool ClusterWorld::InjectIntoAll(Fault fault) {
  const uint32_t leader = SomeLeader();
  bool any = false;
  if (fault == Fault::kTwiceDead) return KillTwice(leader);
  for (auto& each : nodes_) any = each->Kill("a fault of all") || any;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (fault == Fault::kKillAllTail && !nodes_[i]->running()) nodes_[i]->DamageTails();
    if (fault == Fault::kKillAllSome && i != leader) LoseMachine(i, false);
  }
  if (fault == Fault::kKillAllSome) nodes_[leader]->StartIn(kMs);
  return any;
}

// What only the leader's disk holds must be looked at, however short that node was back: its memory
// goes, and again once it has left the in-sync set by registering.
bool ClusterWorld::KillTwice(uint32_t leader) {
  const bool alone = fault_random_.Chance(50);
  const int64_t in_ns = 300 * kMs + SomeTime(300);
  for (uint32_t i = 0; i < plan_.nodes; ++i) {
    if (i == leader) continue;
    if (alone) BlockBothWays(leader, i, events_.now_ns() + in_ns + 100 * kMs);
    if (!alone) nodes_[i]->SlowDisk(500);
    if (!alone) events_.ScheduleIn(in_ns, this, kAimedFault, i | 4u << 8);
    if (!alone) events_.ScheduleIn(in_ns + 10 * kMs, this, kBackToNormal, i);
  }
  events_.ScheduleIn(in_ns, this, kAimedFault, leader | 4u << 8);
  dies_registered_.insert(nodes_[leader]->name());
  return true;
}

void ClusterWorld::OnRegistered(const std::string& node) {
  if (phase_ != Phase::kFaults || dies_registered_.erase(node) == 0) return;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->name() != node) continue;
    events_.ScheduleIn(static_cast<int64_t>(fault_random_.Skewed(3)) * kMs, this, kAimedFault,
                       i | 4u << 8);
  }
}

// ---- biased schedules ----

void ClusterWorld::OnMoment(ClusterNode* node, Moment moment) {
  if (phase_ != Phase::kFaults ||
      !fault_random_.Chance(plan_.aim_percent[static_cast<int>(moment)])) {
    return;
  }
  std::string what = absl::StrCat("aimed at moment ", static_cast<int>(moment), " of ");
  if (!MayHappen(what + node->name())) return;
  if (moment == Moment::kCasSubmitted && fault_random_.Chance(40)) {
    Count(fault_random_.Chance(50) ? config_.ForgetNextAnswer()
                                   : config_.DelayNext(SomeTime(1500)));
    if (fault_random_.Chance(50)) return;
  }
  if (fault_random_.Chance(40)) {
    node->crash_clock()->Set(fault_random_.Between(1, 8));
    return Count(true);
  }
  uint32_t target = node->host();
  if (fault_random_.Chance(50)) target = static_cast<uint32_t>(fault_random_.Below(nodes_.size()));
  int64_t in_ns = static_cast<int64_t>(fault_random_.Skewed(kAimedWithinNs));
  events_.ScheduleIn(in_ns, this, kAimedFault, target | fault_random_.Below(6) << 8);
}

bool ClusterWorld::AimedFault(uint32_t node, uint64_t choice) {
  if (phase_ != Phase::kFaults) return false;
  switch (choice) {
    case 0:
      return nodes_[node]->Kill("an aimed fault");
    case 1:
      return nodes_[node]->PauseUntil(events_.now_ns() + SomeTime(kPauseMaxMs), false);
    case 2:
      return network_.Cut(node);
    case 3:
      return Isolate(node, events_.now_ns() + SomeTime(kOutageMaxMs));
    case 4:
      if (plan_.AllowsMemoryLoss()) return LoseMachine(node, false);
      return nodes_[node]->Kill("an aimed fault");
    default: {
      const auto other = static_cast<HostNumber>(fault_random_.Below(plan_.nodes));
      const int64_t until_ns = events_.now_ns() + SomeTime(kOutageMaxMs);
      return other != node && network_.Block(node, other, until_ns);
    }
  }
}

}  // namespace ringjournal::cluster_sim
