#include "server/config_store/document_edits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/edit_rules.h"

namespace ringjournal {
namespace {

// MUTANT: the new life stands where the old one stood.
void KeepInIsr(std::string_view node, v1::JournalConfig* journal) {
  for (auto* set : {journal->mutable_isr(), journal->mutable_complete()}) {
    for (v1::ReplicaId& id : *set) {
      if (id.node() == node) id.set_incarnation(id.incarnation() + 1);
    }
  }
  if (!journal->has_leader() || journal->leader().node() != node) return;
  journal->clear_leader();
  journal->set_state(v1::JOURNAL_STATE_LEADERLESS);
}

// (node, *) leaves the journal's isr; a journal that it led has no leader any more.
void RemoveFromIsr(std::string_view node, v1::JournalConfig* journal) {
  if (Mutated(Mutant::kRestartKeepsIsr)) return KeepInIsr(node, journal);
  if (Mutated(Mutant::kRestartShrinksRecoverySet) && journal->recovery_set_size() > 1) {
    auto* set = journal->mutable_recovery_set();
    set->erase(std::remove(set->begin(), set->end(), node), set->end());
  }
  auto* isr = journal->mutable_isr();
  isr->erase(std::remove_if(isr->begin(), isr->end(),
                            [&](const v1::ReplicaId& id) { return id.node() == node; }),
             isr->end());
  if (journal->has_leader() && journal->leader().node() == node) {
    journal->clear_leader();
    if (journal->state() == v1::JOURNAL_STATE_ACTIVE) {
      journal->set_state(v1::JOURNAL_STATE_LEADERLESS);
    }
  }
  // `complete` stays: what was committed may be held by replicas that have just left the isr, and
  // by nobody else. A leader that goes on commits nothing without them before a change of its own.
  if (Mutated(Mutant::kCompleteFollowsEveryChange) && !journal->isr().empty()) {
    *journal->mutable_complete() = journal->isr();
  }
}

absl::Status CheckRegistration(const v1::ConfigDocument& document, const Registration& wanted) {
  RJ_RETURN_IF_ERROR(ValidateNodeName(wanted.node));
  if (wanted.nonce.empty() || wanted.nonce.size() > limits::kChangeIdBytesMax) {
    return absl::InvalidArgumentError(
        "a registration needs a nonce of 1 to " + std::to_string(limits::kChangeIdBytesMax) +
        " bytes, or its repetition could not be told from another process; choose random bytes");
  }
  if (wanted.address.size() > limits::kAddressBytesMax) {
    return absl::InvalidArgumentError(
        "the address of node " + Quoted(wanted.node) + " has " +
        std::to_string(wanted.address.size()) + " bytes, allowed are " +
        std::to_string(limits::kAddressBytesMax) + "; use a shorter host name");
  }
  if (wanted.feature_level < document.feature_level()) {
    return absl::FailedPreconditionError(
        "node " + Quoted(wanted.node) + " does not join: the cluster writes by feature level " +
        std::to_string(document.feature_level()) + ", and this version of ringjournald knows " +
        std::to_string(wanted.feature_level) +
        " at most; install the version that the other nodes run");
  }
  if (FindNode(document, wanted.node) == nullptr &&
      static_cast<uint32_t>(document.nodes_size()) >= limits::kNodesMax) {
    return absl::ResourceExhaustedError("the cluster has " + std::to_string(limits::kNodesMax) +
                                        " nodes already, which is the limit; start the server "
                                        "under the name of a node that is gone");
  }
  return absl::OkStatus();
}

// The journal that a claim may lead now, because nobody does.
absl::StatusOr<v1::JournalConfig*> ClaimableJournal(v1::ConfigDocument* document,
                                                    const Claim& claim) {
  absl::StatusOr<v1::JournalConfig*> journal = JournalForClaim(document, claim);
  if (!journal.ok() || !(*journal)->has_leader()) return journal;
  return absl::FailedPreconditionError(ReplicaText({claim.node, claim.incarnation}) +
                                       " cannot lead journal " + Quoted((*journal)->name()) + ": " +
                                       ReplicaText((*journal)->leader()) +
                                       " leads it; follow that leader");
}

// A disk counts only where nobody is in sync; an isr member would have to be elected instead.
absl::Status CheckNobodyInSync(const v1::JournalConfig& journal) {
  if (journal.isr().empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("journal " + Quoted(journal.name()) +
                                       " needs no recovery: " + ReplicaText(journal.isr(0)) +
                                       " is in sync and holds every committed entry; elect it");
}

// What every change does that makes a leader alone in its isr.
void MakeLeader(const Claim& claim, v1::JournalConfig* journal) {
  v1::ReplicaId leader;
  leader.set_node(claim.node);
  leader.set_incarnation(claim.incarnation.value());
  ReplicaSet isr;
  *isr.Add() = leader;
  StartEpoch(std::move(leader), std::move(isr), claim.change_id, journal);
}

absl::Status CheckLossReport(const v1::JournalConfig& journal, const v1::LossReport& report) {
  const std::string what = "the loss report for journal " + Quoted(journal.name());
  const uint64_t known = report.known_committed_lsn();
  if (report.first_index() == 0 || report.first_lsn() == 0) {
    return absl::InvalidArgumentError(what + " has no start; entries and LSNs count from 1");
  }
  if (journal.has_commit_hint() && known <= journal.commit_hint().lsn()) {
    return absl::InvalidArgumentError(
        what + " says that all below LSN " + std::to_string(known) + " is known to be committed, " +
        "but the commit hint says so up to LSN " + std::to_string(journal.commit_hint().lsn()) +
        "; take the hint into account");
  }
  for (v1::LossVerdict verdict :
       {report.received(), report.replicated(), report.disk(), report.disk_quorum()}) {
    if (!v1::LossVerdict_IsValid(verdict) || verdict == v1::LOSS_VERDICT_UNKNOWN) {
      return absl::InvalidArgumentError(what + " leaves a level without a verdict; give all four");
    }
    if (verdict == v1::LOSS_VERDICT_CERTAIN && known <= report.first_lsn()) {
      return absl::InvalidArgumentError(
          what + " calls a loss certain, but nothing known to be committed lies at or above LSN " +
          std::to_string(report.first_lsn()) + "; call it possible");
    }
  }
  return absl::OkStatus();
}

void StoreLossReport(const v1::LossReport& report, v1::JournalConfig* journal) {
  if (Mutated(Mutant::kNoNewGeneration)) return;
  journal->set_generation(journal->generation() + 1);
  journal->set_writer_floor_generation(journal->generation());
  journal->set_writer_floor_epoch(0);
  v1::LossReport* stored = journal->add_losses();
  *stored = report;
  stored->set_generation(journal->generation());
  if (report.reason().size() > limits::kLossReasonBytesMax) {
    stored->set_reason(report.reason().substr(0, limits::kLossReasonBytesMax));
  }
  if (!journal->has_commit_hint()) return;
  v1::CommitHint* hint = journal->mutable_commit_hint();
  hint->set_index(std::min(hint->index(), report.first_index() - 1));
  hint->set_lsn(std::min(hint->lsn(), report.first_lsn() - 1));
}

}  // namespace

v1::ConfigDocument NewDocument(std::string_view cluster_id) {
  v1::ConfigDocument document;
  document.set_version(1);
  document.set_feature_level(1);
  document.set_cluster_id(std::string(cluster_id));
  return document;
}

namespace {

void BeginAnew(const std::string& node, v1::JournalConfig* journal) {
  if (journal->epoch() == 0 || journal->settings().memory_only()) return;
  if (!Names(journal->members(), node) || Names(journal->learners(), node)) return;
  if (!Mutated(Mutant::kEmptiedDiskCounted)) journal->add_learners(node);
}

}  // namespace

absl::StatusOr<Incarnation> RegisterNode(v1::ConfigDocument* document,
                                         const Registration& registration) {
  RJ_RETURN_IF_ERROR(CheckRegistration(*document, registration));
  v1::NodeRegistration* node = FindNode(document, registration.node);
  if (node != nullptr && node->nonce() == registration.nonce) {
    return Incarnation(node->incarnation());
  }
  if (node == nullptr) {
    node = document->add_nodes();
    node->set_node(registration.node);
  }
  node->set_incarnation(node->incarnation() + 1);
  node->set_address(registration.address);
  node->set_peer_address(registration.peer_address);
  node->set_nonce(registration.nonce);
  node->set_feature_level(registration.feature_level);
  document->set_feature_level(std::max(document->feature_level(), CommonFeatureLevel(*document)));
  for (v1::JournalConfig& journal : *document->mutable_journals()) {
    RemoveFromIsr(registration.node, &journal);
    if (registration.empty_disk) BeginAnew(registration.node, &journal);
  }
  return Incarnation(node->incarnation());
}

absl::Status LeadNew(v1::ConfigDocument* document, const Claim& claim) {
  absl::StatusOr<v1::JournalConfig*> journal = ClaimableJournal(document, claim);
  if (!journal.ok()) return journal.status();
  if ((*journal)->epoch() != 0) {
    return absl::FailedPreconditionError(
        "journal " + Quoted((*journal)->name()) + " is not new: it was led in epoch " +
        std::to_string((*journal)->epoch()) + " and may hold entries; recover it instead");
  }
  MakeLeader(claim, *journal);
  return absl::OkStatus();
}

absl::Status LeadAfterMemoryRecovery(v1::ConfigDocument* document, const Claim& claim,
                                     const RingIncarnations& ring) {
  absl::StatusOr<v1::JournalConfig*> journal = ClaimableJournal(document, claim);
  if (!journal.ok()) return journal.status();
  if (!RingCounts(**journal, claim.node, ring) && !Mutated(Mutant::kStrangersMemoryLeads)) {
    return absl::FailedPreconditionError(
        "the ring of node " + Quoted(claim.node) + " for journal " + Quoted((*journal)->name()) +
        " has content of incarnation " + std::to_string(ring.content.value()) + " (claim " +
        std::to_string(ring.claim.value()) +
        "), which is not known to hold every committed entry; wait for a node that is, or recover "
        "from the disks");
  }
  MakeLeader(claim, *journal);
  return absl::OkStatus();
}

absl::Status LeadAfterDiskRecovery(v1::ConfigDocument* document, const Claim& claim,
                                   const v1::LossReport& report) {
  absl::StatusOr<v1::JournalConfig*> journal = ClaimableJournal(document, claim);
  if (!journal.ok()) return journal.status();
  RJ_RETURN_IF_ERROR(CheckNobodyInSync(**journal));
  RJ_RETURN_IF_ERROR(CheckLossReport(**journal, report));
  StoreLossReport(report, *journal);
  MakeLeader(claim, *journal);
  return absl::OkStatus();
}

absl::Status LeadAfterOrderlyStop(v1::ConfigDocument* document, const Claim& claim,
                                  const StoppedLog& found) {
  absl::StatusOr<v1::JournalConfig*> journal = ClaimableJournal(document, claim);
  if (!journal.ok()) return journal.status();
  RJ_RETURN_IF_ERROR(CheckNobodyInSync(**journal));
  if (!StoppedAt(**journal, claim.node, found)) {
    return absl::FailedPreconditionError("journal " + Quoted((*journal)->name()) +
                                         " was not stopped in order at entry " +
                                         std::to_string(found.index.value()) + " on node " +
                                         Quoted(claim.node) + "; recover it from its disk");
  }
  MakeLeader(claim, *journal);
  return absl::OkStatus();
}

}  // namespace ringjournal
