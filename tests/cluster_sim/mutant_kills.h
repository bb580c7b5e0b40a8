// Which seed kills which mutant of journal/base/mutants.h, and which checker does it.
#ifndef TESTS_CLUSTER_SIM_MUTANT_KILLS_H_
#define TESTS_CLUSTER_SIM_MUTANT_KILLS_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "tests/cluster_sim/bias.h"

namespace ringjournal::cluster_sim {

struct MutantKill {
  std::string_view mutant;
  Bias bias;
  uint64_t seed;
  std::string_view checker;  // what stands before the ':' of its verdict
  // Another mutant beside it: its rule guards the same promise, which neither breaks alone here.
  std::string_view with = {};
};

inline constexpr MutantKill kMutantKills[] = {
    {"restart_keeps_isr", Bias::kNone, 2, "I2"},
    {"outsider_elected", Bias::kNone, 1, "I2"},
    {"no_new_generation", Bias::kNone, 2, "I2"},
    {"shrink_before_confirmed", Bias::kNone, 7, "laggard"},
    {"added_not_counted", Bias::kNone, 2, "I2"},
    {"unknown_taken_as_failed", Bias::kUncertain, 2, "I2"},
    {"election_without_cas", Bias::kNone, 1, "I1"},
    {"majority_commit", Bias::kNone, 1, "I2"},
    {"min_isr_ignored", Bias::kTwoInSync, 2, "I3"},
    {"ack_of_another_life", Bias::kNone, 1, "I2"},
    {"added_before_commit", Bias::kNone, 3, "I2"},
    {"serves_before_epoch_start", Bias::kNone, 1, "I14"},
    {"disk_level_of_memory", Bias::kNone, 1, "I14"},
    {"quorum_of_one_disk", Bias::kNone, 1, "I14"},
    {"stall_kept", Bias::kLaggards, 573, "laggard"},
    {"laggard_kept", Bias::kLaggards, 46, "laggard"},
    {"laggard_dropped_at_once", Bias::kLaggards, 15, "laggard"},
    {"tail_without_round", Bias::kOldEnds, 2, "tail"},
    {"no_truncation", Bias::kNone, 1, "I4"},
    {"truncates_to_commit", Bias::kUncertain, 9, "I2"},
    {"stale_follow_ok", Bias::kCrossedFollow, 2433, "fatal"},
    {"takes_unsynced", Bias::kNone, 21, "I4"},
    {"backup_commits_all", Bias::kNone, 1, "I2"},
    {"add_counts_at_once", Bias::kUncertain, 17, "I14"},
    {"older_loss_forgotten", Bias::kDisksDecide, 455, "I11"},
    {"restarted_not_counted", Bias::kNone, 2, "I2"},
    {"older_name_forgotten", Bias::kNone, 256, "I11"},
    {"state_takes_the_name", Bias::kNone, 23025838, "I11"},
    {"follows_on_unasked", Bias::kUncertain, 9, "I15"},
    {"zombie_goes_on", Bias::kNone, 4, "laggard"},
    {"hands_over_early", Bias::kOperated, 11, "handover"},
    {"removed_in_one_step", Bias::kOperated, 3, "members"},
    {"removed_stays_counted", Bias::kOperated, 65, "I15"},
    {"acked_end_ignored", Bias::kMemoryDecides, 4, "I2"},
    {"no_claim", Bias::kNone, 17, "I11"},
    {"content_not_owned", Bias::kNone, 17, "I11"},
    {"strangers_memory_leads", Bias::kNone, 35, "I2"},
    {"smaller_disk_leads", Bias::kDisksDecide, 2, "I11"},
    {"disk_quorum_ignored", Bias::kDisksDecide, 12, "disk word"},
    {"recovers_from_the_living", Bias::kGoneMachines, 8, "operator"},
    {"loss_bound_ignored", Bias::kGoneMachines, 3, "operator"},
    {"asked_node_leads", Bias::kGoneMachines, 1085, "operator"},
    {"unnamed_disk_passed_over", Bias::kGoneMachines, 9, "disk word"},
    {"restart_shrinks_recovery_set", Bias::kLastCopy, 164, "disk word"},
    {"complete_follows_every_change", Bias::kNone, 17, "I11"},
    {"degraded_ignored", Bias::kNone, 12, "I14"},
    {"overwrites_uncommitted", Bias::kNone, 175, "disk"},
    {"memory_leads_at_once", Bias::kNone, 27, "received word"},
    {"recovery_set_ignored", Bias::kLastCopy, 34, "disk word"},
    {"commit_outlives_generation", Bias::kNone, 21, "I4"},
    {"acked_end_not_raised", Bias::kTornTail, 2, "I2"},
    {"open_before_commit", Bias::kCrossedFollow, 1, "I10"},
    {"stale_life_added", Bias::kMovingLeader, 8, "I7", "old_lives_heard"},
    {"old_lives_heard", Bias::kMovingLeader, 8, "I7", "stale_life_added"},
    {"same_version_settles", Bias::kNewJournals, 254, "I2"},
    {"drops_below_min_isr", Bias::kTwoInSync, 1, "laggard", "min_isr_drop_taken"},
    {"min_isr_drop_taken", Bias::kTwoInSync, 1, "laggard", "drops_below_min_isr"},
    {"old_membership_counts", Bias::kOperated, 13, "I2"},
    {"silent_taken_back", Bias::kTwoInSync, 3, "laggard"},
    {"leaving_taken_back", Bias::kNone, 740, "laggard"},
    {"two_lives_two_disks", Bias::kLateBackup, 4, "I14"},
    {"block_ignored", Bias::kNone, 8, "I14"},
    {"common_point_by_ends", Bias::kNone, 1, "I15"},
    {"sessions_outlive_epoch", Bias::kMovingLeader, 21, "I14"},
    {"handover_takes_appends", Bias::kOperated, 45, "handover"},
    {"loss_starts_at_end", Bias::kDisksDecide, 9, "I11"},
    {"applied_sent_anew", Bias::kMovingLeader, 1, "I8"},
    {"fence_granted_at_once", Bias::kNone, 2, "I9"},
    {"fence_outlives_generation", Bias::kNone, 42, "I9"},
    {"zombie_writes", Bias::kNone, 2, "I9"},
    {"open_ignores_fence", Bias::kNone, 42, "I9"},
    {"claim_ignores_holder", Bias::kNone, 2, "I9"},
    {"claim_granted_anew", Bias::kNone, 27, "I9"},
    {"writer_not_in_snapshot", Bias::kNone, 2, "start"},
    {"mark_before_act", Bias::kNone, 4, "I16"},
    {"takeover_before_boundary", Bias::kNone, 9, "I16"},
    {"verdict_ignores_loss", Bias::kNone, 39, "I16"},
    {"in_doubt_forgotten", Bias::kNone, 4, "I16"},
    {"history_unchecked", Bias::kNone, 279, "I16"},
    {"dedup_not_in_snapshot", Bias::kNone, 1, "start"},
    {"duplicate_answered_at_once", Bias::kNone, 1, "I14", "open_before_commit"},
    {"never_without_epoch", Bias::kNone, 1, "never"},
    {"fenced_session_opens_again", Bias::kNone, 1, "never"},
    {"diverged_without_round", Bias::kOldEnds, 654, "I10"},
};

// In the mutant's own directed run (mutant_scripts.h).
struct ScriptKill {
  std::string_view mutant;
  std::string_view checker;
};

inline constexpr ScriptKill kScriptKills[] = {
    {"ack_of_another_epoch", "I2"},        {"added_before_epoch_start", "I2"},
    {"chain_not_checked", "I4"},           {"tail_of_an_older_round", "tail"},
    {"laggard_leaves_one", "laggard"},     {"learner_counted", "I11"},
    {"leaving_disk_counts", "I11"},        {"removed_before_disks", "I11"},
    {"resumes_while_unknown", "handover"}, {"deaf_goes_on", "I15"},
    {"stranger_deposes", "I15"},           {"told_before_applied", "I1"},
    {"emptied_disk_counted", "I11"},       {"restarted_disk_counts", "I14"},
    {"state_below_common", "I2"},
};

// No seed that kills them is known; docs/replication.md says what is known of each. Once one is,
// they move up.
inline constexpr std::array<std::string_view, 0> kMutantsThatLive = {};

constexpr bool IsKnownToLive(std::string_view mutant) {
  for (std::string_view name : kMutantsThatLive) {
    if (name == mutant) return true;
  }
  return false;
}

constexpr const MutantKill* FindKill(std::string_view mutant) {
  for (const MutantKill& kill : kMutantKills) {
    if (kill.mutant == mutant) return &kill;
  }
  return nullptr;
}

constexpr const ScriptKill* FindScript(std::string_view mutant) {
  for (const ScriptKill& kill : kScriptKills) {
    if (kill.mutant == mutant) return &kill;
  }
  return nullptr;
}

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_MUTANT_KILLS_H_
