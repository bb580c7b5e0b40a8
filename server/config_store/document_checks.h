// What a config document must satisfy, whoever wrote it: the pair to the assertions inside the
// edits. Pure.
#ifndef SERVER_CONFIG_STORE_DOCUMENT_CHECKS_H_
#define SERVER_CONFIG_STORE_DOCUMENT_CHECKS_H_

#include <string_view>

#include "absl/status/status.h"
#include "proto/config.pb.h"

namespace ringjournal {

// OK, or FailedPrecondition naming the first rule that does not hold. The rules, per journal:
//   ids and names unique; members are registered, and isr, `complete` and recovery_set within them;
//   every isr member is current in the registry;
//   the leader is in the isr; with a leader, `complete` equals the isr; isr is within `complete`
//   and its nodes within recovery_set; ACTIVE means that there is a leader, LEADERLESS and
//   RECOVERING that there is none, and RECOVERING that nobody is in sync; before the first epoch
//   nobody leads or is in sync; one loss report for each generation above the first; 1 <= min_isr,
//   target_copies <= members; the writer floor is not above the generation.
absl::Status ValidateDocument(const v1::ConfigDocument& document);

// OK if `after` may follow `before` in one change, else FailedPrecondition. Both are valid by
// ValidateDocument. The rules: version +1; cluster id kept; the feature level rises only to what
// every node knows; feature level, incarnations, generations, epochs, writer floors and (within a
// generation) commit hints never go back; nodes stay; another leader needs a higher epoch, and a
// higher epoch a leader; a generation rises by one with one more loss report, and never without a
// higher epoch; stored loss reports stay; `complete` and recovery_set change only in a change after
// which there is a leader; the isr gets a new member only from a leader that stays, or as a new
// leader; a new leader that was not in sync is alone in its isr and, within a generation, a node of
// `complete`; a new journal starts in generation 1.
absl::Status ValidateChange(const v1::ConfigDocument& before, const v1::ConfigDocument& after);

// OK or InvalidArgument with what is wrong and what is allowed. 0 always stands for the default.
absl::Status ValidateSettings(const v1::JournalSettings& settings);

// Names are labels that stand in files, logs and shells: letters, digits, '.', '_', '-'; not
// starting with '.' or '-'. InvalidArgument says what is wrong. Limits: kJournalNameBytesMax and
// kNodeNameBytesMax.
absl::Status ValidateJournalName(std::string_view name);
absl::Status ValidateNodeName(std::string_view node);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_DOCUMENT_CHECKS_H_
