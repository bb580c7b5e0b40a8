// The changes of the config document that several nodes need, beside those of document_edits.h and
// in the same manner: pure, one rule of docs/replication each; on an error the document is
// unchanged, and FailedPrecondition means "the rule forbids it now: re-read and decide anew".
//
//   v1::ConfigDocument next = cached;
//   absl::Status edited = Elect(&next, me, dead);
//   if (edited.ok()) edited = ElectForDead(&next, me, old_leader, live);
//   if (edited.ok()) store->Submit(ConfigRequest::Cas(token, cached.version(), next, change_id));
//
// A claim's incarnation must be the registered one (I7), and its change_id is left on every journal
// that is changed.
#ifndef SERVER_CONFIG_STORE_CLUSTER_EDITS_H_
#define SERVER_CONFIG_STORE_CLUSTER_EDITS_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {

// ---- election and handover ----

// "Election": epoch+1, leader = claimant, isr = isr without `dead` (the claimant stays), `complete`
// = isr, recovery_set = its nodes. FailedPrecondition unless the claimant is in the isr in its
// current incarnation, and if it leads already. When an election is due, and who is dead, is for
// the caller to know: a replica that is wrongly left in the isr is dropped later, one that is
// wrongly left out is re-added. The isr may fall below min_isr; commits then wait.
absl::Status Elect(v1::ConfigDocument* document, const Claim& claim,
                   std::span<const ReplicaName> dead);

// "In the same change" as an election: each other journal that `dead` leads gets a leader, and
// loses `dead` from its isr. The elector takes it where it is in the isr, else the isr member that
// stands first among those in `live` does; a journal without either stays as it is. Isr members
// that are not in `live` stay in the isr: the elector may have no connection to them. `elector`'s
// journal does not matter. OK also if nothing was to be changed.
absl::Status ElectForDead(v1::ConfigDocument* document, const Claim& elector,
                          const ReplicaName& dead, std::span<const ReplicaName> live);

// "Planned handover", step 3: epoch+1, leader = target, same isr, of which the target must be one.
// That the target holds everything (match = end = commit) is for the caller to have waited for. A
// leader that stops (`stays` false) leaves the isr in the same change, as it would by an election
// without it, unless that would take the isr below min_isr.
absl::Status HandOver(v1::ConfigDocument* document, const Claim& leader, const ReplicaName& target,
                      bool stays = true);

// ---- the in-sync set, by the journal's leader ----

// "Drop": isr without `backup`; `complete` = isr, recovery_set = its nodes. Until the outcome of
// the cas is known the backup stays counted. Refused below min_isr: there the leader waits instead.
absl::Status ShrinkIsr(v1::ConfigDocument* document, const Claim& leader,
                       const ReplicaName& backup);

// "Re-add": isr with `backup`, a member in its registered incarnation. That it is followed in this
// epoch and holds everything up to max(commit, epoch start) is for the caller to know; it is
// counted from the moment the change is proposed.
absl::Status ExpandIsr(v1::ConfigDocument* document, const Claim& leader,
                       const ReplicaName& backup);

// `complete` = isr. A registration takes its node out of the isr and not out of `complete`, so that
// the leader counts it until the outcome of this change is known (decision 0015).
absl::Status GoOnWithoutRestarted(v1::ConfigDocument* document, const Claim& leader);

// "Depose": no leader any more, isr and `complete` as they are, so that who is in sync elects
// itself at once, and else the greatest memory of `complete` leads. By a node that is not in sync
// and whose ring `held` counts for `complete`: without it the leader commits nothing.
// FailedPrecondition for everybody else, and if another one leads.
absl::Status Depose(v1::ConfigDocument* document, const Claim& claim, const ReplicaName& leader,
                    const RingIncarnations& held);

// ---- membership ----

// Adds a registered node, which holds nothing yet and becomes in sync by ExpandIsr. A journal that
// had one member gets the default target of two copies, since its own could not be more than one.
// InvalidArgument: no such node; AlreadyExists: it is a member.
absl::Status AddMember(v1::ConfigDocument* document, const JournalId& id, std::string_view node,
                       std::string_view change_id);

// Takes a node that is out of the isr out of the members; target_copies is lowered to what is left.
// Refused: the last member; below min_isr members; and, while nobody leads, a node that `complete`
// or recovery_set names, as its memory or its disk may be all that is left. NotFound: no member.
// That what the node may have acknowledged at a disk level is on other disks too (on the leader's:
// everything below its end) is for the caller to have waited for; see ClusterLossInput.
absl::Status RemoveMember(v1::ConfigDocument* document, const JournalId& id, std::string_view node,
                          std::string_view change_id);

// ---- recovery ----

// "Disk": state RECOVERING, for everybody to see that the journal's logs are being asked for.
// `lost` is what an operator declares lost: all that the isr still names, also its leader; they
// leave the isr, while `complete` and recovery_set stay, for an intact ring still wins. Refused for
// a journal that was never led, that is in this state already, or whose isr holds more than `lost`.
// A sealed journal stays SEALED. The claimant is a member, and only says so: it need not win.
absl::Status BeginRecovery(v1::ConfigDocument* document, const Claim& claim,
                           std::span<const ReplicaName> lost = {});

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_CLUSTER_EDITS_H_
