// What several edits of the config document share: who may change a journal now, and what a change
// that makes a leader sets. Inside the package only; edits are in document_edits.h and
// cluster_edits.h.
#ifndef SERVER_CONFIG_STORE_EDIT_RULES_H_
#define SERVER_CONFIG_STORE_EDIT_RULES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/config.pb.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {

using ReplicaSet = google::protobuf::RepeatedPtrField<v1::ReplicaId>;

// For messages.
std::string Quoted(std::string_view text);
absl::Status NoSuchJournal(const JournalId& id);

// OK if the registry gives the node this incarnation (I7). `what` opens the message.
absl::Status CheckCurrent(const v1::ConfigDocument& document, const ReplicaName& replica,
                          const std::string& what);

// The journal, which a current incarnation of a member asks to lead; somebody else may lead it.
absl::StatusOr<v1::JournalConfig*> JournalForClaim(v1::ConfigDocument* document,
                                                   const Claim& claim);

// The journal, which the claimant leads.
absl::StatusOr<v1::JournalConfig*> LedJournal(v1::ConfigDocument* document, const Claim& leader);

// True if `complete` names the node's ring, by its content or its claim.
bool RingCounts(const v1::JournalConfig& journal, std::string_view node,
                const RingIncarnations& ring);

// Everything that a change does after which there is a leader: sets the isr, `complete` to the
// isr, and recovery_set to its nodes. Arguments by value, as they may be the journal's own.
void SetInSync(ReplicaSet isr, v1::JournalConfig* journal);

// Epoch + 1 under a leader who is in `isr`.
void StartEpoch(v1::ReplicaId leader, ReplicaSet isr, const std::string& change_id,
                v1::JournalConfig* journal);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_EDIT_RULES_H_
