#include "server/config_store/edit_rules.h"

#include <algorithm>
#include <utility>

#include "journal/base/check.h"

namespace ringjournal {

std::string Quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

absl::Status NoSuchJournal(const JournalId& id) {
  return absl::NotFoundError("no journal has the id " + id.ToHex() +
                             " (any more): it may have been removed; list the journals");
}

absl::Status CheckCurrent(const v1::ConfigDocument& document, const ReplicaName& replica,
                          const std::string& what) {
  if (IsCurrent(document, replica)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      what +
      ": the registry has another incarnation of the node, so this process was replaced; "
      "stop it");
}

absl::StatusOr<v1::JournalConfig*> JournalForClaim(v1::ConfigDocument* document,
                                                   const Claim& claim) {
  v1::JournalConfig* journal = FindJournal(document, claim.journal);
  if (journal == nullptr) return NoSuchJournal(claim.journal);
  const ReplicaName me = {claim.node, claim.incarnation};
  const std::string what = ReplicaText(me) + " cannot lead journal " + Quoted(journal->name());
  RJ_RETURN_IF_ERROR(CheckCurrent(*document, me, what));
  if (!Names(journal->members(), claim.node)) {
    return absl::FailedPreconditionError(what + ": the node is not a member; add it first");
  }
  return journal;
}

absl::StatusOr<v1::JournalConfig*> LedJournal(v1::ConfigDocument* document, const Claim& leader) {
  v1::JournalConfig* journal = FindJournal(document, leader.journal);
  if (journal == nullptr) return NoSuchJournal(leader.journal);
  const ReplicaName me = {leader.node, leader.incarnation};
  if (!journal->has_leader() || AsReplica(journal->leader()) != me) {
    return absl::FailedPreconditionError(ReplicaText(me) + " does not lead journal " +
                                         Quoted(journal->name()) +
                                         ", and only its leader knows what is committed; re-read");
  }
  return journal;
}

bool RingCounts(const v1::JournalConfig& journal, std::string_view node,
                const RingIncarnations& ring) {
  return Names(journal.complete(), {node, ring.content}) ||
         Names(journal.complete(), {node, ring.claim});
}

void SetInSync(ReplicaSet isr, v1::JournalConfig* journal) {
  *journal->mutable_isr() = std::move(isr);
  *journal->mutable_complete() = journal->isr();
  journal->clear_recovery_set();
  for (const v1::ReplicaId& id : journal->isr()) {
    journal->add_recovery_set(id.node());
    auto* learners = journal->mutable_learners();
    learners->erase(std::remove(learners->begin(), learners->end(), id.node()), learners->end());
  }
}

void StartEpoch(v1::ReplicaId leader, ReplicaSet isr, const std::string& change_id,
                v1::JournalConfig* journal) {
  RJ_CHECK(Names(isr, AsReplica(leader)));
  journal->set_epoch(journal->epoch() + 1);
  *journal->mutable_leader() = std::move(leader);
  SetInSync(std::move(isr), journal);
  if (journal->state() != v1::JOURNAL_STATE_SEALED) journal->set_state(v1::JOURNAL_STATE_ACTIVE);
  journal->set_change_id(change_id);
  // From now on there may be entries that it does not know.
  journal->clear_orderly_stop();
}

}  // namespace ringjournal
