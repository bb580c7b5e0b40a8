// What a node of several says of itself, of its copies and of the others.
#include <algorithm>

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

void FillAt(const RecordView& record, v1::JournalHashReply* out) {
  out->mutable_at()->set_lsn(record.header.last_lsn().value());
  out->set_chain(record.header.chain);
  out->set_found(true);
}

// Whole records as memory holds them: at least one, if there is any, and else what fits.
void FillEntries(const Replica& replica, Index from, uint64_t bytes_max,
                 v1::JournalHashReply* out) {
  const Ring& ring = replica.ring();
  const Index committed = replica.marks().committed.index;
  std::optional<RingPlace> first = ring.Find(from);
  if (!first.has_value() || from > committed) return;
  FillAt(ring.Record(*first), out);
  RingPlace end = ring.Next(*first);
  bytes_max = std::min(bytes_max, limits::kReadChunkBytes);
  while (end.index <= committed) {
    const RingPlace next = ring.Next(end);
    if (next.offset - first->offset > bytes_max) break;
    end = next;
  }
  out->set_entries(std::string(AsView(ring.Bytes(first->offset, end.offset))));
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
  const Ring& ring = replica.ring();
  const Index oldest = ring.oldest().index;
  reply->set_ring_first_index(oldest.value());
  Index index(request.index());
  if (request.index() == 0) {
    index = request.entries_bytes_max() > 0 ? oldest : replica.marks().committed.index;
  }
  reply->mutable_at()->set_index(index.value());
  if (request.entries_bytes_max() > 0) {
    FillEntries(replica, index, request.entries_bytes_max(), reply);
    return Reply(session, message);
  }
  const LogPosition& end = replica.derived().position();
  if (index == end.last().index) {
    reply->mutable_at()->set_lsn(end.last().lsn.value());
    reply->set_chain(end.chain);
    reply->set_found(true);
  } else if (std::optional<RingPlace> place = ring.Find(index)) {
    FillAt(ring.Record(*place), reply);
  }
  Reply(session, message);
}

}  // namespace ringjournal
