#include "server/cluster/recovery_decision.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

auto Key(const v1::LogAnswer& log) {
  return std::tuple(log.last_generation(), log.last_epoch(), log.end_index());
}

// The greatest of the logs for which `counts` holds; of equal ones the first by name. Null: none.
template <class Counts>
const std::string* Greatest(const RecoveryInput& in, Counts counts) {
  const std::string* best = nullptr;
  for (const auto& [node, log] : in.logs) {
    if (!counts(node, log)) continue;
    if (best == nullptr || IsGreater(log, in.logs.at(*best))) best = &node;
  }
  return best;
}

// The first node of `nodes` that has not answered; empty: all have.
template <class Nodes>
std::string Missing(const RecoveryInput& in, const Nodes& nodes) {
  for (const auto& node : nodes) {
    if constexpr (std::is_same_v<std::decay_t<decltype(node)>, v1::ReplicaId>) {
      if (in.logs.count(node.node()) == 0) return node.node();
    } else {
      if (in.logs.count(node) == 0) return node;
    }
  }
  return "";
}

RecoveryDecision Wait(std::string reason) { return {RecoveryStep::kWait, std::move(reason)}; }

RecoveryDecision FromDisk(const RecoveryInput& in) {
  const v1::JournalConfig& config = *in.config;
  std::string missing = Missing(in, config.recovery_set());
  if (!missing.empty() && !Mutated(Mutant::kRecoverySetIgnored)) {
    return Wait(absl::StrCat("no memory is left that holds every committed entry; the log of ",
                             missing, " must be looked at first: start it"));
  }
  // A disk that was emptied shows nothing of what was acknowledged as on it. Where all have
  // answered, there is nobody left to wait for.
  size_t answered = 0, whole = 0;
  for (const std::string& node : config.members()) {
    auto log = in.logs.find(node);
    if (log == in.logs.end()) continue;
    ++answered;
    // What was acknowledged before it was added is not on its disk.
    if (Names(config.learners(), node) && !Mutated(Mutant::kLearnerCounted)) continue;
    whole += log->second.disk_is_whole() || config.settings().memory_only();
  }
  size_t members = static_cast<size_t>(config.members_size());
  size_t needed = members - (members / 2 + 1) + 1;
  bool enough = whole >= needed || answered == members || Mutated(Mutant::kDiskQuorumIgnored);
  if (!enough) {
    return Wait(absl::StrCat("whole logs of ", needed, " members must be looked at, ", whole,
                             " have answered: start another"));
  }
  const std::string* best = Greatest(in, [](const auto&, const auto&) { return true; });
  bool wins = (best != nullptr && *best == in.self) || Mutated(Mutant::kSmallerDiskLeads);
  if (!wins) {
    return Wait(absl::StrCat("the log of ", best == nullptr ? "nobody" : *best,
                             " is the greatest: that node leads"));
  }
  return {RecoveryStep::kLeadFromDisk,
          "no memory is left that holds every committed entry, and this log is the greatest"};
}

}  // namespace

const char* RecoveryStepText(RecoveryStep step) {
  switch (step) {
    case RecoveryStep::kWait:
      return "wait";
    case RecoveryStep::kLeadFromMemory:
      return "lead from memory";
    case RecoveryStep::kLeadFromDisk:
      return "lead from disk";
  }
  return "?";
}

bool IsGreater(const v1::LogAnswer& a, const v1::LogAnswer& b) { return Key(a) > Key(b); }

bool CountsForComplete(const v1::JournalConfig& config, const std::string& node,
                       const v1::LogAnswer& log) {
  if (log.source() != v1::LOG_SOURCE_RING && log.source() != v1::LOG_SOURCE_LIVE) return false;
  if (Mutated(Mutant::kStrangersMemoryLeads)) return true;
  return Names(config.complete(), {node, Incarnation(log.content_incarnation())}) ||
         Names(config.complete(), {node, Incarnation(log.claim_incarnation())});
}

RecoveryDecision DecideRecovery(const RecoveryInput& in) {
  const v1::JournalConfig& config = *in.config;
  if (!config.isr().empty() && !in.waited) return Wait("the in-sync set elects one of its own");
  std::string missing = Missing(in, config.complete());
  if (!missing.empty() && !in.waited && !Mutated(Mutant::kMemoryLeadsAtOnce)) {
    return Wait(absl::StrCat("the memory of ", missing, " may hold every committed entry"));
  }
  const std::string* best = Greatest(in, [&](const std::string& node, const v1::LogAnswer& log) {
    return CountsForComplete(config, node, log);
  });
  if (best != nullptr && *best == in.self) {
    return {RecoveryStep::kLeadFromMemory,
            "this memory holds every committed entry, and is the greatest such"};
  }
  if (best != nullptr) return Wait(absl::StrCat("the memory of ", *best, " is the greatest"));
  if (!config.isr().empty()) {
    return Wait("members of the in-sync set are not reachable: start them");
  }
  return FromDisk(in);
}

}  // namespace ringjournal
