#include "server/config_store/cluster_edits.h"

#include <algorithm>
#include <utility>

#include "journal/base/check.h"
#include "journal/base/mutants.h"
#include "server/config_store/edit_rules.h"

namespace ringjournal {
namespace {

ReplicaName NameOf(const Claim& claim) { return {claim.node, claim.incarnation}; }

v1::ReplicaId ToId(const ReplicaName& replica) {
  v1::ReplicaId id;
  id.set_node(std::string(replica.node));
  id.set_incarnation(replica.incarnation.value());
  return id;
}

bool IsIn(std::span<const ReplicaName> set, const ReplicaName& replica) {
  return std::find(set.begin(), set.end(), replica) != set.end();
}

// `isr` without those in `gone`; `kept` stays in any case.
ReplicaSet Without(const ReplicaSet& isr, std::span<const ReplicaName> gone,
                   const ReplicaName& kept) {
  ReplicaSet left;
  for (const v1::ReplicaId& id : isr) {
    if (AsReplica(id) == kept || !IsIn(gone, AsReplica(id))) *left.Add() = id;
  }
  return left;
}

absl::Status NotInSync(const v1::JournalConfig& journal, const ReplicaName& replica,
                       const std::string& what) {
  return absl::FailedPreconditionError(
      what + ": " + ReplicaText(replica) + " is not in the in-sync set of journal " +
      Quoted(journal.name()) + ", so it may lack committed entries; wait until it is, or re-read");
}

// Who takes over a journal of the dead: null if nobody can.
const v1::ReplicaId* ChooseLeader(const v1::JournalConfig& journal, const ReplicaName& elector,
                                  const ReplicaName& dead, std::span<const ReplicaName> live) {
  const v1::ReplicaId* chosen = nullptr;
  for (const v1::ReplicaId& id : journal.isr()) {
    const ReplicaName replica = AsReplica(id);
    if (replica == dead) continue;
    if (replica == elector) return &id;
    if (chosen == nullptr && IsIn(live, replica)) chosen = &id;
  }
  return chosen;
}

// The journal's leader may drop this backup.
absl::Status CheckDrop(const v1::JournalConfig& journal, const ReplicaName& backup) {
  const std::string what =
      ReplicaText(backup) + " cannot be dropped from journal " + Quoted(journal.name());
  if (AsReplica(journal.leader()) == backup) {
    return absl::FailedPreconditionError(what + ": it is the leader; hand the journal over first");
  }
  if (!Names(journal.isr(), backup)) {
    return absl::FailedPreconditionError(what +
                                         ": it is not in the in-sync set (any more); "
                                         "nothing is left to do");
  }
  bool too_few = static_cast<uint32_t>(journal.isr_size()) <= journal.min_isr();
  if (too_few && !Mutated(Mutant::kMinIsrDropTaken)) {
    return absl::FailedPreconditionError(
        what + ": the in-sync set would fall below min_isr = " + std::to_string(journal.min_isr()) +
        "; wait for the backup, or add another one first");
  }
  return absl::OkStatus();
}

absl::Status CheckAdd(const v1::ConfigDocument& document, const v1::JournalConfig& journal,
                      const ReplicaName& backup) {
  const std::string what =
      ReplicaText(backup) + " cannot join the in-sync set of journal " + Quoted(journal.name());
  if (!Names(journal.members(), backup.node)) {
    return absl::FailedPreconditionError(what + ": the node is not a member; add it first");
  }
  if (!Mutated(Mutant::kStaleLifeAdded)) {
    RJ_RETURN_IF_ERROR(CheckCurrent(document, backup, what));
  }
  if (Names(journal.isr(), backup)) {
    return absl::FailedPreconditionError(what + ": it is in it already; nothing is left to do");
  }
  return absl::OkStatus();
}

// Everything that the isr names is lost, the claimant not among it.
absl::Status CheckLost(const v1::JournalConfig& journal, const Claim& claim,
                       std::span<const ReplicaName> lost) {
  for (const v1::ReplicaId& id : journal.isr()) {
    const ReplicaName replica = AsReplica(id);
    if (IsIn(lost, replica) && replica != NameOf(claim)) continue;
    return absl::FailedPreconditionError("journal " + Quoted(journal.name()) +
                                         " needs no recovery: " + ReplicaText(id) +
                                         " is in sync and holds every committed entry; elect it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Elect(v1::ConfigDocument* document, const Claim& claim,
                   std::span<const ReplicaName> dead) {
  absl::StatusOr<v1::JournalConfig*> found = JournalForClaim(document, claim);
  if (!found.ok()) return found.status();
  v1::JournalConfig* journal = *found;
  const ReplicaName me = NameOf(claim);
  if (Mutated(Mutant::kOutsiderElected) && !Names(journal->isr(), me)) {
    *journal->mutable_isr()->Add() = ToId(me);
  }
  if (!Names(journal->isr(), me)) {
    return NotInSync(*journal, me, ReplicaText(me) + " cannot be elected");
  }
  if (journal->has_leader() && AsReplica(journal->leader()) == me) {
    return absl::FailedPreconditionError(ReplicaText(me) + " leads journal " +
                                         Quoted(journal->name()) + " already, in epoch " +
                                         std::to_string(journal->epoch()) + "; start leading it");
  }
  StartEpoch(ToId(me), Without(journal->isr(), dead, me), claim.change_id, journal);
  return absl::OkStatus();
}

absl::Status ElectForDead(v1::ConfigDocument* document, const Claim& elector,
                          const ReplicaName& dead, std::span<const ReplicaName> live) {
  const ReplicaName me = NameOf(elector);
  RJ_RETURN_IF_ERROR(CheckCurrent(*document, me, ReplicaText(me) + " cannot elect anybody"));
  // Names may be the document's own, which changes under them.
  const v1::ReplicaId dead_id = ToId(dead);
  const ReplicaName gone = AsReplica(dead_id);
  if (me == gone) {
    return absl::InvalidArgumentError(ReplicaText(me) +
                                      " cannot elect leaders for its own journals; hand them over");
  }
  for (v1::JournalConfig& journal : *document->mutable_journals()) {
    if (!journal.has_leader() || AsReplica(journal.leader()) != gone) continue;
    const v1::ReplicaId* leader = ChooseLeader(journal, me, gone, live);
    if (leader == nullptr) continue;
    StartEpoch(*leader, Without(journal.isr(), {&gone, 1}, me), elector.change_id, &journal);
  }
  return absl::OkStatus();
}

absl::Status HandOver(v1::ConfigDocument* document, const Claim& leader, const ReplicaName& target,
                      bool stays) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  if (target == NameOf(leader)) {
    return absl::InvalidArgumentError("journal " + Quoted((*led)->name()) + " is led by " +
                                      ReplicaText(target) + " already; choose another target");
  }
  if (!Names((*led)->isr(), target)) return NotInSync(**led, target, "no handover");
  ReplicaSet isr = (*led)->isr();
  const ReplicaName me = NameOf(leader);
  const bool may_leave = static_cast<uint32_t>(isr.size()) > (*led)->min_isr();
  if (!stays && may_leave) isr = Without(isr, {&me, 1}, target);
  StartEpoch(ToId(target), std::move(isr), leader.change_id, *led);
  return absl::OkStatus();
}

absl::Status ShrinkIsr(v1::ConfigDocument* document, const Claim& leader,
                       const ReplicaName& backup) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  RJ_RETURN_IF_ERROR(CheckDrop(**led, backup));
  SetInSync(Without((*led)->isr(), {&backup, 1}, NameOf(leader)), *led);
  (*led)->set_change_id(leader.change_id);
  return absl::OkStatus();
}

absl::Status ExpandIsr(v1::ConfigDocument* document, const Claim& leader,
                       const ReplicaName& backup) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  RJ_RETURN_IF_ERROR(CheckAdd(*document, **led, backup));
  ReplicaSet isr = (*led)->isr();
  *isr.Add() = ToId(backup);
  SetInSync(std::move(isr), *led);
  (*led)->set_change_id(leader.change_id);
  return absl::OkStatus();
}

absl::Status GoOnWithoutRestarted(v1::ConfigDocument* document, const Claim& leader) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  // The recovery set stays: a restart leaves it alone (KIP-966).
  *(*led)->mutable_complete() = (*led)->isr();
  (*led)->set_change_id(leader.change_id);
  return absl::OkStatus();
}

