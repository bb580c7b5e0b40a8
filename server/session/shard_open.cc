// Opening a journal: binding a session, receipts, loss.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "journal/node/refusals.h"
#include "server/config_store/document_checks.h"
#include "server/session/describe.h"
#include "server/session/receipts.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

void FillWatermarks(const Replica& replica, v1::Watermarks* out) {
  Marks marks = replica.marks();
  auto fill = [](Watermark from, v1::Watermark* to) {
    to->set_index(from.index.value());
    to->set_lsn(from.lsn.value());
  };
  fill(marks.oldest, out->mutable_oldest());
  fill(marks.durable, out->mutable_durable());
  fill(marks.committed, out->mutable_committed());
  fill(marks.end, out->mutable_end());
}

Journal* Shard::FindJournal(const std::string& name) {
  for (auto& journal : journals_) {
    if (journal != nullptr && !journal->removed && journal->config.name() == name) {
      return journal.get();
    }
  }
  return nullptr;
}

Journal* Shard::FindOrRefuse(Session* session, uint64_t request_id, const std::string& name) {
  Journal* journal = FindJournal(name);
  if (journal != nullptr) return journal;
  if (RefuseForeign(session, request_id, name)) return nullptr;
  v1::ErrorReply error;
  Refuse(v1::ERROR_CODE_JOURNAL_NOT_FOUND,
         absl::StrCat("there is no journal \"", name.substr(0, limits::kJournalNameBytesMax),
                      name.size() > limits::kJournalNameBytesMax ? "…" : "",
                      "\"; `ringjournal journal ls` lists them, `journal create` makes one"),
         &error);
  ReplyError(session, request_id, std::move(error));
  return nullptr;
}

FrameIntake::Taken Shard::OnOpen(Session* session, const v1::Open& open) {
  v1::ErrorReply error;
  if (session->journal != nullptr) {
    Refuse(v1::ERROR_CODE_PROTOCOL,
           "this session has a journal already; open another connection for another journal",
           &error);
    ReplyError(session, open.request_id(), std::move(error));
    return Taken::kYes;
  }
  if (open.producer().size() > limits::kProducerNameBytesMax) {
    Refuse(v1::ERROR_CODE_NAME_NOT_ALLOWED,
           absl::StrCat("the producer name has ", open.producer().size(), " bytes; at most ",
                        limits::kProducerNameBytesMax, " are allowed"),
           &error);
    ReplyError(session, open.request_id(), std::move(error));
    return Taken::kYes;
  }
  Journal* journal = FindJournal(open.journal());
  if (journal == nullptr && RefuseForeign(session, open.request_id(), open.journal())) {
    return Taken::kYes;
  }
  if (journal == nullptr && open.create()) {
    PendingChange change;
    change.kind = PendingChange::Kind::kCreate;
    change.request_id = open.request_id();
    change.name = open.journal();
    change.open = open;
    change.for_open = true;
    StartCreate(session, std::move(change));
    return Taken::kYes;
  }
  if (journal == nullptr) {
    FindOrRefuse(session, open.request_id(), open.journal());
    return Taken::kYes;
  }
  const bool early = OpensWithEpoch(open, *journal);
  if (!early && WaitsForLeader(session, *journal)) return Taken::kStall;
  session->held_since_ns = 0;
  FinishOpen(session, open, journal);
  return Taken::kYes;
}

// Only who holds something at or above the start of a loss is told of it: he must accept it.
bool Shard::ShowsLoss(const v1::Open& open, const Journal& journal, v1::ErrorReply* error) const {
  if (!open.has_last_receipt()) return false;
  const v1::Receipt& receipt = open.last_receipt();
  if (receipt.journal_id() != journal.config.id()) return false;
  for (const v1::LossReport& loss : journal.config.losses()) {
    if (loss.generation() <= receipt.generation()) continue;
    if (loss.generation() <= open.accept_generation()) continue;
    if (receipt.last_lsn() < loss.first_lsn()) continue;
    Refuse(v1::ERROR_CODE_DATA_LOSS,
           absl::StrCat("acknowledged transactions may have been lost from LSN ", loss.first_lsn(),
                        " on (", loss.reason(), "); your receipt reaches LSN ", receipt.last_lsn(),
                        ": check what you hold from there on, then open with accept_generation ",
                        loss.generation()),
           error);
    v1::DataLossDetail* detail = error->mutable_data_loss();
    detail->set_valid_end_lsn(loss.first_lsn() - 1);
    detail->set_generation(loss.generation());
    *detail->mutable_report() = loss;
    detail->set_receipt_lsn(receipt.last_lsn());
    return true;
  }
  return false;
}

