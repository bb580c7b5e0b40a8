#include "client/c/convert.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/c/boundary.h"

namespace ringjournal::client::c {
namespace {

template <size_t kSize>
void Put(const std::string& text, char (&out)[kSize]) {
  PutText(text, out, kSize);
}

}  // namespace

JournalSettings SettingsOf(const rj_journal_settings& s) {
  return {.ring_bytes = s.ring_bytes,
          .segment_bytes = s.segment_bytes,
          .checkpoint_bytes = s.checkpoint_bytes,
          .checkpoint_interval_ms = s.checkpoint_interval_ms,
          .memory_only = s.memory_only != 0,
          .retention_bytes = s.retention_bytes,
          .retention_age_ms = s.retention_age_ms,
          .producers_max = s.producers_max,
          .fenced = s.fenced != 0};
}

rj_journal_settings SettingsOf(const JournalSettings& s) {
  rj_journal_settings out = {};
  out.checkpoint_interval_ms = s.checkpoint_interval_ms;
  out.ring_bytes = s.ring_bytes;
  out.segment_bytes = s.segment_bytes;
  out.checkpoint_bytes = s.checkpoint_bytes;
  out.retention_bytes = s.retention_bytes;
  out.retention_age_ms = s.retention_age_ms;
  out.producers_max = s.producers_max;
  out.memory_only = s.memory_only;
  out.fenced = s.fenced;
  return out;
}

rj_watermarks WatermarksOf(const Watermarks& marks) {
  rj_watermarks out = {};
  out.oldest_lsn = marks.oldest.lsn.value();
  out.durable_lsn = marks.durable.lsn.value();
  out.committed_lsn = marks.committed.lsn.value();
  out.end_lsn = marks.end.lsn.value();
  out.oldest_index = marks.oldest.index.value();
  out.durable_index = marks.durable.index.value();
  out.committed_index = marks.committed.index.value();
  out.end_index = marks.end.index.value();
  return out;
}

rj_journal_info InfoOf(const JournalInfo& info) {
  rj_journal_info out = {};
  out.generation = info.epoch.generation;
  out.epoch = info.epoch.epoch;
  out.member_count = static_cast<uint32_t>(info.members.size());
  out.ring_bytes = info.ring_bytes;
  out.ring_bytes_used = info.ring_bytes_used;
  out.segment_count = info.segment_count;
  out.segment_bytes = info.segment_bytes;
  out.producer_count = info.producer_count;
  Put(info.id.ToHex(), out.id);
  Put(info.name, out.name);
  Put(info.storage_state, out.storage_state);
  Put(absl::StrJoin(info.members, ","), out.members);
  return out;
}

int32_t FateOf(Fate fate) {
  switch (fate) {
    case Fate::kApplied:
      return RJ_FATE_APPLIED;
    case Fate::kNotApplied:
      return RJ_FATE_NOT_APPLIED;
    default:
      return RJ_FATE_UNKNOWN;
  }
}

rj_resolution ResolutionOf(const Resolution& resolution) {
  rj_resolution out = {};
  out.outcome = static_cast<int32_t>(resolution.outcome);
  out.fate = FateOf(resolution.fate());
  out.generation = resolution.generation;
  out.lsn = resolution.lsn.value();
  return out;
}

rj_writer_info WriterInfoOf(const WriterInfo& info) {
  rj_writer_info out = {};
  out.generation = info.epoch.generation;
  out.epoch = info.epoch.epoch;
  out.journal_generation = info.generation;
  out.since_ns = info.since_ns;
  out.next_lsn = info.next_lsn.value();
  out.chain = info.chain;
  out.nonce = info.nonce;
  out.ended_by_loss = info.ended_by_loss;
  out.fenced = info.fenced;
  Put(info.claimant, out.claimant);
  return out;
}

rj_outcome OutcomeOf(const AppendOutcome& outcome) {
  rj_outcome out = {};
  out.struct_size = sizeof out;
  out.fate = FateOf(outcome.fate);
  out.code = CodeOfStatus(outcome.error);
  out.count = outcome.count;
  out.first_sequence = outcome.first_sequence.value();
  if (outcome.fate != Fate::kApplied) return out;
  const AppendReceipt& receipt = outcome.receipt;
  out.first_lsn = receipt.first_lsn.value();
  out.index = receipt.index.value();
  out.chain = receipt.chain;
  out.generation = receipt.epoch.generation;
  out.epoch = receipt.epoch.epoch;
  out.level = static_cast<uint32_t>(receipt.level);
  out.duplicate = receipt.duplicate;
  out.memory_copies = receipt.memory_copies;
  out.disk_copies = receipt.disk_copies;
  return out;
}

rj_writer_stats StatsOf(const WriterStats& stats, size_t in_flight) {
  rj_writer_stats out = {};
  out.in_flight = static_cast<uint32_t>(in_flight);
  out.accepted = stats.accepted;
  out.applied = stats.applied;
  out.not_applied = stats.not_applied;
  out.unknown = stats.unknown;
  out.answered_late = stats.answered_late;
  out.resent = stats.resent;
  out.duplicates = stats.duplicates;
  out.refusals = stats.refusals;
  out.reconnects = stats.reconnects;
  return out;
}

rj_loss LossOf(const LossNotice& loss, std::vector<rj_range>* held) {
  held->clear();
  for (const LsnRange& range : loss.held) {
    held->push_back({range.first.value(), range.last.value()});
  }
  rj_loss out = {};
  out.struct_size = sizeof out;
  out.generation = loss.generation;
  out.first_lsn = loss.first_lsn.value();
  out.known_committed_lsn = loss.known_committed_lsn.value();
  out.receipt_lsn = loss.receipt_lsn.value();
  out.reason = loss.reason.c_str();
  out.received = loss.received.c_str();
  out.replicated = loss.replicated.c_str();
  out.disk = loss.disk.c_str();
  out.disk_quorum = loss.disk_quorum.c_str();
  out.held = held->data();
  out.held_count = held->size();
  out.held_is_complete = loss.held_is_complete;
  return out;
}

absl::StatusOr<Level> LevelOf(const char* argument, uint32_t level, Level preset) {
  if (level == RJ_LEVEL_DEFAULT) return preset;
  if (level <= RJ_LEVEL_DISK_QUORUM) return static_cast<Level>(level);
  return InvalidArgument(argument, absl::StrCat(level, " is no level: use an RJ_LEVEL_ number"));
}

}  // namespace ringjournal::client::c
