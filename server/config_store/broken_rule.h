// What document_checks.cc and change_checks.cc share.
#ifndef SERVER_CONFIG_STORE_BROKEN_RULE_H_
#define SERVER_CONFIG_STORE_BROKEN_RULE_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/config_store/document.h"

namespace ringjournal {

// The document is damaged or a program is wrong: the caller refuses it as a whole.
inline absl::Status Broken(std::string_view where, std::string_view rule) {
  std::string message = "the config document breaks a rule: ";
  message.append(where).append(": ").append(rule);
  message.append("; it was not taken over. This is a defect of the program that proposed it: ");
  message.append("please report it with this line");
  return absl::FailedPreconditionError(message);
}

inline std::string Where(const v1::JournalConfig& journal) {
  return "journal \"" + journal.name() + "\"";
}

inline bool SameSet(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& a,
                    const google::protobuf::RepeatedPtrField<v1::ReplicaId>& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const v1::ReplicaId& id) {
           return Names(b, AsReplica(id));
         });
}

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_BROKEN_RULE_H_
