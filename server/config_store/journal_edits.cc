// Journals and their settings: the edits that a user asks for.
#include <algorithm>
#include <cstdint>
#include <string>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/edit_rules.h"

namespace ringjournal {
namespace {

absl::Status CheckNewJournal(const v1::ConfigDocument& document, const JournalSpec& spec) {
  RJ_RETURN_IF_ERROR(ValidateJournalName(spec.name));
  RJ_RETURN_IF_ERROR(ValidateSettings(spec.settings));
  if (FindJournalByName(document, spec.name) != nullptr) {
    return absl::AlreadyExistsError("a journal named \"" + spec.name +
                                    "\" exists; open it, or choose another name");
  }
  if (FindJournal(document, spec.id) != nullptr) {
    return absl::AlreadyExistsError("a journal with the id " + spec.id.ToHex() +
                                    " exists: the request was applied before; list the journals");
  }
  if (static_cast<uint32_t>(document.journals_size()) >= limits::kJournalsPerNodeMax) {
    return absl::ResourceExhaustedError(
        "there are " + std::to_string(limits::kJournalsPerNodeMax) +
        " journals already, which is the limit; remove one that is not needed any more");
  }
  return absl::OkStatus();
}

absl::Status CheckMembers(const v1::ConfigDocument& document, const JournalSpec& spec) {
  if (spec.members.empty()) {
    return absl::InvalidArgumentError("journal \"" + spec.name +
                                      "\" needs a member to hold it; name a registered node");
  }
  for (const std::string& node : spec.members) {
    if (FindNode(document, node) == nullptr) {
      return absl::InvalidArgumentError("journal \"" + spec.name + "\" cannot have the member \"" +
                                        node + "\": no such node is registered; start it first");
    }
    if (std::count(spec.members.begin(), spec.members.end(), node) > 1) {
      return absl::InvalidArgumentError("journal \"" + spec.name + "\" names the member \"" + node +
                                        "\" twice; name it once");
    }
  }
  if (std::max(spec.min_isr, spec.target_copies) > spec.members.size()) {
    return absl::InvalidArgumentError(
        "journal \"" + spec.name + "\" asks for more copies than its " +
        std::to_string(spec.members.size()) + " members can hold; lower min_isr and target_copies");
  }
  return absl::OkStatus();
}

// All settings by name, for the message about an unknown one.
std::string SettingNames() {
  std::string names;
  const auto* descriptor = v1::JournalSettings::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    names.append(i == 0 ? "" : ", ").append(descriptor->field(i)->name());
  }
  return names;
}

// Copies one setting. All are singular scalars; a field at its default is simply cleared.
void CopySetting(const google::protobuf::FieldDescriptor* field, const v1::JournalSettings& from,
                 v1::JournalSettings* to) {
  v1::JournalSettings kept = from;
  const auto* descriptor = v1::JournalSettings::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (descriptor->field(i) != field)
      kept.GetReflection()->ClearField(&kept, descriptor->field(i));
  }
  to->GetReflection()->ClearField(to, field);
  to->MergeFrom(kept);
}

}  // namespace

absl::Status CreateJournal(v1::ConfigDocument* document, const JournalSpec& spec) {
  RJ_RETURN_IF_ERROR(CheckNewJournal(*document, spec));
  RJ_RETURN_IF_ERROR(CheckMembers(*document, spec));
  const uint32_t members = static_cast<uint32_t>(spec.members.size());
  v1::JournalConfig* journal = document->add_journals();
  journal->set_id(std::string(spec.id.view()));
  journal->set_name(spec.name);
  journal->set_generation(1);
  for (const std::string& node : spec.members) journal->add_members(node);
  journal->set_min_isr(spec.min_isr == 0 ? 1 : spec.min_isr);
  // A journal with one member is not degraded for want of a second.
  journal->set_target_copies(spec.target_copies == 0 ? std::min(2u, members) : spec.target_copies);
  journal->set_degraded_policy(v1::DEGRADED_POLICY_DISK);
  journal->set_state(v1::JOURNAL_STATE_LEADERLESS);
  journal->set_change_id(spec.change_id);
  *journal->mutable_settings() = spec.settings;
  return absl::OkStatus();
}

absl::Status RemoveJournal(v1::ConfigDocument* document, const JournalId& id) {
  auto* journals = document->mutable_journals();
  auto found = std::find_if(journals->begin(), journals->end(),
                            [&](const v1::JournalConfig& j) { return j.id() == id.view(); });
  if (found == journals->end()) {
    return absl::NotFoundError("no journal has the id " + id.ToHex() +
                               ": it was removed before; nothing is left to do");
  }
  journals->erase(found);
  return absl::OkStatus();
}

absl::Status SetJournal(v1::ConfigDocument* document, const SettingsChange& change) {
  v1::JournalConfig* journal = FindJournal(document, change.id);
  if (journal == nullptr) return NoSuchJournal(change.id);
  v1::JournalSettings settings = journal->settings();
  if (change.fields.empty()) {
    return absl::InvalidArgumentError("no setting is named; name one of " + SettingNames());
  }
  for (const std::string& name : change.fields) {
    const auto* field = v1::JournalSettings::descriptor()->FindFieldByName(name);
    if (field == nullptr) {
      return absl::InvalidArgumentError("there is no setting \"" + name + "\"; choose one of " +
                                        SettingNames());
    }
    CopySetting(field, change.settings, &settings);
  }
  RJ_RETURN_IF_ERROR(ValidateSettings(settings));
  *journal->mutable_settings() = settings;
  journal->set_change_id(change.change_id);
  return absl::OkStatus();
}

}  // namespace ringjournal
