// What a leader says in the config document about its own log.
#include <string>

#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/edit_rules.h"

namespace ringjournal {
absl::Status SetCommitHint(v1::ConfigDocument* document, const Claim& leader, Watermark committed) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  v1::JournalConfig* journal = *led;
  const v1::CommitHint& old = journal->commit_hint();
  if (committed.index.value() < old.index() || committed.lsn.value() < old.lsn()) {
    return absl::InvalidArgumentError("the commit hint of journal " + Quoted(journal->name()) +
                                      " cannot go back from index " + std::to_string(old.index()) +
                                      " to " + std::to_string(committed.index.value()) +
                                      ": what is committed stays so");
  }
  journal->mutable_commit_hint()->set_index(committed.index.value());
  journal->mutable_commit_hint()->set_lsn(committed.lsn.value());
  journal->set_change_id(leader.change_id);
  return absl::OkStatus();
}

absl::Status MarkOrderlyStop(v1::ConfigDocument* document, const Claim& leader,
                             const StoppedLog& end) {
  absl::StatusOr<v1::JournalConfig*> led = LedJournal(document, leader);
  if (!led.ok()) return led.status();
  RJ_RETURN_IF_ERROR(SetCommitHint(document, leader, {end.index, end.lsn}));
  v1::OrderlyStop* stop = (*led)->mutable_orderly_stop();
  stop->set_node(leader.node);
  stop->set_index(end.index.value());
  stop->set_lsn(end.lsn.value());
  stop->set_chain(end.chain);
  return absl::OkStatus();
}

bool StoppedAt(const v1::JournalConfig& journal, std::string_view node, const StoppedLog& end) {
  const v1::OrderlyStop& stop = journal.orderly_stop();
  return journal.has_orderly_stop() && stop.node() == node && stop.index() == end.index.value() &&
         stop.lsn() == end.lsn.value() && stop.chain() == end.chain;
}

}  // namespace ringjournal
