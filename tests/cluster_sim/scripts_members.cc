// Scripts about members that come and go: whose disk counts, and when.
#include <algorithm>

#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

constexpr uint32_t kNever = 1'000'000;  // times slower: nothing of it is done in a script's time

bool IsMember(const Stage& s, uint32_t n) {
  const auto& members = s.config().members();
  return std::count(members.begin(), members.end(), absl::StrCat("n", n + 1)) > 0;
}

bool IsInSync(const Stage& s, uint32_t n) {
  for (const v1::ReplicaId& id : s.config().isr()) {
    if (id.node() == absl::StrCat("n", n + 1)) return true;
  }
  return false;
}

bool Remove(Stage* s, uint32_t n) {
  s->admin()->RemoveMember(s->journal(), absl::StrCat("n", n + 1), kSecond);
  return s->WaitUntil([&] { return !IsMember(*s, n); }, kSecond);
}

// n2, alone in sync, loses its memory, and comes back with what its disk has. Nobody else does.
std::string RecoverFromTheDiskOfN2(Stage* s) {
  s->Kill(kN3);
  s->Kill(kN1);
  s->WaitUntil([&] { return s->leader() == kN2 && s->config().isr_size() == 1; }, kSecond);
  s->PowerOff(kN2);
  s->SlowDisk(kN2, 1);
  s->Start(kN2);
  s->Wait(3 * kSecond);
  return s->violation();
}

// What is acknowledged at disk_quorum is on the disks of n1 and n3. Then n3 leaves, and of the two
// that stay one disk has it, which is no majority.
std::string RemovedBeforeDisks() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY});
  s.SlowDisk(kN2, kNever);
  s.Append("kept", Level::kDiskQuorum);
  auto acknowledged = [&] { return s.FateOf("kept").acknowledged(); };
  if (!s.WaitUntil(acknowledged, kSecond)) return Stuck(s, "two disks do not acknowledge");
  Remove(&s, kN3);
  return RecoverFromTheDiskOfN2(&s);
}

// n1 is the only member, and its disk the majority. n2 is added: until its disk has what was
// acknowledged before, it may not lead, or a recovery would count it.
std::string LearnerCounted() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 5000});
  if (!Remove(&s, kN3) || !Remove(&s, kN2)) return Stuck(s, "n1 is not alone");
  s.Append("kept", Level::kDiskQuorum);
  auto acknowledged = [&] { return s.FateOf("kept").acknowledged(); };
  if (!s.WaitUntil(acknowledged, kSecond)) return Stuck(s, "its disk does not acknowledge");
  s.Wait(100 * kMs);
  s.SlowDisk(kN2, kNever);
  s.admin()->AddMember(s.journal(), "n2", kSecond);
  if (!s.WaitUntil([&] { return IsMember(s, kN2); }, kSecond)) return Stuck(s, "n2 is no member");
  s.WaitUntil([&] { return IsInSync(s, kN2); }, 500 * kMs);
  return RecoverFromTheDiskOfN2(&s);
}

// n3 leaves, and has left the in-sync set; what is acknowledged at disk_quorum from then on must be
// on the disks of those who stay. That of n2 is `slower` times slower than usual: it has what was
// appended before n3 was asked to leave, and not yet what came after.
std::string LeavingDisk(uint32_t slower) {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 20});
  s.Append("early", Level::kDiskQuorum);
  if (!s.WaitUntil([&] { return s.all_answered(); }, kSecond)) return Stuck(s, "nothing is there");
  s.Wait(200 * kMs);
  s.SlowDisk(kN2, slower);
  s.admin()->RemoveMember(s.journal(), "n3", 9 * kSecond);
  if (!s.WaitUntil([&] { return !IsInSync(s, kN3); }, kSecond)) return Stuck(s, "n3 stays in sync");
  s.Append("late", Level::kDiskQuorum);
  auto acknowledged = [&] { return s.FateOf("late").acknowledged(); };
  if (!s.WaitUntil(acknowledged, 5 * kSecond)) return Stuck(s, "no two disks acknowledge");
  if (!s.WaitUntil([&] { return !IsMember(s, kN3); }, 9 * kSecond)) return Stuck(s, "n3 stays");
  return RecoverFromTheDiskOfN2(&s);
}

// How long one operation of a disk takes is drawn, so it is tried with several disks.
std::string LeavingDiskCounts() {
  for (uint32_t slower : {50, 100, 150, 200, 250, 300, 350, 400}) {
    std::string verdict = LeavingDisk(slower);
    if (!verdict.empty()) return verdict;
  }
  return "";
}

}  // namespace

std::optional<std::string> RunMemberScript(std::string_view mutant) {
  if (mutant == "removed_before_disks") return RemovedBeforeDisks();
  if (mutant == "learner_counted") return LearnerCounted();
  if (mutant == "leaving_disk_counts") return LeavingDiskCounts();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
