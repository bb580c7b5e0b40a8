#include "server/config_store/document_checks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <string>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/base/units.h"
#include "server/config_store/broken_rule.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

constexpr size_t kIdBytes = 16;

absl::Status ValidateNodes(const v1::ConfigDocument& document) {
  std::set<std::string_view> seen;
  for (const v1::NodeRegistration& node : document.nodes()) {
    if (!ValidateNodeName(node.node()).ok())
      return Broken("registry", "a node's name is not valid");
    if (!seen.insert(node.node()).second) return Broken("registry", "a node is listed twice");
    if (node.incarnation() == 0) return Broken("registry", "incarnations start at 1");
    if (node.incarnation() > limits::kIncarnationMax) {
      return Broken("registry", "a node's incarnation is above kIncarnationMax");
    }
  }
  if (seen.size() > limits::kNodesMax) return Broken("registry", "more nodes than kNodesMax");
  return absl::OkStatus();
}

// Only a member can be asked for its ring or its disk.
absl::Status ValidateMembers(const v1::ConfigDocument& document, const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  std::set<std::string_view> seen;
  for (const std::string& node : journal.members()) {
    if (!seen.insert(node).second) return Broken(where, "a member is listed once");
    if (FindNode(document, node) == nullptr) return Broken(where, "members are registered");
  }
  for (const v1::ReplicaId& id : journal.complete()) {
    if (!seen.contains(id.node())) return Broken(where, "`complete` is within the members");
  }
  for (const std::string& node : journal.recovery_set()) {
    if (!seen.contains(node)) return Broken(where, "recovery_set is within the members");
  }
  return absl::OkStatus();
}

absl::Status ValidateIdentity(const v1::ConfigDocument& document,
                              const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  if (journal.id().size() != kIdBytes) return Broken(where, "an id has 16 bytes");
  if (!ValidateJournalName(journal.name()).ok()) return Broken(where, "the name is not valid");
  if (journal.generation() == 0) return Broken(where, "generations start at 1");
  if (journal.members().empty()) return Broken(where, "a journal has a member");
  RJ_RETURN_IF_ERROR(ValidateMembers(document, journal));
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
    if (Names(journal.learners(), id.node())) return Broken(where, "no learner is in the isr");
  }
  for (const std::string& node : journal.learners()) {
    if (!Names(journal.members(), node)) return Broken(where, "learners are members");
  }
  return absl::OkStatus();
}

absl::Status ValidateLeader(const v1::JournalConfig& journal) {
  const std::string where = Where(journal);
  const bool led = journal.has_leader();
  if (led && !Names(journal.isr(), AsReplica(journal.leader()))) {
    return Broken(where, "the leader is in the isr");
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
    case v1::JOURNAL_STATE_RECOVERING:
      if (!journal.isr().empty() || journal.epoch() == 0) {
        return Broken(where, "RECOVERING means that it was led and nobody is in sync");
      }
      [[fallthrough]];
    case v1::JOURNAL_STATE_LEADERLESS:
      return led ? Broken(where, "a journal with a leader is ACTIVE or SEALED") : absl::OkStatus();
    case v1::JOURNAL_STATE_SEALED:
      return absl::OkStatus();
    default:
      return Broken(where, "the state is not known to this version");
  }
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
  if (MutatesDocument()) return absl::OkStatus();
  if (document.version() == 0) return Broken("document", "versions start at 1");
  if (document.cluster_id().size() != kIdBytes)
    return Broken("document", "cluster_id has 16 bytes");
  RJ_RETURN_IF_ERROR(ValidateNodes(document));
  std::set<std::string_view> ids, names;
  for (const v1::JournalConfig& journal : document.journals()) {
    RJ_RETURN_IF_ERROR(ValidateIdentity(document, journal));
    if (!ids.insert(journal.id()).second) return Broken(Where(journal), "ids are unique");
    if (!names.insert(journal.name()).second) return Broken(Where(journal), "names are unique");
    RJ_RETURN_IF_ERROR(ValidateLosses(journal));
    RJ_RETURN_IF_ERROR(ValidateInSyncSet(document, journal));
    RJ_RETURN_IF_ERROR(ValidateLeader(journal));
  }
  if (ids.size() > limits::kJournalsPerNodeMax) return Broken("document", "too many journals");
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
