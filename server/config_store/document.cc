#include "server/config_store/document.h"

#include <algorithm>
#include <string>

namespace ringjournal {

std::string ReplicaText(const ReplicaName& replica) {
  return std::string(replica.node).append("/").append(std::to_string(replica.incarnation.value()));
}

std::string ReplicaText(const v1::ReplicaId& id) { return ReplicaText(AsReplica(id)); }

const v1::NodeRegistration* FindNode(const v1::ConfigDocument& document, std::string_view node) {
  for (const v1::NodeRegistration& registration : document.nodes()) {
    if (registration.node() == node) return &registration;
  }
  return nullptr;
}

v1::NodeRegistration* FindNode(v1::ConfigDocument* document, std::string_view node) {
  return const_cast<v1::NodeRegistration*>(
      FindNode(static_cast<const v1::ConfigDocument&>(*document), node));
}

uint32_t CommonFeatureLevel(const v1::ConfigDocument& document) {
  uint32_t level = document.nodes().empty() ? 1 : UINT32_MAX;
  for (const v1::NodeRegistration& node : document.nodes()) {
    level = std::min(level, std::max(node.feature_level(), 1u));
  }
  return level;
}

const v1::JournalConfig* FindJournal(const v1::ConfigDocument& document, const JournalId& id) {
  for (const v1::JournalConfig& journal : document.journals()) {
    if (journal.id() == id.view()) return &journal;
  }
  return nullptr;
}

v1::JournalConfig* FindJournal(v1::ConfigDocument* document, const JournalId& id) {
  return const_cast<v1::JournalConfig*>(
      FindJournal(static_cast<const v1::ConfigDocument&>(*document), id));
}

const v1::JournalConfig* FindJournalByName(const v1::ConfigDocument& document,
                                           std::string_view name) {
  for (const v1::JournalConfig& journal : document.journals()) {
    if (journal.name() == name) return &journal;
  }
  return nullptr;
}

bool IsCurrent(const v1::ConfigDocument& document, const ReplicaName& replica) {
  const v1::NodeRegistration* registration = FindNode(document, replica.node);
  return registration != nullptr && registration->incarnation() == replica.incarnation.value();
}

bool Names(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set,
           const ReplicaName& replica) {
  return std::any_of(set.begin(), set.end(),
                     [&](const v1::ReplicaId& id) { return AsReplica(id) == replica; });
}

bool Names(const google::protobuf::RepeatedPtrField<std::string>& set, std::string_view node) {
  return std::find(set.begin(), set.end(), node) != set.end();
}

}  // namespace ringjournal
