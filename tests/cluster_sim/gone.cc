// Machines that go for good, and the operator who declares them lost.
#include <algorithm>

#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {
namespace {

// A machine that nobody declares lost is mended in the end.
constexpr int64_t kGoneMaxNs = 9 * kSecond;
// It is cut off first, for so long at most.
constexpr uint64_t kCutOffBeforeMs = 1500;
// One that was declared lost may come back so soon.
constexpr uint64_t kReturnsWithinMs = 2500;

}  // namespace

void ClusterWorld::MakeOperator() {
  if (!plan_.has_operator) return;
  OperatorEnvironment environment{&events_, &report_, &network_, &truths_, &nodes_, &gone_};
  recovery_operator_ = std::make_unique<RecoveryOperator>(
      environment, next_host_++, options_.seed ^ 0x09e7'a704, plan_.hasty_permille);
}

// Mostly it is the last copy: one other node falls behind, then all do, then it goes.
bool ClusterWorld::BeginToGo(uint32_t node) {
  if (fault_random_.Chance(30)) return LetGo(node);
  const uint32_t other = (node + 1 + static_cast<uint32_t>(fault_random_.Below(2))) % plan_.nodes;
  const int64_t cut_off_in_ns = SomeTime(kCutOffBeforeMs);
  events_.ScheduleIn(cut_off_in_ns, this, kCutsOff, node);
  if (other == node || !fault_random_.Chance(60)) return false;
  return BlockBothWays(node, other, events_.now_ns() + 2 * cut_off_in_ns);
}

bool ClusterWorld::CutOffAndGo(uint32_t node) {
  if (phase_ != Phase::kFaults) return false;
  events_.ScheduleIn(SomeTime(kCutOffBeforeMs), this, kGoes, node);
  return Isolate(node, events_.now_ns() + static_cast<int64_t>(kCutOffBeforeMs) * kMs);
}

// Somebody stays to be asked.
bool ClusterWorld::LetGo(uint32_t node) {
  if (phase_ != Phase::kFaults || gone_.size() + 1 >= nodes_.size()) return false;
  if (!nodes_[node]->LoseMachine()) return false;
  if (fault_random_.Chance(40)) nodes_[node]->LoseDisk();
  gone_.insert(node);
  events_.ScheduleIn(kGoneMaxNs, this, kReturns, node);
  return true;
}

void ClusterWorld::Return(uint32_t node) {
  if (gone_.erase(node) == 0) return;
  nodes_[node]->PowerOn();
  RestartLater(node);
}

void ClusterWorld::OnLossStored(const v1::JournalConfig& config) {
  if (recovery_operator_ == nullptr || report_.failed()) return;
  const v1::LossReport& loss = config.losses(config.losses_size() - 1);
  const auto& lost = loss.declared_lost();
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    const std::string& name = nodes_[i]->name();
    if (name == config.leader().node()) recovery_operator_->OnLoss(loss, i);
    if (std::count(lost.begin(), lost.end(), name) == 0 || gone_.count(i) == 0) continue;
    events_.ScheduleIn(SomeTime(kReturnsWithinMs), this, kReturns, i);
  }
}

}  // namespace ringjournal::cluster_sim