absl::Status Depose(v1::ConfigDocument* document, const Claim& claim, const ReplicaName& leader,
                    const RingIncarnations& held) {
  absl::StatusOr<v1::JournalConfig*> found = JournalForClaim(document, claim);
  if (!found.ok()) return found.status();
  v1::JournalConfig* journal = *found;
  if (!journal->has_leader() || AsReplica(journal->leader()) != leader) {
    return absl::FailedPreconditionError(ReplicaText(leader) + " does not lead journal " +
                                         Quoted(journal->name()) +
                                         " (any more); re-read who leads");
  }
  if (!RingCounts(*journal, claim.node, held) && !Mutated(Mutant::kStrangerDeposes)) {
    return absl::FailedPreconditionError(
        ReplicaText(leader) + " stays the leader of journal " + Quoted(journal->name()) +
        ": the memory of node " + Quoted(claim.node) +
        " may lack committed entries, and it has no say; wait until it is in sync");
  }
  journal->clear_leader();
  if (journal->state() == v1::JOURNAL_STATE_ACTIVE) {
    journal->set_state(v1::JOURNAL_STATE_LEADERLESS);
  }
  journal->set_change_id(claim.change_id);
  return absl::OkStatus();
}

absl::Status BeginRecovery(v1::ConfigDocument* document, const Claim& claim,
                           std::span<const ReplicaName> lost) {
  absl::StatusOr<v1::JournalConfig*> found = JournalForClaim(document, claim);
  if (!found.ok()) return found.status();
  v1::JournalConfig* journal = *found;
  if (journal->epoch() == 0) {
    return absl::FailedPreconditionError("journal " + Quoted(journal->name()) +
                                         " was never led and holds no entry; lead it as a new one");
  }
  if (journal->state() == v1::JOURNAL_STATE_RECOVERING) {
    return absl::FailedPreconditionError("journal " + Quoted(journal->name()) +
                                         " is being recovered already; ask for its logs");
  }
  RJ_RETURN_IF_ERROR(CheckLost(*journal, claim, lost));
  journal->clear_leader();
  journal->clear_isr();
  if (journal->state() != v1::JOURNAL_STATE_SEALED) {
    journal->set_state(v1::JOURNAL_STATE_RECOVERING);
  }
  journal->set_change_id(claim.change_id);
  return absl::OkStatus();
}

}  // namespace ringjournal
