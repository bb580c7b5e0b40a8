// Scripts about planned changes whose outcome is unknown.
#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// The change that hands n1's journal over to n2 takes effect a second late, long after n1 has been
// told that its outcome is unknown, and n1 cannot ask. What it takes meanwhile n2 never has.
std::string ResumesWhileUnknown() {
  Stage s({.memory_only = true});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  s.DelayNextChange(kSecond);
  s.admin()->MoveLeader(s.journal(), "n2", 200 * kMs);  // and does not ask again
  s.Wait(30 * kMs);
  s.Cut(kN1, Stage::kStore);
  s.Wait(940 * kMs);
  if (s.leader() != kN1) return Stuck(s, "another leads already");
  s.CutOneWay(kN1, kN2);
  s.Append("late", Level::kReceived);
  if (!s.WaitUntil([&] { return s.config().leader().node() == "n2"; }, kSecond)) {
    return Stuck(s, "n2 is not handed anything");
  }
  s.MendAll();
  s.Wait(kSecond);
  return s.violation();
}

// The change that hands n1's journal over to n2 takes effect much later. Until then n2 is no
// leader.
std::string ToldBeforeItIsTrue() {
  Stage s({.memory_only = true});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  s.DelayNextChange(300 * kMs);
  s.admin()->MoveLeader(s.journal(), "n2", 200 * kMs);
  s.Wait(100 * kMs);
  if (s.config().leader().node() != "n1") return Stuck(s, "the change has come too early");
  s.Wait(kSecond);
  return s.violation();
}

}  // namespace

std::optional<std::string> RunPlanScript(std::string_view mutant) {
  if (mutant == "resumes_while_unknown") return ResumesWhileUnknown();
  if (mutant == "told_before_applied") return ToldBeforeItIsTrue();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
