// Scripts about links that carry in one direction only.
#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// Nothing arrives at n1 any more: no acknowledgement, no request, no answer of the config store.
// What it says is heard. The others must not wait for it any longer than for one that is silent.
std::string LeaderThatHearsNobody() {
  Stage s({.memory_only = true});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  s.CutOneWay(kN2, kN1);
  s.CutOneWay(kN3, kN1);
  s.Cut(kN1, Stage::kStore);
  s.Cut(kN1, Stage::kClients);
  s.Append("late", Level::kReplicated);
  if (!s.WaitUntil([&] { return s.leader() != kN1; }, 400 * kMs)) {
    return "I15: n1 hears nobody, and leads for 400 ms";
  }
  if (!s.WaitUntil([&] { return s.all_answered(); }, 2 * kSecond)) {
    return "I15: nothing is acknowledged under the leader that came after n1";
  }
  s.MendAll();
  if (!s.WaitUntil([&] { return s.WhyNotInSync().empty(); }, 5 * kSecond)) {
    return absl::StrCat("I15: not in sync once all links carry again: ", s.WhyNotInSync());
  }
  return s.violation();
}

// n3 is dropped and hears nothing of its leader, and reaches the config store all the time.
std::string WhoIsNotInSyncHearsNobody() {
  Stage s({});
  s.Append("early", Level::kReplicated);
  if (!s.WaitUntil([&] { return s.all_answered(); }, kSecond)) return Stuck(s, "no answer");
  s.Cut(kN1, kN3);
  if (!s.WaitUntil([&] { return s.config().isr_size() == 2; }, kSecond)) {
    return Stuck(s, "n3 is not dropped");
  }
  const uint32_t epoch = s.config().epoch();
  s.Append("late", Level::kReplicated);
  if (s.WaitUntil([&] { return !s.config().has_leader(); }, 5 * kSecond)) {
    return "I15: n3, which may lack committed entries, has deposed a leader that serves";
  }
  if (!s.all_answered() || s.config().epoch() != epoch) return Stuck(s, "n1 does not serve");
  return s.violation();
}

}  // namespace

std::optional<std::string> RunCutScript(std::string_view mutant) {
  if (mutant == "deaf_goes_on") return LeaderThatHearsNobody();
  if (mutant == "stranger_deposes") return WhoIsNotInSyncHearsNobody();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
