// What a node of several says of itself, of its copies and of the others.
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

void FillCopy(const LeaderSide::Copy& copy, v1::CopyStatus* out) {
  out->set_node(copy.life.node);
  out->set_in_sync(copy.in_sync);
  out->set_follows(copy.follows);
  out->set_catches_up(copy.catches_up);
  out->set_held_lsn(copy.held_lsn.value());
  out->set_lag_lsns(copy.lag_lsns);
  out->set_lag_bytes(copy.lag_bytes);
  out->set_lag_ms(static_cast<uint64_t>(copy.lag_ms));
}

}  // namespace

void Shard::FillRole(const Journal& journal, v1::JournalStats* stats) {
  if (journal.replicated == nullptr || journal.replicated->leads()) {
    stats->set_role(v1::JOURNAL_ROLE_LEADER);
  } else {
    const BackupSide* backup = journal.replicated->backup();
    stats->set_role(backup != nullptr && backup->synced() ? v1::JOURNAL_ROLE_BACKUP
                                                          : v1::JOURNAL_ROLE_NONE);
  }
  if (journal.replicated == nullptr || !journal.replicated->leads()) return;
  const LeaderSide& leader = *journal.replicated->leader();
  for (std::string& node : leader.laggards()) stats->add_laggards(std::move(node));
  for (const LeaderSide::Copy& copy : leader.Copies()) FillCopy(copy, stats->add_copies());
}

void Shard::FillNodes(v1::StatusReply* reply) const {
  if (cluster_ == nullptr) return;
  for (const v1::NodeRegistration& node : options_.document.nodes()) {
    v1::NodeAddress* out = reply->add_nodes();
    out->set_node(node.node());
    out->set_incarnation(node.incarnation());
    out->set_address(node.address());
  }
}

void Shard::OnHash(Session* session, const v1::JournalHash& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  const Replica& replica = *journal->replica;
  v1::ServerMessage message;
  v1::JournalHashReply* reply = message.mutable_journal_hash_reply();
  reply->set_request_id(request.request_id());
  reply->set_node(options_.node);
  reply->set_generation(replica.options().epoch.generation);
  FillWatermarks(replica, reply->mutable_watermarks());
  const Index index =
      request.index() == 0 ? replica.marks().committed.index : Index(request.index());
  reply->mutable_at()->set_index(index.value());
  const LogPosition& end = replica.derived().position();
  if (index == end.last().index) {
    reply->mutable_at()->set_lsn(end.last().lsn.value());
    reply->set_chain(end.chain);
    reply->set_found(true);
  } else if (std::optional<RingPlace> place = replica.ring().Find(index)) {
    const RecordView record = replica.ring().Record(*place);
    reply->mutable_at()->set_lsn(record.header.last_lsn().value());
    reply->set_chain(record.header.chain);
    reply->set_found(true);
  }
  Reply(session, message);
}

}  // namespace ringjournal
