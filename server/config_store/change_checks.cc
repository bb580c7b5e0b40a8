// What a step from one config document to the next must satisfy.
#include <algorithm>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "journal/base/check.h"
#include "journal/base/mutants.h"
#include "server/config_store/broken_rule.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;

template <class Repeated>
bool SameList(const Repeated& a, const Repeated& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

bool HintFits(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  if (before.generation() != after.generation()) return true;  // the recovery cuts it
  return after.commit_hint().index() >= before.commit_hint().index() &&
         after.commit_hint().lsn() >= before.commit_hint().lsn();
}

absl::Status ValidateLossesKept(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  for (int i = 0; i < before.losses_size(); ++i) {
    if (!MessageDifferencer::Equals(before.losses(i), after.losses(i))) {
      return Broken(Where(after), "stored loss reports stay as they are");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateEpochs(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  const std::string where = Where(after);
  if (after.epoch() < before.epoch()) return Broken(where, "epochs never go back");
  const bool raised = after.epoch() > before.epoch();
  if (raised && !after.has_leader()) return Broken(where, "a higher epoch has a leader");
  if (!raised && after.has_leader() &&
      !(before.has_leader() && AsReplica(before.leader()) == AsReplica(after.leader()))) {
    return Broken(where, "another leader needs a higher epoch");
  }
  if (after.generation() == before.generation()) return absl::OkStatus();
  if (after.generation() != before.generation() + 1) {
    return Broken(where, "generations rise one by one");
  }
  return raised ? absl::OkStatus() : Broken(where, "a new generation is a new epoch too");
}

// All but `leader` were in the isr before.
absl::Status IsrShrinks(const v1::JournalConfig& before, const v1::JournalConfig& after,
                        const ReplicaName& leader) {
  for (const v1::ReplicaId& id : after.isr()) {
    if (AsReplica(id) == leader || Names(before.isr(), AsReplica(id))) continue;
    return Broken(Where(after), "only a leader adds to the isr, and only in its epoch");
  }
  return absl::OkStatus();
}

// I2's side of the config: who leads next, and who is counted, held every committed entry before.
absl::Status ValidateNewLeader(const v1::JournalConfig& before, const v1::JournalConfig& after) {
  const std::string where = Where(after);
  const ReplicaName leader = AsReplica(after.leader());
  const bool lossy = after.generation() != before.generation();
  const bool in_sync = !lossy && Names(before.isr(), leader);
  if (!in_sync && after.isr_size() != 1) {
    return Broken(where, "a leader that was not in sync starts alone");
  }
  if (lossy || in_sync || before.epoch() == 0) return IsrShrinks(before, after, leader);
  const bool known = std::any_of(before.complete().begin(), before.complete().end(),
                                 [&](const auto& id) { return id.node() == leader.node; });
  return known ? absl::OkStatus() : Broken(where, "within a generation `complete` names a leader");
}

absl::Status ValidateJournalChange(const v1::JournalConfig& before,
                                   const v1::JournalConfig& after) {
  RJ_RETURN_IF_ERROR(ValidateEpochs(before, after));
  RJ_RETURN_IF_ERROR(ValidateLossesKept(before, after));
  const std::string where = Where(after);
  if (!after.has_leader()) RJ_RETURN_IF_ERROR(IsrShrinks(before, after, {}));
  if (after.epoch() > before.epoch()) RJ_RETURN_IF_ERROR(ValidateNewLeader(before, after));
  if (!SameSet(before.complete(), after.complete()) &&
      !(after.has_leader() && SameSet(after.complete(), after.isr()))) {
    return Broken(where, "`complete` changes only to the isr of a change with a leader");
  }
  if (!after.has_leader() && !SameList(before.recovery_set(), after.recovery_set())) {
    return Broken(where, "recovery_set changes only together with a leader");
  }
  if (!HintFits(before, after)) return Broken(where, "the commit hint never goes back");
  const auto floor = [](const v1::JournalConfig& journal) {
    return Epoch{journal.writer_floor_generation(), journal.writer_floor_epoch()};
  };
  if (floor(after) < floor(before)) return Broken(where, "the writer floor never goes back");
  return absl::OkStatus();
}

// Else an id that comes back could give an epoch out a second time (I1).
absl::Status ValidateNewJournal(const v1::JournalConfig& journal) {
  if (journal.generation() == 1 && journal.epoch() <= 1) return absl::OkStatus();
  return Broken(Where(journal), "a new journal is in generation 1 and at most in epoch 1");
}

}  // namespace

absl::Status ValidateChange(const v1::ConfigDocument& before, const v1::ConfigDocument& after) {
  if (MutatesDocument()) return absl::OkStatus();
  if (after.version() != before.version() + 1) return Broken("document", "versions rise by one");
  if (after.cluster_id() != before.cluster_id()) return Broken("document", "cluster_id is kept");
  if (after.feature_level() < before.feature_level()) {
    return Broken("document", "the feature level never goes back");
  }
  if (after.feature_level() > std::max(before.feature_level(), CommonFeatureLevel(after))) {
    return Broken("document", "the feature level rises only to what every node knows");
  }
  bool registers = after.nodes_size() > before.nodes_size();
  for (const v1::NodeRegistration& node : before.nodes()) {
    const v1::NodeRegistration* now = FindNode(after, node.node());
    if (now == nullptr) return Broken("registry", "a node stays registered");
    if (now->incarnation() < node.incarnation()) {
      return Broken("registry", "incarnations never go back");
    }
    registers |= now->incarnation() > node.incarnation();
  }
  for (const v1::JournalConfig& journal : after.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(journal.id(), &id));
    const v1::JournalConfig* old = FindJournal(before, id);
    RJ_RETURN_IF_ERROR(old == nullptr ? ValidateNewJournal(journal)
                                      : ValidateJournalChange(*old, journal));
    if (registers && old != nullptr && !SameSet(old->complete(), journal.complete())) {
      return Broken(Where(journal), "a registration leaves `complete` alone");
    }
  }
  return absl::OkStatus();
}

}  // namespace ringjournal
