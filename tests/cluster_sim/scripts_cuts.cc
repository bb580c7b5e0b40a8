// Scripts about links that carry in one direction only, and logs that are cut.
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

bool AppendUntil(Stage* s, const std::string& name, int entries, Level level,
                 const std::vector<uint32_t>& holders) {
  const Index before = EndOf(*s, kN1);
  for (int i = 0; i < entries; ++i) s->Append(absl::StrCat(name, " ", i), level, 3000);
  auto held = [&] {
    bool all = true;
    for (uint32_t n : holders) all &= EndOf(*s, n) == before + static_cast<uint64_t>(entries);
    return all;
  };
  return s->WaitUntil(held, kSecond);
}

// n3 comes back with a tail on its disk that nobody else has, and with states of that tail only; it
// is in sync again when n1 commits what n2 has, and ends. n2 leads, whose newest state is of before
// that: n3, which cannot cut its ring, must not be elected with that state.
std::string StateBelowCommon(uint64_t seed) {
  Stage s({.min_isr = 3,
           .policy = v1::DEGRADED_POLICY_MEMORY,
           .checkpoint_interval_ms = 20,
           .seed = seed});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  for (uint32_t n : {kN2, kN3}) s.Cut(n, Stage::kStore);
  s.CutOneWay(kN2, kN1);  // nothing is committed from here on
  if (!AppendUntil(&s, "common", 4, Level::kReplicated, {kN1, kN2, kN3})) {
    return Stuck(s, "n2 and n3 do not get it");
  }
  const Index common = EndOf(s, kN2);
  s.CutOneWay(kN1, kN2);
  if (!AppendUntil(&s, "tail", 8, Level::kReceived, {kN1, kN3})) return Stuck(s, "no tail");
  auto on_disk = [&] { return s.replica(kN3)->marks().durable.index == EndOf(s, kN1); };
  if (!s.WaitUntil(on_disk, kSecond)) return Stuck(s, "the tail is not on the disk of n3");
  s.PowerOff(kN3);
  s.Mend(kN3, Stage::kStore);
  s.Start(kN3);
  auto back = [&] { return s.config().isr_size() == 3 && EndOf(s, kN3) >= EndOf(s, kN1); };
  if (!s.WaitUntil(back, 2 * kSecond)) return Stuck(s, "n3 is not taken back");
  s.CutOneWay(kN1, kN3);
  s.Cut(kN3, Stage::kStore);
  s.MendOneWay(kN2, kN1);
  auto committed = [&] { return s.FateOf("common 3").acknowledged(); };
  if (!s.WaitUntil(committed, kSecond)) return Stuck(s, "n1 commits nothing");
  if (EndOf(s, kN2) != common) return Stuck(s, "n2 has the tail");
  for (uint32_t n : {kN2, kN3}) s.Cut(n, Stage::kClients);
  s.Kill(kN1);
  s.Mend(kN2, Stage::kStore);
  if (!s.WaitUntil([&] { return s.leader() == kN2; }, kSecond)) return Stuck(s, "n2 leads not");
  s.Mend(kN3, Stage::kStore);
  const Index tail = EndOf(s, kN3);
  auto cut = [&] { return EndOf(s, kN3) < tail; };
  if (!s.WaitUntil(cut, kSecond)) return Stuck(s, "n3 is not cut");
  s.CutOff(kN2);
  s.Kill(kN2);
  if (!s.WaitUntil([&] { return s.leader() == kN3; }, kSecond)) return Stuck(s, "n3 leads not");
  s.Wait(50 * kMs);
  return s.violation();
}

// How the network cuts bytes in pieces decides what n3 gets behind the state.
std::string StateBelowCommon() {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::string verdict = StateBelowCommon(seed);
    if (!verdict.empty()) return verdict;
  }
  return "";
}

}  // namespace

std::optional<std::string> RunCutScript(std::string_view mutant) {
  if (mutant == "deaf_goes_on") return LeaderThatHearsNobody();
  if (mutant == "state_below_common") return StateBelowCommon();
  if (mutant == "stranger_deposes") return WhoIsNotInSyncHearsNobody();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
