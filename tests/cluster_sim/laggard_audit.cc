#include "tests/cluster_sim/laggard_audit.h"

#include <algorithm>

#include "journal/base/limits.h"

namespace ringjournal::cluster_sim {
namespace {

constexpr int64_t kMs = 1000 * 1000;

using Standing = LeaderSide::Standing;

// Another rule than the laggards': it is silent, or nothing moves any more.
bool IsDead(const Standing& s) {
  return s.silent_ns > limits::kPeerGraceMs * kMs || s.stalled_ns > limits::kPeerStallMs * kMs;
}

bool IsLaggard(const Standing& s) {
  return s.far_for_ns >= limits::kLaggardHoldMs * kMs ||
         s.age_ns > limits::kLaggardAgeFloorMs * kMs;
}

// Empty, or what is wrong with the drop that was just proposed.
std::string WhyNotDue(const LeaderSide& leader) {
  const IsrChange& change = *leader.proposed();
  const size_t stay = leader.in_sync().isr().size() - 1;
  if (stay < std::max<size_t>(1, leader.in_sync().min_isr())) return "min_isr does not allow it";
  for (const Standing& s : leader.Standings()) {
    if (s.life != change.backup || IsDead(s) || leader.IsLeaving(s.life)) continue;
    if (!IsLaggard(s)) return "it does its part";
    if (stay < 2) return "it only lags, and its leader would be alone";
  }
  return "";
}

// Empty, or what is wrong with taking back whom the leader has just proposed.
std::string WhyNotToAdd(const LeaderSide& leader) {
  const NodeLife& backup = leader.proposed()->backup;
  if (!leader.Follows(backup)) return "it does not follow now, and would have to be dropped again";
  if (leader.IsLeaving(backup)) return "its process has said that it is about to end";
  return leader.IsMarked(backup) ? "it lags, and has not come close yet" : "";
}

bool HoldsEverybodyUp(const Standing& s) { return s.stalled_ns > limits::kPeerStallMsMax * kMs; }

// Empty, or who is still not to be dropped, and why it should be.
std::string WhoIsOverdue(const LeaderSide& leader, const v1::ConfigDocument& document) {
  const InSyncSet& set = leader.in_sync();
  if (set.has_pending() || set.isr().size() <= std::max<size_t>(1, set.min_isr())) return "";
  const bool leaves_two = set.isr().size() > 2;
  for (const Standing& s : leader.Standings()) {
    const bool far = leaves_two && s.far_for_ns >= limits::kLaggardHoldMs * kMs;
    if (!far && !HoldsEverybodyUp(s)) continue;
    std::optional<IsrChange> wanted = leader.Wanted(document);
    if (wanted && wanted->kind == IsrChange::Kind::kDrop) continue;
    return s.life.node + (far ? ", which lags by most of the ring" : ", and entries wait for it");
  }
  return "";
}

}  // namespace

void LaggardAudit::Look(const std::string& node, const Shard& shard, sim::Report* report) {
  for (const auto& [id, journal] : shard.cluster()->journals()) {
    const LeaderSide* leader = journal->leader();
    if (leader == nullptr) continue;
    Seen* seen = &seen_[id];
    if (seen->epoch != journal->context().epoch()) *seen = {journal->context().epoch(), 0};
    const bool proposed = leader->proposals() > seen->proposals;
    seen->proposals = leader->proposals();
    // Who is asked to leave the members need not be a laggard.
    const bool leaves = proposed && journal->planned()->active() &&
                        journal->planned()->node() == leader->proposed()->backup.node;
    if (proposed && !leaves && leader->proposed()->kind == IsrChange::Kind::kDrop) {
      std::string wrong = WhyNotDue(*leader);
      if (!wrong.empty()) {
        report->Violation("laggard: ", node, " drops ", leader->proposed()->backup.node, " (",
                          leader->proposed()->why, "): ", wrong);
      }
    }
    if (proposed && leader->proposed()->kind == IsrChange::Kind::kAdd) {
      std::string wrong = WhyNotToAdd(*leader);
      if (!wrong.empty()) {
        report->Violation("laggard: ", node, " takes ", leader->proposed()->backup.node,
                          " back: ", wrong);
      }
    }
    std::string overdue = WhoIsOverdue(*leader, shard.cluster()->document());
    if (overdue.empty()) continue;
    report->Violation("laggard: ", node, " keeps in sync ", overdue);
  }
}

}  // namespace ringjournal::cluster_sim
