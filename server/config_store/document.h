// Looking things up in the config document. Pure; pointers stay the document's.
#ifndef SERVER_CONFIG_STORE_DOCUMENT_H_
#define SERVER_CONFIG_STORE_DOCUMENT_H_

#include <string_view>

#include "journal/base/types.h"
#include "proto/config.pb.h"

namespace ringjournal {

// A node in one process life, by value: what a v1::ReplicaId says.
struct ReplicaName {
  std::string_view node;  // owned by the caller
  Incarnation incarnation;
  friend bool operator==(const ReplicaName&, const ReplicaName&) = default;
};

inline ReplicaName AsReplica(const v1::ReplicaId& id) {
  return {id.node(), Incarnation(id.incarnation())};
}

// "node1/7", for messages and logs.
std::string ReplicaText(const ReplicaName& replica);
std::string ReplicaText(const v1::ReplicaId& id);

// Null where there is none. Valid until the document changes.
const v1::NodeRegistration* FindNode(const v1::ConfigDocument& document, std::string_view node);
v1::NodeRegistration* FindNode(v1::ConfigDocument* document, std::string_view node);

// The highest feature level that every registered node knows; 1 without a node.
uint32_t CommonFeatureLevel(const v1::ConfigDocument& document);
const v1::JournalConfig* FindJournal(const v1::ConfigDocument& document, const JournalId& id);
v1::JournalConfig* FindJournal(v1::ConfigDocument* document, const JournalId& id);
const v1::JournalConfig* FindJournalByName(const v1::ConfigDocument& document,
                                           std::string_view name);

// True if the registry gives the node this incarnation: nobody else may cause a change (I7).
bool IsCurrent(const v1::ConfigDocument& document, const ReplicaName& replica);

// True if `set` (an isr or `complete`) names the replica.
bool Names(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set,
           const ReplicaName& replica);
// True if `set` (members or recovery_set) names the node.
bool Names(const google::protobuf::RepeatedPtrField<std::string>& set, std::string_view node);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_DOCUMENT_H_
