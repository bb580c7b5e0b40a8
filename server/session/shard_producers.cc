// Producers of an opened journal, as somebody asks for them.
#include <algorithm>
#include <string_view>
#include <vector>

#include "journal/base/limits.h"
#include "journal/node/refusals.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

// Each may have a thousand names: a session keeps no more than one of them waiting for commit.
bool WaitsForProducers(const Session& session) {
  return std::any_of(
      session.deferred.begin(), session.deferred.end(),
      [](const DeferredReply& reply) { return reply.message.has_producer_list_reply(); });
}

}  // namespace

bool Shard::OnProducerMessage(Session* session, const v1::ClientMessage& m) {
  if (m.has_resolve()) {
    OnResolve(session, m.resolve());
  } else if (m.has_producer_list()) {
    OnProducerList(session, m.producer_list());
  } else {
    return false;
  }
  return true;
}

void Shard::OnResolve(Session* session, const v1::Resolve& request) {
  v1::ErrorReply error;
  if (session->journal == nullptr) {
    Refuse(v1::ERROR_CODE_NOT_OPEN, "open the journal before asking for an outcome", &error);
    return ReplyError(session, request.request_id(), std::move(error));
  }
  // To settle appends an entry.
  if (HoldsAppends(*session->journal, &error)) {
    return ReplyError(session, request.request_id(), std::move(error));
  }
  v1::ServerMessage message;
  v1::ResolveReply* reply = message.mutable_resolve_reply();
  reply->set_request_id(request.request_id());
  Index true_from;
  if (!session->journal->replica->Resolve(request.producer(), Sequence(request.sequence()),
                                          request.settle(), now_, reply, &error, &true_from,
                                          {request.writer_generation(), request.writer_epoch()})) {
    return ReplyError(session, request.request_id(), std::move(error));
  }
  session->journal->dirty = true;
  ReplyOnceTrue(session, *session->journal, true_from, std::move(message));
}

Journal* Shard::OpenedForProducers(Session* session, uint64_t request_id) {
  v1::ErrorReply error;
  if (session->journal == nullptr) {
    Refuse(v1::ERROR_CODE_NOT_OPEN, "open the journal before asking for its producers", &error);
  } else if (session->journal->removed) {
    Refuse(v1::ERROR_CODE_JOURNAL_NOT_FOUND, "the journal was removed", &error);
  } else if (WaitsForProducers(*session)) {
    Refuse(v1::ERROR_CODE_LIMIT,
           "this session still waits for its last list of producers; ask again once that has come",
           &error);
  } else {
    return session->journal;
  }
  ReplyError(session, request_id, std::move(error));
  return nullptr;
}

// Sorted: slots of producers as which a session may append now. One that a newer opening or Resolve
// has fenced does not count.
std::vector<ProducerSlot> Shard::OpenProducers(const Journal& journal) const {
  const ProducerTable& table = journal.replica->derived().producers();
  std::vector<ProducerSlot> open;
  for (const auto& [connection, session] : sessions_) {
    if (session->journal != &journal || !session->may_append || session->closing) continue;
    const ProducerHandle& handle = session->producer;
    // A log that was cut may have taken the producer's opening along.
    if (handle.slot >= table.size()) continue;
    if (table.at(handle.slot).epoch == handle.epoch) open.push_back(handle.slot);
  }
  std::sort(open.begin(), open.end());
  return open;
}

void Shard::OnProducerList(Session* session, const v1::ProducerList& request) {
  const Journal* journal = OpenedForProducers(session, request.request_id());
  if (journal == nullptr) return;
  const ProducerTable& table = journal->replica->derived().producers();
  uint32_t limit = limits::kProducersNamedMax;
  if (request.limit() > 0) limit = std::min(limit, request.limit());
  // One more, to know whether there is one.
  const auto slots = table.ListByName(request.prefix(), request.from(), limit + 1);
  const std::vector<ProducerSlot> open = OpenProducers(*journal);
  v1::ServerMessage message;
  v1::ProducerListReply* reply = message.mutable_producer_list_reply();
  reply->set_request_id(request.request_id());
  reply->set_producer_count(table.size());
  reply->set_generation(journal->replica->options().epoch.generation);
  for (size_t i = 0; i < slots.size() && i < limit; ++i) {
    v1::ListedProducer* listed = reply->add_producers();
    WriteProducer(table.at(slots[i]), listed->mutable_producer());
    listed->set_open(std::binary_search(open.begin(), open.end(), slots[i]));
  }
  if (slots.size() > limit) reply->set_next(table.at(slots.back()).name);
  // Which entry last raised an epoch is not kept, so all that stands there must stay.
  const Index end = journal->replica->derived().position().last().index;
  ReplyOnceTrue(session, *journal, end, std::move(message));
}

}  // namespace ringjournal
