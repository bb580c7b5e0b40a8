// Requests about journals and the node.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/node/refusals.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {

void Shard::FillReply(const Journal& journal, v1::JournalReply* reply) const {
  *reply->mutable_config() = journal.config;
  *reply->mutable_config()->mutable_settings() = journal.replica->options().settings;
  const Replica& replica = *journal.replica;
  FillWatermarks(replica, reply->mutable_watermarks());
  v1::JournalStats* stats = reply->mutable_stats();
  const Checkpointer& checkpointer = replica.checkpointer();
  stats->set_ring_bytes(replica.ring().data_bytes());
  stats->set_ring_bytes_used(replica.ring().used_bytes());
  stats->set_segment_count(checkpointer.catalog().segments().size());
  stats->set_segment_bytes(checkpointer.catalog().total_bytes());
  stats->set_appended_bytes(replica.appended_bytes());
  stats->set_checkpoint_bytes(checkpointer.entry_bytes_written());
  stats->set_disk_bytes(checkpointer.disk_bytes_written());
  stats->set_producer_count(replica.derived().producers().size());
  stats->set_storage_state(checkpointer.storage_full() ? "full" : "ok");
  FillRole(journal, stats);
}

namespace {

// Those asked for. Refused where there are too many: whoever does not find his own in a part of
// them would take it for missing.
bool FillProducers(const Replica& replica, std::string_view prefix, v1::JournalReply* reply,
                   v1::ErrorReply* refusal) {
  const ProducerTable& table = replica.derived().producers();
  for (ProducerSlot slot = 0; slot < table.size(); ++slot) {
    const ProducerState& producer = table.at(slot);
    if (!std::string_view(producer.name).starts_with(prefix)) continue;
    if (reply->producers_size() == static_cast<int>(limits::kProducersNamedMax)) {
      Refuse(v1::ERROR_CODE_LIMIT,
             absl::StrCat("more than ", limits::kProducersNamedMax,
                          " producers of the journal have names that begin with '",
                          std::string(prefix),
                          "', and one answer names no more: ask for a "
                          "longer beginning"),
             refusal);
      return false;
    }
    WriteProducer(producer, reply->add_producers());
  }
  return true;
}

// A loss whose place is still kept: who reads the journal from its oldest entry meets it.
const v1::LossReport* LossInSight(const v1::JournalReply& journal) {
  const auto& losses = journal.config().losses();
  if (losses.empty()) return nullptr;
  const v1::LossReport& newest = losses.Get(losses.size() - 1);
  return newest.first_lsn() >= journal.watermarks().oldest().lsn() ? &newest : nullptr;
}

// The gravest news first.
std::string Verdict(const v1::StatusReply& status, bool draining) {
  for (const v1::JournalReply& journal : status.journals()) {
    if (journal.stats().storage_state() != "full") continue;
    return absl::StrCat(
        "The disk is full (journal ", journal.config().name(),
        "): disk levels are refused; free space or run `ringjournal journal trim`.");
  }
  if (draining) return "Shutting down.";
  for (const v1::JournalReply& journal : status.journals()) {
    const v1::LossReport* loss = LossInSight(journal);
    if (loss == nullptr) continue;
    return absl::StrCat("Serving after a possible loss: journal ", journal.config().name(),
                        " from LSN ", loss->first_lsn(), " on; `ringjournal journal info ",
                        journal.config().name(), "` says more.");
  }
  if (status.nodes_size() > 0) return "Serving as a node of a cluster.";
  const int count = status.journals_size();
  return absl::StrCat("Healthy: one node, ", count, count == 1 ? " journal" : " journals",
                      ", one copy of each.");
}

}  // namespace

void Shard::OnCreate(Session* session, const v1::JournalCreate& request) {
  PendingChange change;
  change.kind = PendingChange::Kind::kCreate;
  change.request_id = request.request_id();
  change.name = request.name();
  change.settings = request.settings();
  StartCreate(session, std::move(change));
}

void Shard::OnSet(Session* session, const v1::JournalSet& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  for (const std::string& field : request.fields()) {
    if (field != "ring_bytes" && field != "memory_only" && field != "producers_max") continue;
    v1::ErrorReply error;
    Refuse(v1::ERROR_CODE_BAD_SETTING,
           absl::StrCat(field,
                        " is fixed when a journal is created; create another journal with the "
                        "value you want"),
           &error);
    return ReplyError(session, request.request_id(), std::move(error));
  }
  // Whoever is answered may rely on it: the leader itself makes that change.
  const bool fences = std::find(request.fields().begin(), request.fields().end(), "fenced") !=
                      request.fields().end();
  if (fences && RefuseElsewhere(session, request.request_id(), *journal)) return;
  PendingChange change;
  change.kind = PendingChange::Kind::kSet;
  change.request_id = request.request_id();
  change.name = request.name();
  JournalId::FromView(journal->config.id(), &change.id);
  change.settings = request.settings();
  change.fields.assign(request.fields().begin(), request.fields().end());
  change.ready = true;
  TakeChange(session, std::move(change));
}

