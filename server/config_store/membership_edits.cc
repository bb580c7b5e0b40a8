// Which nodes should hold a copy of a journal: replication.md section 6, "Membership".
#include <algorithm>
#include <string>

#include "journal/base/check.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/edit_rules.h"

namespace ringjournal {
namespace {

void Erase(std::string_view node, google::protobuf::RepeatedPtrField<std::string>* set) {
  set->erase(std::remove(set->begin(), set->end(), node), set->end());
}

bool NamesNode(const ReplicaSet& set, std::string_view node) {
  return std::any_of(set.begin(), set.end(),
                     [&](const v1::ReplicaId& id) { return id.node() == node; });
}

absl::Status CheckRemoval(const v1::JournalConfig& journal, std::string_view node) {
  const std::string what =
      "node " + Quoted(node) + " cannot leave journal " + Quoted(journal.name());
  if (NamesNode(journal.isr(), node)) {
    return absl::FailedPreconditionError(
        what +
        ": it is in sync and commits count on it; hand the journal over if it leads, then "
        "drop it from the in-sync set");
  }
  const uint32_t left = static_cast<uint32_t>(journal.members_size()) - 1;
  if (left < journal.min_isr()) {  // min_isr >= 1: hence the last member stays, too
    return absl::FailedPreconditionError(
        what + ": " + std::to_string(left) + " members would be left, and min_isr is " +
        std::to_string(journal.min_isr()) + "; add another member first");
  }
  const bool needed = NamesNode(journal.complete(), node) || Names(journal.recovery_set(), node);
  if (needed && !journal.has_leader()) {
    return absl::FailedPreconditionError(
        what +
        ": the journal has no leader, and this node may be the only one that holds every "
        "committed entry; wait until it has one");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddMember(v1::ConfigDocument* document, const JournalId& id, std::string_view node,
                       std::string_view change_id) {
  v1::JournalConfig* journal = FindJournal(document, id);
  if (journal == nullptr) return NoSuchJournal(id);
  const std::string what =
      "node " + Quoted(node) + " cannot join journal " + Quoted(journal->name());
  if (FindNode(*document, node) == nullptr) {
    return absl::InvalidArgumentError(what + ": no such node is registered; start it first");
  }
  if (Names(journal->members(), node)) {
    return absl::AlreadyExistsError(what + ": it is a member already; nothing is left to do");
  }
  if (journal->members_size() == 1) journal->set_target_copies(2);
  journal->add_members(std::string(node));
  if (journal->epoch() > 0) journal->add_learners(std::string(node));
  journal->set_change_id(std::string(change_id));
  return absl::OkStatus();
}

absl::Status RemoveMember(v1::ConfigDocument* document, const JournalId& id, std::string_view node,
                          std::string_view change_id) {
  v1::JournalConfig* journal = FindJournal(document, id);
  if (journal == nullptr) return NoSuchJournal(id);
  if (!Names(journal->members(), node)) {
    return absl::NotFoundError("node " + Quoted(node) + " is not a member of journal " +
                               Quoted(journal->name()) + " (any more); nothing is left to do");
  }
  RJ_RETURN_IF_ERROR(CheckRemoval(*journal, node));
  const std::string leaving(node);  // `node` may be the document's own
  Erase(leaving, journal->mutable_members());
  Erase(leaving, journal->mutable_learners());
  // With a leader, everything committed is in its isr, and this change is its own.
  if (journal->has_leader()) *journal->mutable_complete() = journal->isr();
  Erase(leaving, journal->mutable_recovery_set());
  journal->set_target_copies(
      std::min(journal->target_copies(), static_cast<uint32_t>(journal->members_size())));
  journal->set_change_id(std::string(change_id));
  return absl::OkStatus();
}

}  // namespace ringjournal
