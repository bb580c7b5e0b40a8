// Which private members of the production classes are looked at.
#ifndef TESTS_SMALL_SCOPE_OPENINGS_H_
#define TESTS_SMALL_SCOPE_OPENINGS_H_

#include "server/session/shard.h"
#include "tests/small_scope/private_access.h"

namespace ringjournal::small_scope {

RJ_OPEN_MEMBER(CountedEnd, Replica, counted_end_)
RJ_OPEN_MEMBER(CommitAllowed, Replica, commit_allowed_)
RJ_OPEN_MEMBER(WantsToLead, Replica, wants_to_lead_)
RJ_OPEN_MEMBER(SnapshotsOf, Ring, snapshots_)
RJ_OPEN_MEMBER(ConfigOf, Cluster, config_)
RJ_OPEN_MEMBER(LinksOf, Cluster, links_)
RJ_OPEN_MEMBER(ProbeAt, Cluster, probe_at_ns_)
RJ_OPEN_MEMBER(ProposeNotBefore, Cluster, propose_not_before_ns_)
RJ_OPEN_MEMBER(ProposersOf, Cluster, proposers_)
RJ_OPEN_MEMBER(CasToken, ConfigClient, cas_token_)
RJ_OPEN_MEMBER(SettleToken, ConfigClient, settle_token_)
RJ_OPEN_MEMBER(Unsettled, ConfigClient, unsettled_)
RJ_OPEN_MEMBER(SettleAt, ConfigClient, settle_at_ns_)
RJ_OPEN_MEMBER(ConnectionsOf, PeerLinks, connections_)
RJ_OPEN_MEMBER(TargetsOf, PeerLinks, targets_)
RJ_OPEN_MEMBER(RoleEpoch, ReplicatedJournal, role_epoch_)
RJ_OPEN_MEMBER(AnswersOf, ReplicatedJournal, answers_)
RJ_OPEN_MEMBER(LeaderlessSince, ReplicatedJournal, leaderless_since_ns_)
RJ_OPEN_MEMBER(DecideAt, ReplicatedJournal, decide_at_ns_)
RJ_OPEN_MEMBER(ElectedOf, ReplicatedJournal, electing_)
RJ_OPEN_MEMBER(SetOf, LeaderSide, set_)
RJ_OPEN_MEMBER(BackupsOf, LeaderSide, backups_)
RJ_OPEN_MEMBER(InheritedOf, LeaderSide, inherited_)
RJ_OPEN_MEMBER(StartedAt, LeaderSide, started_ns_)
RJ_OPEN_MEMBER(ProposedAt, LeaderSide, proposed_at_version_)
RJ_OPEN_MEMBER(KnownIsr, LeaderSide, known_isr_)
RJ_OPEN_MEMBER(ContradictingOf, LeaderSide, contradicting_)
RJ_OPEN_MEMBER(PendingOf, InSyncSet, pending_)
RJ_OPEN_MEMBER(RestartedOf, InSyncSet, restarted_)
RJ_OPEN_MEMBER(ProgressOf, InSyncSet, progress_)
RJ_OPEN_MEMBER(BackupEpoch, BackupSide, epoch_)
RJ_OPEN_MEMBER(NonceIn, BackupSide, nonce_)
RJ_OPEN_MEMBER(AskedOf, BackupSide, asked_)
RJ_OPEN_MEMBER(IsSynced, BackupSide, synced_)
RJ_OPEN_MEMBER(IsRefused, BackupSide, refused_)
RJ_OPEN_MEMBER(NeedsSnapshot, BackupSide, needs_snapshot_)
RJ_OPEN_MEMBER(OwesAck, BackupSide, owes_ack_)
RJ_OPEN_MEMBER(HeardAt, BackupSide, heard_ns_)
RJ_OPEN_MEMBER(FollowAt, BackupSide, follow_at_ns_)

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_OPENINGS_H_
