#include "server/config_store/document_checks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr size_t kIdBytes = 16;

// The document is damaged or a program is wrong: the caller refuses it as a whole.
absl::Status Broken(std::string_view where, std::string_view rule) {
  std::string message = "the config document breaks a rule: ";
  message.append(where).append(": ").append(rule);
  message.append("; it was not taken over. This is a defect of the program that proposed it: ");
  message.append("please report it with this line");
  return absl::FailedPreconditionError(message);
}

std::string Where(const v1::JournalConfig& journal) { return "journal \"" + journal.name() + "\""; }

bool SameSet(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& a,
             const google::protobuf::RepeatedPtrField<v1::ReplicaId>& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const v1::ReplicaId& id) {
           return Names(b, AsReplica(id));
         });
}

template <class Repeated>
bool SameList(const Repeated& a, const Repeated& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

absl::Status ValidateNodes(const v1::ConfigDocument& document) {
  std::set<std::string_view> seen;
  for (const v1::NodeRegistration& node : document.nodes()) {
    if (!ValidateNodeName(node.node()).ok())
      return Broken("registry", "a node's name is not valid");
    if (!seen.insert(node.node()).second) return Broken("registry", "a node is listed twice");
    if (node.incarnation() == 0) return Broken("registry", "incarnations start at 1");
  }
  if (seen.size() > limits::kNodesMax) return Broken("registry", "more nodes than kNodesMax");
  return absl::OkStatus();
}

absl::Status ValidateIdentity(const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  if (journal.id().size() != kIdBytes) return Broken(where, "an id has 16 bytes");
  if (!ValidateJournalName(journal.name()).ok()) return Broken(where, "the name is not valid");
  if (journal.generation() == 0) return Broken(where, "generations start at 1");
  if (journal.members().empty()) return Broken(where, "a journal has a member");
  const uint32_t members = static_cast<uint32_t>(journal.members_size());
  if (journal.min_isr() < 1 || journal.min_isr() > members) {
    return Broken(where, "min_isr is from 1 to the number of members");
  }
  if (journal.target_copies() < 1 || journal.target_copies() > members) {
    return Broken(where, "target_copies is from 1 to the number of members");
  }
  if (journal.writer_floor_generation() > journal.generation()) {
    return Broken(where, "the writer floor is not above the generation");
  }
  return absl::OkStatus();
}

absl::Status ValidateLosses(const v1::JournalConfig& journal) {
  if (static_cast<uint32_t>(journal.losses_size()) != journal.generation() - 1) {
    return Broken(Where(journal), "each generation above the first has its loss report");
  }
  for (int i = 0; i < journal.losses_size(); ++i) {
    if (journal.losses(i).generation() != static_cast<uint32_t>(i) + 2) {
      return Broken(Where(journal), "loss reports are in the order of their generations");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateInSyncSet(const v1::ConfigDocument& document,
                               const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  std::set<std::string_view> nodes;
  for (const v1::ReplicaId& id : journal.isr()) {
    if (!nodes.insert(id.node()).second) return Broken(where, "a node is in the isr once");
    if (!Names(journal.members(), id.node())) return Broken(where, "the isr is within the members");
    if (!IsCurrent(document, AsReplica(id))) {
      return Broken(where, "the isr holds current incarnations only");
    }
    if (!Names(journal.complete(), AsReplica(id))) {
      return Broken(where, "the isr is within `complete`");
    }
    if (!Names(journal.recovery_set(), id.node())) {
      return Broken(where, "the isr's nodes are within recovery_set");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateLeader(const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  const bool led = journal.has_leader();
  if (led && !Names(journal.isr(), AsReplica(journal.leader()))) {
    return Broken(where, "the leader is in the isr");
  }
  if (led && !SameSet(journal.complete(), journal.isr())) {
    return Broken(where, "with a leader, `complete` is the isr");
  }
  if (journal.epoch() == 0 && (led || !journal.isr().empty() || !journal.complete().empty())) {
    return Broken(where, "before the first epoch nobody leads or is in sync");
  }
  if (journal.epoch() > 0 && journal.complete().empty()) {
    return Broken(where, "after the first epoch `complete` names a replica");
  }
  switch (journal.state()) {
    case v1::JOURNAL_STATE_ACTIVE:
      return led ? absl::OkStatus() : Broken(where, "ACTIVE means that there is a leader");
    case v1::JOURNAL_STATE_LEADERLESS:
    case v1::JOURNAL_STATE_RECOVERING:
      return led ? Broken(where, "a journal with a leader is ACTIVE or SEALED") : absl::OkStatus();
    case v1::JOURNAL_STATE_SEALED:
      return absl::OkStatus();
    default:
      return Broken(where, "the state is not known to this version");
  }
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

absl::Status ValidateJournalChange(const v1::JournalConfig& before,
                                   const v1::JournalConfig& after) {
  RJ_RETURN_IF_ERROR(ValidateEpochs(before, after));
  RJ_RETURN_IF_ERROR(ValidateLossesKept(before, after));
  const std::string where = Where(after);
  if (!after.has_leader() && !SameSet(before.complete(), after.complete())) {
    return Broken(where, "`complete` changes only together with a leader");
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

absl::Status ValidateName(std::string_view noun, std::string_view name, size_t bytes_max) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  const bool good = !name.empty() && name.size() <= bytes_max && name[0] != '.' && name[0] != '-' &&
                    std::all_of(name.begin(), name.end(), allowed);
  if (good) return absl::OkStatus();
  std::string message = "this name of a ";
  message.append(noun).append(" is not allowed: ");
  // The refused name goes into a log line: not its odd bytes.
  if (!name.empty() && name.size() <= bytes_max) {
    for (char c : name) message.push_back(c >= ' ' && c <= '~' ? c : '?');
  } else {
    message.append(std::to_string(name.size())).append(" bytes");
  }
  message.append("; use 1 to ").append(std::to_string(bytes_max));
  message.append(" letters, digits, '.', '_' or '-', not starting with '.' or '-'");
  return absl::InvalidArgumentError(message);
}

// The allowed range of one setting; both ends belong to it.
struct Range {
  uint64_t min;
  uint64_t max;
};

// As people write it: by the unit that the setting's name ends with.
std::string ValueText(std::string_view name, uint64_t value) {
  if (name.ends_with("_bytes")) return FormatBytes(value);
  if (name.ends_with("_ms")) return FormatDurationNs(static_cast<int64_t>(value) * 1'000'000);
  return std::to_string(value);
}

absl::Status CheckRange(std::string_view name, uint64_t value, Range range) {
  if (value == 0 || (value >= range.min && value <= range.max)) return absl::OkStatus();
  std::string message(name);
  message.append(" = ").append(ValueText(name, value)).append(" is out of range; choose from ");
  message.append(ValueText(name, range.min)).append(" to ").append(ValueText(name, range.max));
  return absl::InvalidArgumentError(message.append(", or 0 for the default"));
}

}  // namespace

absl::Status ValidateDocument(const v1::ConfigDocument& document) {
  if (document.version() == 0) return Broken("document", "versions start at 1");
  if (document.cluster_id().size() != kIdBytes)
    return Broken("document", "cluster_id has 16 bytes");
  RJ_RETURN_IF_ERROR(ValidateNodes(document));
  std::set<std::string_view> ids, names;
  for (const v1::JournalConfig& journal : document.journals()) {
    RJ_RETURN_IF_ERROR(ValidateIdentity(journal));
    if (!ids.insert(journal.id()).second) return Broken(Where(journal), "ids are unique");
    if (!names.insert(journal.name()).second) return Broken(Where(journal), "names are unique");
    RJ_RETURN_IF_ERROR(ValidateLosses(journal));
    RJ_RETURN_IF_ERROR(ValidateInSyncSet(document, journal));
    RJ_RETURN_IF_ERROR(ValidateLeader(journal));
  }
  if (ids.size() > limits::kJournalsPerNodeMax) return Broken("document", "too many journals");
  return absl::OkStatus();
}

absl::Status ValidateChange(const v1::ConfigDocument& before, const v1::ConfigDocument& after) {
  if (after.version() != before.version() + 1) return Broken("document", "versions rise by one");
  if (after.cluster_id() != before.cluster_id()) return Broken("document", "cluster_id is kept");
  if (after.feature_level() < before.feature_level()) {
    return Broken("document", "the feature level never goes back");
  }
  for (const v1::NodeRegistration& node : before.nodes()) {
    const v1::NodeRegistration* now = FindNode(after, node.node());
    if (now == nullptr) return Broken("registry", "a node stays registered");
    if (now->incarnation() < node.incarnation()) {
      return Broken("registry", "incarnations never go back");
    }
  }
  for (const v1::JournalConfig& journal : after.journals()) {
    JournalId id;
    RJ_CHECK(JournalId::FromView(journal.id(), &id));
    const v1::JournalConfig* old = FindJournal(before, id);
    if (old != nullptr) RJ_RETURN_IF_ERROR(ValidateJournalChange(*old, journal));
  }
  return absl::OkStatus();
}

absl::Status ValidateSettings(const v1::JournalSettings& settings) {
  RJ_RETURN_IF_ERROR(CheckRange("ring_bytes", settings.ring_bytes(),
                                {limits::kRingBytesMin, limits::kRingBytesMax}));
  if (settings.ring_bytes() != 0 && !std::has_single_bit(settings.ring_bytes())) {
    const uint64_t below = std::bit_floor(settings.ring_bytes());
    return absl::InvalidArgumentError(
        "ring_bytes = " + FormatBytes(settings.ring_bytes()) +
        " is not a power of two, which the ring needs so that a place is found by a mask; choose " +
        FormatBytes(below) + " or " + FormatBytes(below * 2));
  }
  RJ_RETURN_IF_ERROR(CheckRange("segment_bytes", settings.segment_bytes(),
                                {limits::kSegmentBytesMin, limits::kSegmentBytesMax}));
  const uint64_t ring =
      settings.ring_bytes() == 0 ? limits::kRingBytesDefault : settings.ring_bytes();
  RJ_RETURN_IF_ERROR(CheckRange("checkpoint_bytes", settings.checkpoint_bytes(), {1, ring}));
  RJ_RETURN_IF_ERROR(CheckRange("checkpoint_interval_ms", settings.checkpoint_interval_ms(),
                                {1, limits::kCheckpointIntervalMsMax}));
  RJ_RETURN_IF_ERROR(
      CheckRange("retention_age_ms", settings.retention_age_ms(), {1, limits::kRetentionAgeMsMax}));
  return CheckRange("producers_max", settings.producers_max(), {1, limits::kProducersMax});
}

absl::Status ValidateJournalName(std::string_view name) {
  return ValidateName("journal", name, limits::kJournalNameBytesMax);
}

absl::Status ValidateNodeName(std::string_view node) {
  return ValidateName("node", node, limits::kNodeNameBytesMax);
}

}  // namespace ringjournal
