#include "server/cluster/operator_recovery.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

using Nodes = std::set<std::string>;

// "n1", "n1 and n2", "n1, n2 and n3".
std::string Listed(const Nodes& nodes) {
  if (nodes.empty()) return "nobody";
  const Nodes rest(nodes.begin(), std::prev(nodes.end()));
  const std::string& last = *nodes.rbegin();
  return rest.empty() ? last : absl::StrCat(absl::StrJoin(rest, ", "), " and ", last);
}

Nodes NodesOf(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set) {
  Nodes nodes;
  for (const v1::ReplicaId& id : set) nodes.insert(id.node());
  return nodes;
}

Nodes NodesOf(const google::protobuf::RepeatedPtrField<std::string>& set) {
  return {set.begin(), set.end()};
}

Nodes Without(Nodes nodes, const Nodes& others) {
  std::erase_if(nodes, [&](const std::string& node) { return others.count(node) > 0; });
  return nodes;
}

Nodes Answered(const RecoveryInput& in) {
  Nodes nodes;
  for (const auto& [node, log] : in.logs) nodes.insert(node);
  return nodes;
}

// The request itself, whatever the nodes say.
std::string WhyNotAsked(const RecoveryInput& in, const RecoverRequest& request) {
  const v1::JournalConfig& config = *in.config;
  if (config.epoch() == 0) {
    return "the journal was never led and holds nothing: start one of its members, which leads it";
  }
  if (request.lost.empty()) {
    return "no node is declared lost, and without that the journal recovers by itself: name the "
           "nodes that are gone for good";
  }
  if (request.lost.count(in.self) > 0) {
    return absl::StrCat("node ", in.self, " is declared lost and answers this very request: leave ",
                        "it out");
  }
  Nodes known = NodesOf(config.members());
  known.merge(NodesOf(config.recovery_set()));
  known.merge(NodesOf(config.complete()));
  const Nodes strangers = Without(request.lost, known);
  if (strangers.empty()) return "";
  return absl::StrCat("the journal has nothing on ", Listed(strangers),
                      ": look at the names; its members are ", Listed(NodesOf(config.members())));
}

// Somebody holds every committed entry, or may.
std::string WhyNothingIsLost(const RecoveryInput& in, const RecoverRequest& request) {
  const v1::JournalConfig& config = *in.config;
  const Nodes in_sync = Without(NodesOf(config.isr()), request.lost);
  if (in_sync.count(in.self) > 0) {
    return absl::StrCat("node ", in.self,
                        " is in sync and holds every committed entry: nothing is ",
                        "lost, and it leads by itself");
  }
  if (!in_sync.empty()) {
    const bool leads = config.has_leader() && in_sync.count(config.leader().node()) > 0;
    return absl::StrCat(
        Listed(in_sync), " may hold every committed entry", leads ? " (the leader among them)" : "",
        " and is not declared lost: start it, or name it too if it is gone for ", "good");
  }
  for (const auto& [node, log] : in.logs) {
    if (request.lost.count(node) > 0 || !CountsForComplete(config, node, log)) continue;
    return absl::StrCat("the memory of ", node, " holds every committed entry: nothing is lost, ",
                        "and it leads by itself within a moment");
  }
  return "";
}

// A disk that must be looked at was neither read nor declared lost.
std::string WhyNotSeenEnough(const RecoveryInput& in, const RecoverRequest& request) {
  const v1::JournalConfig& config = *in.config;
  const Nodes answered = Answered(in);
  const Nodes unseen = Without(Without(NodesOf(config.recovery_set()), request.lost), answered);
  if (!unseen.empty() && !Mutated(Mutant::kUnnamedDiskPassedOver)) {
    return absl::StrCat("the log of ", Listed(unseen), " may hold what was acknowledged, did not ",
                        "answer, and is not declared lost: start it, or name it too if it is gone ",
                        "for good");
  }
  const Nodes members = NodesOf(config.members());
  const Nodes silent = Without(Without(members, request.lost), answered);
  size_t whole = 0;
  for (const auto& [node, log] : in.logs) {
    // What was acknowledged before a learner was added is not on its disk.
    const bool counts =
        members.count(node) > 0 && request.lost.count(node) == 0 && !Names(config.learners(), node);
    whole += counts && (log.disk_is_whole() || config.settings().memory_only());
  }
  const size_t needed = members.size() - (members.size() / 2 + 1) + 1;
  if (whole >= needed || silent.empty() || Mutated(Mutant::kUnnamedDiskPassedOver)) return "";
  return absl::StrCat("whole logs of ", needed, " members must be looked at, ", whole, " ",
                      whole == 1 ? "has" : "have", " answered: start ", Listed(silent),
                      ", or name what is gone for good");
}

}  // namespace

RecoverVerdict JudgeRecovery(const RecoveryInput& in, const RecoverRequest& request,
                             const std::set<std::string>& answering) {
  std::string refusal = WhyNotAsked(in, request);
  if (refusal.empty() && !answering.empty() && !Mutated(Mutant::kRecoversFromTheLiving)) {
    refusal = absl::StrCat(Listed(answering), answering.size() == 1 ? " answers" : " answer",
                           " and cannot be declared lost: leave it to the cluster, or stop its "
                           "process first");
  }
  if (refusal.empty()) refusal = WhyNothingIsLost(in, request);
  if (refusal.empty()) refusal = WhyNotSeenEnough(in, request);
  if (!refusal.empty()) return {std::move(refusal), ""};
  const std::string* best = nullptr;
  for (const auto& [node, log] : in.logs) {
    if (request.lost.count(node) > 0 || !Names(in.config->members(), node)) continue;
    if (best == nullptr || IsGreater(log, in.logs.at(*best))) best = &node;
  }
  if (best == nullptr) {
    return {absl::StrCat("node ", in.self, " is no member of the journal: ask one of ",
                         Listed(Without(NodesOf(in.config->members()), request.lost))),
            ""};
  }
  return {"", Mutated(Mutant::kAskedNodeLeads) ? in.self : *best};
}

std::string WhyLosesTooMuch(const RecoverRequest& request, const v1::LossReport& report) {
  if (report.first_lsn() >= request.accept_from_lsn || Mutated(Mutant::kLossBoundIgnored)) {
    return "";
  }
  return absl::StrCat("all from LSN ", report.first_lsn(), " on may be lost, and the request ",
                      "accepts a loss from LSN ", request.accept_from_lsn,
                      " on only: start a node ", "that holds more, or accept a loss from LSN ",
                      report.first_lsn(), " on");
}

}  // namespace ringjournal