void Shard::OnRemove(Session* session, const v1::JournalRemove& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  PendingChange change;
  change.kind = PendingChange::Kind::kRemove;
  change.request_id = request.request_id();
  change.name = request.name();
  JournalId::FromView(journal->config.id(), &change.id);
  change.ready = true;
  TakeChange(session, std::move(change));
}

void Shard::OnInfo(Session* session, const v1::JournalInfo& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  v1::ServerMessage message;
  message.mutable_journal_reply()->set_request_id(request.request_id());
  FillReply(*journal, message.mutable_journal_reply());
  v1::ErrorReply error;
  if (request.has_producer_prefix() && !FillProducers(*journal->replica, request.producer_prefix(),
                                                      message.mutable_journal_reply(), &error)) {
    return ReplyError(session, request.request_id(), std::move(error));
  }
  Reply(session, message);
}

void Shard::OnList(Session* session, const v1::JournalList& request) {
  v1::ServerMessage message;
  message.mutable_journal_list_reply()->set_request_id(request.request_id());
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->removed) continue;
    FillReply(*journal, message.mutable_journal_list_reply()->add_journals());
  }
  Reply(session, message);
}

void Shard::OnStatus(Session* session, const v1::Status& request) {
  v1::ServerMessage message;
  v1::StatusReply* reply = message.mutable_status_reply();
  reply->set_request_id(request.request_id());
  reply->set_node(options_.node);
  reply->set_node_incarnation(options_.incarnation.value());
  reply->set_server_version(options_.server_version);
  reply->set_uptime_ms(static_cast<uint64_t>(now_.monotonic_ns - started_ns_) / 1000000);
  reply->set_sessions(static_cast<uint32_t>(sessions_.size()));
  reply->set_config_version(options_.document.version());
  reply->set_feature_level(options_.document.feature_level());
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->removed) continue;
    FillReply(*journal, reply->add_journals());
  }
  FillNodes(reply);
  reply->set_verdict(Verdict(*reply, draining_));
  Reply(session, message);
}

void Shard::OnTrim(Session* session, const v1::JournalTrim& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr || RefuseElsewhere(session, request.request_id(), *journal)) return;
  v1::ErrorReply error;
  if (!journal->replica->Trim(Lsn(request.before_lsn()), now_, &error)) {
    return ReplyError(session, request.request_id(), std::move(error));
  }
  journal->dirty = true;
  v1::ServerMessage message;
  message.mutable_journal_reply()->set_request_id(request.request_id());
  FillReply(*journal, message.mutable_journal_reply());
  Reply(session, message);
}

void Shard::OnCheckpoint(Session* session, const v1::Checkpoint& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr || RefuseElsewhere(session, request.request_id(), *journal)) return;
  v1::ErrorReply error;
  if (journal->replica->memory_only()) {
    Refuse(v1::ERROR_CODE_LEVEL_NOT_OFFERED, "the journal is memory-only; it has no checkpoints",
           &error);
    return ReplyError(session, request.request_id(), std::move(error));
  }
  if (session->checkpoint_waiters.size() >= limits::kCheckpointWaitsPerSessionMax) {
    Refuse(
        v1::ERROR_CODE_LIMIT,
        absl::StrCat("this session waits for its limit of ", limits::kCheckpointWaitsPerSessionMax,
                     " checkpoints; wait for an answer before asking for another"),
        &error);
    return ReplyError(session, request.request_id(), std::move(error));
  }
  Index index = journal->replica->RequestCheckpoint();
  journal->dirty = true;
  session->checkpoint_waiters.push_back({request.request_id(), index, journal->number});
  if (std::find(checkpointers_.begin(), checkpointers_.end(), session) == checkpointers_.end()) {
    checkpointers_.push_back(session);
  }
}

void Shard::AnswerCheckpoints() {
  size_t kept_sessions = 0;
  for (Session* session : checkpointers_) {
    std::vector<CheckpointWaiter> kept;
    for (const CheckpointWaiter& waiter : session->checkpoint_waiters) {
      const Journal* journal = journals_[waiter.journal].get();
      if (journal == nullptr) continue;
      if (journal->replica->marks().durable.index < waiter.index) {
        kept.push_back(waiter);
        continue;
      }
      v1::ServerMessage message;
      message.mutable_checkpoint_reply()->set_request_id(waiter.request_id);
      FillWatermarks(*journal->replica, message.mutable_checkpoint_reply()->mutable_watermarks());
      Reply(session, message);
    }
    session->checkpoint_waiters = std::move(kept);
    if (!session->checkpoint_waiters.empty()) checkpointers_[kept_sessions++] = session;
  }
  checkpointers_.resize(kept_sessions);
}

void Shard::OnDescribe(Session* session, const v1::Describe& request) {
  v1::ServerMessage message;
  message.mutable_describe_reply()->set_request_id(request.request_id());
  message.mutable_describe_reply()->set_file_descriptor_set(ClientDescriptorSet());
  Reply(session, message);
}

}  // namespace ringjournal
