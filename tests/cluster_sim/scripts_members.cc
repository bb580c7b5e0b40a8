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

bool HasItOnDisk(Stage* s, const std::string& name, size_t payload_bytes = 16) {
  s->Append(name, Level::kDiskQuorum, payload_bytes);
  return s->WaitUntil([&] { return s->FateOf(name).acknowledged(); }, kSecond);
}

// What is acknowledged at disk_quorum is on the disks of n1 and n3. Then n3 leaves, and of the two
// that stay one disk has it, which is no majority.
std::string RemovedBeforeDisks() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 20});
  if (!HasItOnDisk(&s, "early")) return Stuck(s, "no disks acknowledge");
  s.Wait(200 * kMs);
  s.SlowDisk(kN2, kNever);
  if (!HasItOnDisk(&s, "kept")) return Stuck(s, "two disks do not acknowledge");
  Remove(&s, kN3);
  return RecoverFromTheDiskOfN2(&s);
}

// n1 is the only member, and its disk the majority. n2 is added, whose disk has a part of the log
// from before: until it has what was acknowledged meanwhile, n2 may not lead, or a recovery would
// count it.
std::string LearnerCounted() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY});
  if (!HasItOnDisk(&s, "early")) return Stuck(s, "no disks acknowledge");
  s.Wait(300 * kMs);
  if (!Remove(&s, kN3)) return Stuck(s, "n3 stays a member");
  s.Kill(kN2);
  if (!Remove(&s, kN2)) return Stuck(s, "n1 is not alone");
  if (!HasItOnDisk(&s, "kept")) return Stuck(s, "its disk does not acknowledge");
  s.admin()->AddMember(s.journal(), "n2", kSecond);
  if (!s.WaitUntil([&] { return IsMember(s, kN2); }, kSecond)) return Stuck(s, "n2 is no member");
  s.Start(kN2);
  if (!s.WaitUntil([&] { return s.replica(kN2) != nullptr; }, kSecond)) return Stuck(s, "no n2");
  s.SlowDisk(kN2, kNever);
  s.WaitUntil([&] { return IsInSync(s, kN2); }, 500 * kMs);
  return RecoverFromTheDiskOfN2(&s);
}

// n3 leaves, and has left the in-sync set; what is acknowledged at disk_quorum from then on must be
// on the disks of those who stay. That of n2 has all from before, and takes nothing more.
std::string LeavingDiskCounts() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 20});
  if (!HasItOnDisk(&s, "early")) return Stuck(s, "no disks acknowledge");
  s.Wait(200 * kMs);
  s.admin()->RemoveMember(s.journal(), "n3", 9 * kSecond);
  if (!s.WaitUntil([&] { return !IsInSync(s, kN3); }, kSecond)) return Stuck(s, "n3 stays in sync");
  s.Wait(3 * kMs);  // n1 knows, and what n3 leaves behind ends here
  s.DelayNextChange(100 * kMs);
  s.SlowDisk(kN2, kNever);
  // Its write is under way for ever; what comes later is not even begun, so no power cut keeps it.
  s.Append("first", Level::kReplicated);
  s.Wait(40 * kMs);
  s.Append("late", Level::kDiskQuorum);
  if (!s.WaitUntil([&] { return !IsMember(s, kN3); }, kSecond)) return Stuck(s, "n3 stays");
  return RecoverFromTheDiskOfN2(&s);
}

// An entry is on the disks of n1 and n3, and waits for n2 to be committed. Then n3 comes back
// without its disk, and n1 hears of that from the config store only.
std::string RestartedDiskCounts() {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 20});
  if (!HasItOnDisk(&s, "early")) return Stuck(s, "no disks acknowledge");
  s.Wait(200 * kMs);
  s.SlowDisk(kN2, kNever);
  s.Cut(kN1, kN2);
  s.Append("late", Level::kDiskQuorum);
  auto on_disk = [&](uint32_t n) { return s.replica(n)->marks().durable.index == EndOf(s, kN1); };
  s.Wait(2 * kMs);
  if (!s.WaitUntil([&] { return on_disk(kN1) && on_disk(kN3); }, 100 * kMs)) {
    return Stuck(s, "two disks do not get it");
  }
  s.Wait(5 * kMs);  // n1 is told
  s.Cut(kN1, kN3);
  s.PowerOff(kN3);
  s.LoseDisk(kN3);
  s.Start(kN3);
  s.Wait(40 * kMs);
  s.Mend(kN1, kN2);
  s.WaitUntil([&] { return s.FateOf("late").acknowledged(); }, 500 * kMs);
  return s.violation();
}

// n1 and n2 are the members, and what is acknowledged at disk_quorum is on both disks. n2's is
// emptied, and has most of the log again when it takes nothing more: until it has all of it, n2
// may not lead, or a recovery would count it.
std::string EmptiedDisk(uint32_t slower) {
  Stage s({.policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 20});
  if (!HasItOnDisk(&s, "early")) return Stuck(s, "no disks acknowledge");
  if (!Remove(&s, kN3)) return Stuck(s, "n3 stays a member");
  for (int i = 0; i < 40; ++i) {  // several times what its ring takes without its disk
    if (!HasItOnDisk(&s, absl::StrCat("much ", i), 12'000)) return Stuck(s, "a disk takes nothing");
  }
  s.PowerOff(kN2);
  s.LoseDisk(kN2);
  s.SlowDisk(kN2, slower);
  s.Start(kN2);
  auto lacks = [&] {
    return EndOf(s, kN1).value() - s.replica(kN2)->marks().durable.index.value();
  };
  auto mostly = [&] { return s.replica(kN2) != nullptr && lacks() <= 2; };
  if (!s.WaitUntil(mostly, 20 * kSecond)) return Stuck(s, "n2's disk gets too little");
  if (lacks() == 0) return Stuck(s, "n2's disk has everything at once");
  s.SlowDisk(kN2, kNever);
  s.WaitUntil([&] { return IsInSync(s, kN2); }, 500 * kMs);
  return RecoverFromTheDiskOfN2(&s);
}

// How long one operation of a disk takes is drawn, so it is tried with several disks.
std::string EmptiedDisk() {
  std::string stuck = "script: the disk gets everything or nothing";
  for (uint32_t slower = 20; slower <= 400; slower += 20) {
    std::string verdict = EmptiedDisk(slower);
    if (verdict.empty()) stuck.clear();
    if (!verdict.empty() && verdict.compare(0, 7, "script:") != 0) return verdict;
  }
  return stuck;
}

}  // namespace

std::optional<std::string> RunMemberScript(std::string_view mutant) {
  if (mutant == "removed_before_disks") return RemovedBeforeDisks();
  if (mutant == "emptied_disk_counted") return EmptiedDisk();
  if (mutant == "learner_counted") return LearnerCounted();
  if (mutant == "leaving_disk_counts") return LeavingDiskCounts();
  if (mutant == "restarted_disk_counts") return RestartedDiskCounts();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
