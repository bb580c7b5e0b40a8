// Rules broken on purpose, one by one, so that the simulator's checkers can show that they would
// notice. Only a build with RINGJOURNAL_MUTANTS has them (docs/replication.md lists rule, checker
// and first killing seed of each); in every other build Mutated() is a constant.
#ifndef JOURNAL_BASE_MUTANTS_H_
#define JOURNAL_BASE_MUTANTS_H_

#include <string_view>

namespace ringjournal {

enum class Mutant : int {
  kNone,
  // the config document
  kRestartKeepsIsr,
  kRestartShrinksRecoverySet,
  kCompleteFollowsEveryChange,
  kOutsiderElected,
  kStaleLifeAdded,
  kNoNewGeneration,
  // changes under way
  kShrinkBeforeConfirmed,
  kAddedNotCounted,
  kUnknownTakenAsFailed,
  kSameVersionSettles,
  kElectionWithoutCas,
  kStrangerDeposes,
  kDropsBelowMinIsr,
  kMinIsrDropTaken,
  // commit and acknowledgement
  kRestartedNotCounted,
  kMajorityCommit,
  kMinIsrIgnored,
  kAckOfAnotherEpoch,
  kAckOfAnotherLife,
  kOldMembershipCounts,
  kAddedBeforeEpochStart,
  kAddedBeforeCommit,
  kSilentTakenBack,
  kLeavingTakenBack,
  kServesBeforeEpochStart,
  kOpenBeforeCommit,
  kAddCountsAtOnce,
  kDegradedIgnored,
  kBlockIgnored,
  kDiskLevelOfMemory,
  kQuorumOfOneDisk,
  kTwoLivesTwoDisks,
  kRestartedDiskCounts,
  kOverwritesUncommitted,
  // laggards, and the end of the journal
  kDeafGoesOn,
  kStallKept,
  kLaggardKept,
  kLaggardLeavesOne,
  kLaggardDroppedAtOnce,
  kTailWithoutRound,
  kTailOfAnOlderRound,
  // following
  kNoTruncation,
  kTruncatesToCommit,
  kCommonPointByEnds,
  kStaleFollowOk,
  kTakesUnsynced,
  kChainNotChecked,
  kBackupCommitsAll,
  // deposition
  kZombieGoesOn,
  kFollowsOnUnasked,
  kSessionsOutliveEpoch,
  kOldLivesHeard,
  // planned changes
  kHandsOverEarly,
  kHandoverTakesAppends,
  kToldBeforeApplied,
  kResumesWhileUnknown,
  kRemovedInOneStep,
  kRemovedStaysCounted,
  kRemovedBeforeDisks,
  kLeavingDiskCounts,
  kLearnerCounted,
  kEmptiedDiskCounted,
  // recovery
  kAckedEndIgnored,
  kAckedEndNotRaised,
  kNoClaim,
  kContentNotOwned,
  kOlderNameForgotten,
  kStrangersMemoryLeads,
  kMemoryLeadsAtOnce,
  kSmallerDiskLeads,
  kRecoverySetIgnored,
  kDiskQuorumIgnored,
  kCommitOutlivesGeneration,
  kLossStartsAtEnd,
  kOlderLossForgotten,
  // an operator's recovery
  kRecoversFromTheLiving,
  kLossBoundIgnored,
  kAskedNodeLeads,
  kUnnamedDiskPassedOver,
  // clients
  kAppliedSentAnew,
};

struct MutantName {
  Mutant mutant;
  std::string_view name;
  std::string_view rule;  // that it breaks
};

inline constexpr MutantName kMutantNames[] = {
    {Mutant::kRestartKeepsIsr, "restart_keeps_isr", "a restart leaves every isr"},
    {Mutant::kRestartShrinksRecoverySet, "restart_shrinks_recovery_set",
     "a restart leaves the recovery set alone (KIP-966)"},
    {Mutant::kCompleteFollowsEveryChange, "complete_follows_every_change",
     "a restart leaves `complete` alone"},
    {Mutant::kOutsiderElected, "outsider_elected", "only a member of the isr is elected"},
    {Mutant::kStaleLifeAdded, "stale_life_added",
     "only a registered incarnation is added (KIP-903)"},
    {Mutant::kNoNewGeneration, "no_new_generation",
     "a recovery from disk begins a generation with a loss report"},
    {Mutant::kShrinkBeforeConfirmed, "shrink_before_confirmed",
     "who is being dropped is counted until that is known"},
    {Mutant::kAddedNotCounted, "added_not_counted",
     "who is being added is counted from the proposal on"},
    {Mutant::kUnknownTakenAsFailed, "unknown_taken_as_failed",
     "an unknown change is counted until a higher version is seen"},
    {Mutant::kSameVersionSettles, "same_version_settles",
     "only a newer document settles a change that is under way"},
    {Mutant::kElectionWithoutCas, "election_without_cas", "an epoch is won by a cas"},
    {Mutant::kStrangerDeposes, "stranger_deposes",
     "a silent leader is deposed only by one without whom it commits nothing"},
    {Mutant::kDropsBelowMinIsr, "drops_below_min_isr", "a leader drops nobody below min_isr"},
    {Mutant::kMinIsrDropTaken, "min_isr_drop_taken", "the document takes no drop below min_isr"},
    {Mutant::kRestartedNotCounted, "restarted_not_counted",
     "who left the isr by a restart is counted until the leader's own change"},
    {Mutant::kMajorityCommit, "majority_commit", "all of the isr is counted"},
    {Mutant::kMinIsrIgnored, "min_isr_ignored", "below min_isr nothing commits"},
    {Mutant::kAckOfAnotherEpoch, "ack_of_another_epoch",
     "only acknowledgements of this epoch count"},
    {Mutant::kAckOfAnotherLife, "ack_of_another_life",
     "only acknowledgements of the listed incarnation count"},
    {Mutant::kOldMembershipCounts, "old_membership_counts",
     "what a member acknowledged before it was removed counts no more"},
    {Mutant::kAddedBeforeEpochStart, "added_before_epoch_start",
     "who is added holds the epoch start (KIP-320)"},
    {Mutant::kAddedBeforeCommit, "added_before_commit", "who is added holds everything committed"},
    {Mutant::kSilentTakenBack, "silent_taken_back", "who is added follows now"},
    {Mutant::kLeavingTakenBack, "leaving_taken_back",
     "whose process is about to end is not taken back"},
    {Mutant::kServesBeforeEpochStart, "serves_before_epoch_start",
     "nothing is answered before the epoch start is committed (KIP-207)"},
    {Mutant::kOpenBeforeCommit, "open_before_commit",
     "what a producer is told of its past is committed"},
    {Mutant::kAddCountsAtOnce, "add_counts_at_once",
     "who is being added is no copy until that is known"},
    {Mutant::kDegradedIgnored, "degraded_ignored",
     "below target_copies `replicated` needs the disk"},
    {Mutant::kBlockIgnored, "block_ignored", "below target_copies `block` acknowledges nothing"},
    {Mutant::kDiskLevelOfMemory, "disk_level_of_memory", "disk levels are synced"},
    {Mutant::kQuorumOfOneDisk, "quorum_of_one_disk", "disk_quorum is a majority of the members"},
    {Mutant::kTwoLivesTwoDisks, "two_lives_two_disks", "two lives of a node are one copy"},
    {Mutant::kRestartedDiskCounts, "restarted_disk_counts",
     "after a restart of its node a disk counts once the new life has said what it holds"},
    {Mutant::kOverwritesUncommitted, "overwrites_uncommitted",
     "no ring byte above commit is overwritten (I13)"},
    {Mutant::kDeafGoesOn, "deaf_goes_on", "a backup that is not heard is told nothing"},
    {Mutant::kStallKept, "stall_kept", "who answers and takes nothing is dropped, too"},
    {Mutant::kLaggardKept, "laggard_kept", "who lags by most of the ring is dropped"},
    {Mutant::kLaggardLeavesOne, "laggard_leaves_one",
     "a laggard is dropped only where two stay in sync"},
    {Mutant::kLaggardDroppedAtOnce, "laggard_dropped_at_once", "a lag counts once it lasts"},
    {Mutant::kTailWithoutRound, "tail_without_round",
     "a linearizable end needs a heartbeat of the whole isr"},
    {Mutant::kTailOfAnOlderRound, "tail_of_an_older_round",
     "that heartbeat leaves after the request"},
    {Mutant::kNoTruncation, "no_truncation", "a log is cut at the common point"},
    {Mutant::kTruncatesToCommit, "truncates_to_commit", "never truncate to the commit (KIP-101)"},
    {Mutant::kCommonPointByEnds, "common_point_by_ends",
     "the common point is found by epochs (KIP-279)"},
    {Mutant::kStaleFollowOk, "stale_follow_ok", "only the newest FOLLOW is answered"},
    {Mutant::kTakesUnsynced, "takes_unsynced", "entries are taken only once synced"},
    {Mutant::kChainNotChecked, "chain_not_checked", "the chain is compared after a truncation"},
    {Mutant::kBackupCommitsAll, "backup_commits_all", "a backup commits by the leader's word"},
    {Mutant::kZombieGoesOn, "zombie_goes_on", "a deposed leader stops"},
    {Mutant::kFollowsOnUnasked, "follows_on_unasked",
     "a backup follows anew in each epoch, also the same leader"},
    {Mutant::kSessionsOutliveEpoch, "sessions_outlive_epoch",
     "a session ends with the epoch that it was bound in"},
    {Mutant::kOldLivesHeard, "old_lives_heard", "a connection is bound to both incarnations"},
    {Mutant::kHandsOverEarly, "hands_over_early",
     "a handover waits until its target holds everything"},
    {Mutant::kHandoverTakesAppends, "handover_takes_appends",
     "nothing is appended while a handover is under way"},
    {Mutant::kToldBeforeApplied, "told_before_applied",
     "other nodes are told a handover once the config store has confirmed it"},
    {Mutant::kResumesWhileUnknown, "resumes_while_unknown",
     "a handover whose outcome is unknown leaves the old leader silent"},
    {Mutant::kRemovedInOneStep, "removed_in_one_step",
     "who leaves the members has left the isr before"},
    {Mutant::kRemovedStaysCounted, "removed_stays_counted", "who has left is counted no longer"},
    {Mutant::kRemovedBeforeDisks, "removed_before_disks",
     "who leaves the members is needed by no disk_quorum"},
    {Mutant::kLeavingDiskCounts, "leaving_disk_counts",
     "the disk of who leaves counts for no acknowledgement"},
    {Mutant::kLearnerCounted, "learner_counted",
     "a recovery from disk does not count members that were never in sync"},
    {Mutant::kEmptiedDiskCounted, "emptied_disk_counted",
     "who comes with an empty disk counts as one that was never in sync"},
    {Mutant::kAckedEndIgnored, "acked_end_ignored", "damage below acked_end means not intact"},
    {Mutant::kAckedEndNotRaised, "acked_end_not_raised",
     "acked_end is raised before anything is counted"},
    {Mutant::kNoClaim, "no_claim", "the claim is written before the cas"},
    {Mutant::kContentNotOwned, "content_not_owned",
     "content_inc is written before the first acknowledgement"},
    {Mutant::kOlderNameForgotten, "older_name_forgotten",
     "a backup's ring counts under its older life while `complete` names that one"},
    {Mutant::kStrangersMemoryLeads, "strangers_memory_leads",
     "only rings of `complete` lead from memory"},
    {Mutant::kMemoryLeadsAtOnce, "memory_leads_at_once",
     "the greatest of `complete` is waited for"},
    {Mutant::kSmallerDiskLeads, "smaller_disk_leads", "the greatest log leads from disk"},
    {Mutant::kRecoverySetIgnored, "recovery_set_ignored", "all of the recovery set is looked at"},
    {Mutant::kDiskQuorumIgnored, "disk_quorum_ignored", "n-q+1 logs are looked at"},
    {Mutant::kCommitOutlivesGeneration, "commit_outlives_generation",
     "a new generation forgets what was committed above its start"},
    {Mutant::kLossStartsAtEnd, "loss_starts_at_end", "a loss starts where the log is certain"},
    {Mutant::kOlderLossForgotten, "older_loss_forgotten",
     "what a later generation gave up is not certain"},
    {Mutant::kRecoversFromTheLiving, "recovers_from_the_living",
     "no operator's recovery while a node answers that it declares lost"},
    {Mutant::kLossBoundIgnored, "loss_bound_ignored",
     "an operator's recovery loses nothing below the LSN that he gave"},
    {Mutant::kAskedNodeLeads, "asked_node_leads",
     "the greatest log leads after an operator's recovery"},
    {Mutant::kUnnamedDiskPassedOver, "unnamed_disk_passed_over",
     "each node of the recovery set has answered or is declared lost"},
    {Mutant::kAppliedSentAnew, "applied_sent_anew",
     "what the journal has of a producer is not sent under a new sequence"},
};

#ifdef RINGJOURNAL_MUTANTS
inline Mutant active_mutant = Mutant::kNone;  // one thread: the simulator's
inline Mutant second_mutant = Mutant::kNone;  // beside it, where two rules guard one promise
inline bool Mutated(Mutant mutant) { return active_mutant == mutant || second_mutant == mutant; }
#else
constexpr bool Mutated(Mutant) { return false; }
#endif

// What stands in the document is then wrong by intention, and its own checks stay silent.
inline bool MutatesDocument() {
#ifdef RINGJOURNAL_MUTANTS
  return Mutated(Mutant::kRestartKeepsIsr) || Mutated(Mutant::kRestartShrinksRecoverySet) ||
         Mutated(Mutant::kCompleteFollowsEveryChange) || Mutated(Mutant::kOutsiderElected) ||
         Mutated(Mutant::kStaleLifeAdded) || Mutated(Mutant::kNoNewGeneration) ||
         Mutated(Mutant::kStrangersMemoryLeads);
#else
  return false;
#endif
}

}  // namespace ringjournal

#endif  // JOURNAL_BASE_MUTANTS_H_
