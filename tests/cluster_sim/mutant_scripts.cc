#include "tests/cluster_sim/mutant_scripts.h"

#include "absl/strings/str_cat.h"
#include "journal/node/test_replica.h"
#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// n2 has acknowledged in epoch 1 what n3, which leads epoch 2, never had. Those acknowledgements
// arrive when n1 leads epoch 3, in which n2 has said nothing yet: they are about another log.
std::string AcknowledgementsOfAnotherEpoch() {
  Stage s({.memory_only = true});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  const Index common = EndOf(s, kN1);
  s.Cut(kN1, kN3);
  s.Cut(kN1, Stage::kStore);
  s.CutOneWay(kN2, kN1);
  for (int i = 0; i < 6; ++i) {
    s.Append(absl::StrCat("cut ", i), Level::kReceived);
    s.Wait(2 * kMs);
  }
  const Index cut = EndOf(s, kN2);
  if (cut.value() < common.value() + 4) return Stuck(s, "n2 has not got what n3 lacks");
  // Nothing more reaches n2, whose connection lasts as long as nobody learns that it has closed it.
  s.CutOneWay(kN1, kN2);
  s.Cut(kN2, Stage::kStore);
  for (uint32_t n = 0; n < 3; ++n) s.Cut(n, Stage::kClients);
  if (!s.WaitUntil([&] { return s.leader() == kN3; }, kSecond)) return Stuck(s, "n3 leads not");
  s.Mend(kN1, kN3);
  s.Mend(kN1, Stage::kStore);
  s.Mend(kN2, Stage::kStore);
  auto all_follow = [&] {
    return s.config().isr_size() == 3 && EndOf(s, kN1) == EndOf(s, kN3) && EndOf(s, kN2) < cut;
  };
  if (!s.WaitUntil(all_follow, 3 * kSecond)) return Stuck(s, "n1 and n2 do not follow n3");
  s.Cut(kN2, Stage::kStore);  // it does not learn of epoch 3
  s.Kill(kN3);
  if (!s.WaitUntil([&] { return s.leader() == kN1; }, kSecond)) return Stuck(s, "n1 leads not");
  if (EndOf(s, kN1) >= cut) return Stuck(s, "the new log is longer than the old one");
  s.MendOneWay(kN2, kN1);
  s.Wait(130 * kMs);
  return s.violation();
}

// n2 has begun to lead and does not know yet that its last entry is committed: n4, which lacks it,
// holds all that n2 calls committed.
std::string AddedTooEarly(uint64_t seed) {
  Stage s({.nodes = 4, .memory_only = true, .seed = seed});
  s.Append("early", Level::kReplicated);
  auto settled = [&] { return s.all_answered() && s.WhyNotInSync().empty(); };
  if (!s.WaitUntil(settled, kSecond)) return Stuck(s, "nothing is acknowledged");
  s.Wait(20 * kMs);  // all know what is committed
  s.Cut(kN1, kN4);
  if (!s.WaitUntil([&] { return s.config().isr_size() == 3; }, kSecond)) {
    return Stuck(s, "n4 is not dropped");
  }
  const Index known = EndOf(s, kN4);
  if (EndOf(s, kN1) != known) return Stuck(s, "n4 lacks something already");
  s.Append("late", Level::kReceived, 12'000);
  auto held = [&] { return EndOf(s, kN2) > known && EndOf(s, kN3) > known; };
  if (!s.WaitUntil(held, kSecond)) return Stuck(s, "n2 and n3 have not got it");
  s.CutOneWay(kN1, kN2);
  s.CutOneWay(kN1, kN3);
  auto committed = [&] { return s.replica(kN1)->marks().committed.index > known; };
  if (!s.WaitUntil(committed, 50 * kMs)) return Stuck(s, "it is not committed");
  if (s.replica(kN2)->marks().committed.index > known) return Stuck(s, "n2 knows already");
  for (uint32_t n = 0; n < 4; ++n) s.Cut(n, Stage::kClients);
  s.Cut(kN3, Stage::kStore);
  s.Kill(kN1);
  if (!s.WaitUntil([&] { return s.leader() == kN2; }, kSecond)) return Stuck(s, "n2 leads not");
  auto asked = [&] { return IsAt(s, kN4, 2); };
  if (!s.WaitUntil(asked, 100 * kMs)) return Stuck(s, "n4 does not follow");
  if (EndOf(s, kN4) == known) s.CutOneWay(kN2, kN4);  // the rest is still on its way
  s.Wait(50 * kMs);
  return s.violation();
}

// How the network cuts bytes in pieces decides whether n4 answers in between.
std::string AddedBeforeTheEpochStart() {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::string verdict = AddedTooEarly(seed);
    if (!verdict.empty()) return verdict;
  }
  return "";
}

// Two logs with equal epochs and different entries, which only an older mistake can have made.
std::string AnotherChain() {
  TestReplica leader, backup;
  leader.Append(1, {"one"});
  backup.Append(1, {"another"});
  backup.replica->StepDown();
  const LogPosition& theirs = leader.replica->derived().position();
  const LogPosition& own = backup.replica->derived().position();
  if (own.last().index != theirs.last().index) return "script: the logs have different ends";
  absl::Status cut = backup.replica->TruncateTo(theirs.last().index, theirs.chain);
  if (absl::IsDataLoss(cut)) return "";
  return absl::StrCat("I4: the log of a backup is another one at entry ",
                      theirs.last().index.value(), ", and it follows: ", cut.ToString());
}

}  // namespace

std::string RunMutantScript(std::string_view mutant) {
  if (mutant == "ack_of_another_epoch") return AcknowledgementsOfAnotherEpoch();
  if (mutant == "added_before_epoch_start") return AddedBeforeTheEpochStart();
  if (mutant == "chain_not_checked") return AnotherChain();
  if (std::optional<std::string> verdict = RunMemberScript(mutant)) return *verdict;
  if (std::optional<std::string> verdict = RunLagScript(mutant)) return *verdict;
  if (std::optional<std::string> verdict = RunCutScript(mutant)) return *verdict;
  if (std::optional<std::string> verdict = RunPlanScript(mutant)) return *verdict;
  return absl::StrCat("script: none for ", std::string(mutant));
}

}  // namespace ringjournal::cluster_sim