// The epoch is about to begin, and the opening of a producer is an entry right behind its start:
// committed with it or never, and answered then. Who waits for a new leader waits for one round of
// acknowledgements instead of two. Only as long as that may be any moment: a leader that does not
// get there is asked again and again, and each time is an entry.
bool Shard::OpensWithEpoch(const v1::Open& open, const Journal& journal) const {
  const ReplicatedJournal* replicated = journal.replicated;
  if (replicated == nullptr || !replicated->leads() || replicated->serving()) return false;
  if (!journal.replica->leads() || open.producer().empty() || open.linearizable()) return false;
  return now_.monotonic_ns - journal.served_since_ns < limits::kHeldFrameMs * kMs;
}

// That the journal is not what the caller has seen is news of a loss. A leader that was deposed,
// and does not know it, lacks what its successor has appended: it must not be the one that tells.
// What opens with the epoch waits for that anyway.
bool Shard::AccusesItself(const v1::OpenReply& reply, bool early) {
  if (Mutated(Mutant::kDivergedWithoutRound)) return false;
  return reply.continuity() == v1::CONTINUITY_DIVERGED && !early;
}

void Shard::FinishOpen(Session* session, const v1::Open& open, Journal* journal) {
  const bool early = OpensWithEpoch(open, *journal);
  if (!early && RefuseElsewhere(session, open.request_id(), *journal)) return;
  v1::ErrorReply error;
  if (ShowsLoss(open, *journal, &error)) {
    return ReplyError(session, open.request_id(), std::move(error));
  }
  v1::ServerMessage message;
  v1::OpenReply* reply = message.mutable_open_reply();
  Replica* replica = journal->replica.get();
  if (open.has_last_receipt()) {
    FillVerdict(JudgeReceipt(open.last_receipt(), journal->config.id(), *replica), reply);
  }
  if (!open.producer().empty()) {
    const Epoch writer{open.writer_generation(), open.writer_epoch()};
    const ProducerOpening opening{open.producer(),
                                  open.client_instance(),
                                  {open.producer_generation(), open.producer_epoch()},
                                  writer};
    if (!replica->OpenProducer(opening, now_, &session->producer, &error)) {
      // What a log says that may not stay is no reason for good.
      if (early) RefuseBeforeEpoch(&error);
      return ReplyError(session, open.request_id(), std::move(error));
    }
    journal->dirty = true;
    session->may_append = true;
    session->writer = writer;
    const ProducerState& state = replica->derived().producers().at(session->producer.slot);
    reply->set_producer_id(state.id.value());
    reply->set_producer_epoch(state.epoch);
    reply->set_last_sequence(state.last_sequence.value());
    reply->set_last_sequence_lsn(state.last_lsn.value());
  }
  session->journal = journal;
  reply->set_request_id(open.request_id());
  reply->set_journal_id(journal->config.id());
  reply->set_generation(journal->config.generation());
  reply->set_epoch(journal->config.epoch());
  FillWatermarks(*replica, reply->mutable_watermarks());
  *reply->mutable_settings() = replica->options().settings;
  *reply->mutable_losses() = journal->config.losses();
  std::optional<TailWait> tail;
  if (open.linearizable() || AccusesItself(*reply, early)) tail = NoteTail(*journal);
  // What the producer is told to have been applied must stay so.
  Index end = replica->derived().position().last().index;
  if (tail.has_value()) {
    std::optional<Index> true_from;
    if (session->may_append) true_from = end;
    return Defer(session, {true_from, std::move(message), tail});
  }
  if (!session->may_append) return Reply(session, message);
  ReplyOnceTrue(session, *journal, end, std::move(message));
  if (early && session->awaits_open()) {
    session->deferred.back().epoch_by_ns = now_.monotonic_ns + limits::kHeldFrameMs * kMs;
  }
}

}  // namespace ringjournal
