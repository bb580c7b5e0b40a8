// Scripts about copies on disks.
#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// Only n2's disk takes anything in time. n2 starts again and n1, which does not hear of that from
// the config store, knows two lives of it: they have one disk.
std::string TwoLivesOfOneNode() {
  Stage s({});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  s.SlowDisk(kN1, 1'000'000);
  s.SlowDisk(kN3, 1'000'000);
  s.Append("late", Level::kDiskQuorum);
  const auto durable = [&](uint32_t n) { return s.replica(n)->marks().durable.index; };
  auto only_n2 = [&] { return durable(kN2) == EndOf(s, kN2) && durable(kN2) == EndOf(s, kN1); };
  if (!s.WaitUntil(only_n2, kSecond)) return Stuck(s, "n2 has not got it on its disk");
  if (durable(kN1) == EndOf(s, kN1) || durable(kN3) == EndOf(s, kN3)) {
    return Stuck(s, "another disk has it, too");
  }
  s.Cut(kN1, Stage::kStore);
  s.Kill(kN2);
  s.Start(kN2);
  s.Wait(120 * kMs);  // n1 would not drop the older life before
  if (s.replica(kN2) == nullptr) return Stuck(s, "n2 has not come back");
  s.Wait(kSecond);
  return s.violation();
}

}  // namespace

std::optional<std::string> RunDiskScript(std::string_view mutant) {
  if (mutant == "two_lives_two_disks") return TwoLivesOfOneNode();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
