// A small language for tests on config documents.
#ifndef SERVER_CONFIG_STORE_TEST_DOCUMENT_H_
#define SERVER_CONFIG_STORE_TEST_DOCUMENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal::testing_document {

inline constexpr std::string_view kClusterId = "0123456789abcdef";

// An id whose bytes are all `fill`.
inline JournalId Id(uint8_t fill) {
  JournalId id;
  id.bytes.fill(fill);
  return id;
}

// Starts a process of the node; returns its incarnation.
inline Incarnation Start(v1::ConfigDocument* document, const std::string& node) {
  const v1::NodeRegistration* before = FindNode(*document, node);
  const uint64_t starts = before == nullptr ? 0 : before->incarnation();
  absl::StatusOr<Incarnation> incarnation =
      RegisterNode(document, {.node = node,
                              .address = node + ".example:7000",
                              .nonce = node + " start " + std::to_string(starts + 1)});
  RJ_CHECK(incarnation.ok());
  return *incarnation;
}

// A cluster whose nodes have each started once.
inline v1::ConfigDocument ClusterOf(const std::vector<std::string>& nodes) {
  v1::ConfigDocument document = NewDocument(kClusterId);
  for (const std::string& node : nodes) Start(&document, node);
  return document;
}

// Adds journal Id(fill), named "journal<fill>", on all nodes.
inline v1::JournalConfig* AddJournal(v1::ConfigDocument* document, uint8_t fill) {
  JournalSpec spec = {.id = Id(fill), .name = std::string("journal").append(std::to_string(fill))};
  for (const v1::NodeRegistration& node : document->nodes()) spec.members.push_back(node.node());
  RJ_CHECK(CreateJournal(document, spec).ok());
  return FindJournal(document, Id(fill));
}

inline Claim ClaimOf(uint8_t fill, const std::string& node, Incarnation incarnation) {
  return {.journal = Id(fill), .node = node, .incarnation = incarnation, .change_id = "change"};
}

inline v1::ReplicaId* Add(google::protobuf::RepeatedPtrField<v1::ReplicaId>* set,
                          std::string_view node, uint64_t incarnation) {
  v1::ReplicaId* id = set->Add();
  id->set_node(std::string(node));
  id->set_incarnation(incarnation);
  return id;
}

// "n1/1 n2/1": an isr or `complete` in its order.
inline std::string Text(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set) {
  std::string text;
  for (const v1::ReplicaId& id : set) text.append(text.empty() ? "" : " ").append(ReplicaText(id));
  return text;
}
inline std::string Text(const google::protobuf::RepeatedPtrField<std::string>& set) {
  std::string text;
  for (const std::string& node : set) text.append(text.empty() ? "" : " ").append(node);
  return text;
}

// Journal Id(1) on n1, n2, n3: led by n1, all in sync, all in their first incarnation.
inline v1::ConfigDocument ThreeInSync() {
  v1::ConfigDocument document = ClusterOf({"n1", "n2", "n3"});
  v1::JournalConfig* journal = AddJournal(&document, 1);
  RJ_CHECK(LeadNew(&document, ClaimOf(1, "n1", Incarnation(1))).ok());
  for (const char* node : {"n2", "n3"}) {
    Add(journal->mutable_isr(), node, 1);
    Add(journal->mutable_complete(), node, 1);
    journal->add_recovery_set(node);
  }
  return document;
}

}  // namespace ringjournal::testing_document

#endif  // SERVER_CONFIG_STORE_TEST_DOCUMENT_H_
