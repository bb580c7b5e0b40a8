// Reads, and the requests that are about a journal as a whole.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/testing/fake_session.h"
#include "journal/base/check.h"

namespace ringjournal::client {
namespace {

// The first transaction with this id.
std::optional<Lsn> PlaceOfId(const std::string& id, const FakeLog& log) {
  for (const FakeRecord& record : log.records()) {
    v1::Entries entries;
    RJ_CHECK(entries.ParseFromString(record.bytes));
    Lsn lsn = record.header.first_lsn;
    for (const v1::Transaction& transaction : entries.entries(0).transactions()) {
      if (transaction.id() == id) return lsn;
      lsn = lsn.next();
    }
  }
  return std::nullopt;
}

// First transaction that is wanted; nullopt for an id that nobody has.
std::optional<Lsn> PlaceOf(const v1::Position& position, const FakeLog& log) {
  switch (position.at_case()) {
    case v1::Position::kLsn:
      return Lsn(position.lsn());
    case v1::Position::kOldest:
    case v1::Position::AT_NOT_SET:
      return log.oldest_lsn();
    case v1::Position::kNewest:
      return log.next_lsn();
    case v1::Position::kLast:
      return log.next_lsn() - std::min(position.last(), log.next_lsn() - log.oldest_lsn());
    case v1::Position::kLogTimeNs: {
      for (const FakeRecord& record : log.records()) {
        bool late_enough = record.header.log_time_ns >= position.log_time_ns();
        if (late_enough && record.header.count > 0) return record.header.first_lsn;
      }
      return log.next_lsn();
    }
    case v1::Position::kTransactionId:
      return PlaceOfId(position.transaction_id(), log);
  }
  return std::nullopt;
}

}  // namespace

void FakeSession::HandleRead(const v1::Read& read) {
  std::optional<Lsn> from = PlaceOf(read.from(), *log_);
  std::optional<Lsn> until;
  if (read.has_until()) until = PlaceOf(read.until(), *log_);
  if (!opened_ || !from || (read.has_until() && !until)) {
    return SendError(
        read.request_id(), opened_ ? v1::ERROR_CODE_TRANSACTION_NOT_FOUND : v1::ERROR_CODE_NOT_OPEN,
        opened_ ? "no transaction that is kept has this id" : "the fake journal is not open");
  }
  if (ShowsLoss(read, *from)) return;
  reading_ = Reading{.request_id = read.request_id(),
                     .next_record = log_->Find(*from),
                     .until = until,
                     .follow = read.follow(),
                     .durable_only = read.visibility() == v1::VISIBILITY_DURABLE,
                     .credit_bytes = read.credit_bytes()};
  if (*from < log_->oldest_lsn()) {
    EndRead(v1::ReadEnd::REASON_TRIMMED, *from, log_->oldest_lsn());
  }
}

// As a server does it: who has read what was lost since is told so, and reads on nothing.
bool FakeSession::ShowsLoss(const v1::Read& read, Lsn from) {
  for (const v1::LossReport& loss : log_->losses()) {
    const bool seen = read.generation() == 0 || loss.generation() <= read.generation();
    if (seen || from.value() <= loss.first_lsn()) continue;
    v1::ErrorReply error;
    error.set_code(v1::ERROR_CODE_DATA_LOSS);
    error.set_message(absl::StrCat("what you have read from LSN ", loss.first_lsn(),
                                   " on may have been lost since"));
    error.mutable_data_loss()->set_valid_end_lsn(loss.first_lsn() - 1);
    error.mutable_data_loss()->set_generation(loss.generation());
    *error.mutable_data_loss()->mutable_report() = loss;
    SendError(read.request_id(), std::move(error));
    return true;
  }
  return false;
}

void FakeSession::Pump() {
  TellFenced();
  while (reading_ && reading_->credit_bytes > 0) {
    Lsn visible = (reading_->durable_only ? log_->durable() : log_->end()).lsn;
    bool here = reading_->next_record < log_->records().size();
    const FakeRecord* record = here ? &log_->records()[reading_->next_record] : nullptr;
    bool reached =
        reading_->until && (here ? record->header.first_lsn : log_->next_lsn()) >= *reading_->until;
    if (reached) return EndRead(v1::ReadEnd::REASON_REACHED_UNTIL, *reading_->until, Lsn());
    if (here && record->header.count > 0 && record->header.first_lsn > visible) here = false;
    if (!here && reading_->follow) return;
    if (!here) return EndRead(v1::ReadEnd::REASON_REACHED_END, visible.next(), Lsn());
    SendRecord(*record);
    ++reading_->next_record;
    reading_->credit_bytes -= std::min<uint64_t>(reading_->credit_bytes, record->bytes.size());
  }
}

void FakeSession::EndRead(v1::ReadEnd::Reason reason, Lsn next, Lsn resume) {
  v1::ServerMessage message;
  v1::ReadEnd* end = message.mutable_read_end();
  end->set_request_id(reading_->request_id);
  end->set_reason(reason);
  end->set_next_lsn(next.value());
  end->set_resume_lsn(resume.value());
  reading_.reset();
  Send(message);
}

// The record goes out verbatim, as a server sends it from the ring.
void FakeSession::SendRecord(const FakeRecord& record) {
  v1::ReadData head;
  head.set_request_id(reading_->request_id);
  head.set_visible_lsn((reading_->durable_only ? log_->durable() : log_->end()).lsn.value());
  std::string data = head.SerializeAsString();
  std::byte prefix[16];
  std::byte* p = WriteVarint(prefix, v1::ReadData::kEntriesFieldNumber << 3 | 2);
  p = WriteVarint(p, record.bytes.size());
  data += AsView({prefix, static_cast<size_t>(p - prefix)});
  data += record.bytes;
  p = WriteVarint(prefix, v1::ServerMessage::kReadData << 3 | 2);
  p = WriteVarint(p, data.size());
  AppendFrame(absl::StrCat(std::string(AsView({prefix, static_cast<size_t>(p - prefix)})), data),
              &outbound_);
}

bool FakeSession::HandleRequest(const v1::ClientMessage& message, uint64_t now_ns) {
  ++counts_->requests;
  if (faults_->mute_requests) return true;
  size_t answered = outbound_.size();
  v1::ServerMessage reply;
  Administer(message, now_ns, &reply);
  if (faults_->lose_requests > 0) {
    --faults_->lose_requests;
    outbound_.resize(answered);
    return false;
  }
  bool refused = outbound_.size() > answered;
  if (!refused) Send(reply);
  return true;
}

// Fills the reply, or sends an error instead.
void FakeSession::Administer(const v1::ClientMessage& message, uint64_t now_ns,
                             v1::ServerMessage* reply) {
  if (message.has_status()) {
    reply->mutable_status_reply()->set_request_id(message.status().request_id());
    reply->mutable_status_reply()->set_node("fake");
    reply->mutable_status_reply()->set_verdict("a fake journal serves");
  } else if (message.has_locate()) {
    std::optional<Lsn> found = PlaceOf(message.locate().position(), *log_);
    if (!found) {
      return SendError(message.locate().request_id(), v1::ERROR_CODE_TRANSACTION_NOT_FOUND,
                       "no transaction that is kept has this id");
    }
    v1::LocateReply* r = reply->mutable_locate_reply();
    r->set_request_id(message.locate().request_id());
    r->set_lsn(found->value());
    log_->FillWatermarks(r->mutable_watermarks());
  } else if (message.has_journal_list()) {
    reply->mutable_journal_list_reply()->set_request_id(message.journal_list().request_id());
    for (const auto& [name, log] : journals_->all()) {
      if (log->exists()) log->FillReply(reply->mutable_journal_list_reply()->add_journals());
    }
  } else if (message.has_journal_create()) {
    const v1::JournalCreate& create = message.journal_create();
    FakeLog* log = journals_->Place(create.name());
    if (log->exists()) {
      return SendError(create.request_id(), v1::ERROR_CODE_JOURNAL_EXISTS, "it exists already");
    }
    log->Create(create.settings());
    reply->mutable_journal_reply()->set_request_id(create.request_id());
    log->FillReply(reply->mutable_journal_reply());
  } else if (message.has_journal_set()) {
    Set(message.journal_set(), reply);
  } else if (message.has_journal_info()) {
    const v1::JournalInfo& info = message.journal_info();
    FakeLog* log = Known(info.name(), info.request_id());
    if (log == nullptr) return;
    reply->mutable_journal_reply()->set_request_id(info.request_id());
    log->FillReply(reply->mutable_journal_reply());
  } else if (message.has_journal_trim()) {
    const v1::JournalTrim& trim = message.journal_trim();
    FakeLog* log = Known(trim.name(), trim.request_id());
    if (log == nullptr) return;
    log->Trim(Lsn(trim.before_lsn()), now_ns);
    reply->mutable_journal_reply()->set_request_id(trim.request_id());
    log->FillReply(reply->mutable_journal_reply());
  } else if (message.has_journal_remove()) {
    const v1::JournalRemove& remove = message.journal_remove();
    FakeLog* log = Known(remove.name(), remove.request_id());
    if (log == nullptr) return;
    reply->mutable_journal_reply()->set_request_id(remove.request_id());
    log->FillReply(reply->mutable_journal_reply());
    log->Remove();
  } else if (message.has_checkpoint()) {
    FakeLog* log = Known(message.checkpoint().name(), message.checkpoint().request_id());
    if (log == nullptr) return;
    log->MakeDurable();
    reply->mutable_checkpoint_reply()->set_request_id(message.checkpoint().request_id());
    log->FillWatermarks(reply->mutable_checkpoint_reply()->mutable_watermarks());
  } else if (message.has_resolve()) {
    Resolve(message.resolve(), now_ns, reply);
  } else if (message.has_writer_acquire() || message.has_writer_show()) {
    AboutWriter(message, now_ns, reply);
  } else if (message.has_producer_list()) {
    ListProducers(message.producer_list(), reply);
  } else {
    SendError(0, v1::ERROR_CODE_NOT_SUPPORTED, "the fake journal does not know this request");
  }
}

// Whether it is fenced is the only setting that means something here.
void FakeSession::Set(const v1::JournalSet& request, v1::ServerMessage* reply) {
  FakeLog* log = Known(request.name(), request.request_id());
  if (log == nullptr) return;
  for (const std::string& field : request.fields()) {
    if (field == "fenced") log->set_fenced(request.settings().fenced());
  }
  reply->mutable_journal_reply()->set_request_id(request.request_id());
  log->FillReply(reply->mutable_journal_reply());
}

void FakeSession::ListProducers(const v1::ProducerList& request, v1::ServerMessage* reply) {
  if (!opened_) {
    return SendError(request.request_id(), v1::ERROR_CODE_NOT_OPEN, "open the journal first");
  }
  v1::ProducerListReply* r = reply->mutable_producer_list_reply();
  r->set_request_id(request.request_id());
  r->set_producer_count(log_->producer_count());
  r->set_generation(log_->generation());
  uint32_t limit = limits::kProducersNamedMax;
  if (request.limit() > 0) limit = std::min(limit, request.limit());
  for (const auto& [name, producer] : log_->producers()) {
    if (name < request.from() || !name.starts_with(request.prefix())) continue;
    if (r->producers_size() == static_cast<int>(limit)) return r->set_next(name);
    log_->FillProducer(name, producer, r->add_producers()->mutable_producer());
  }
}

void FakeSession::Resolve(const v1::Resolve& request, uint64_t now_ns, v1::ServerMessage* reply) {
  if (!opened_) {
    return SendError(request.request_id(), v1::ERROR_CODE_NOT_OPEN, "open the journal first");
  }
  const Epoch writer{request.writer_generation(), request.writer_epoch()};
  v1::ErrorReply refusal;
  if (request.settle() && !log_->writers().MayOpen(writer, log_->generation(), &refusal)) {
    return SendError(request.request_id(), std::move(refusal));
  }
  v1::ResolveReply* r = reply->mutable_resolve_reply();
  r->set_request_id(request.request_id());
  r->set_generation(log_->generation());
  FakeProducer* producer = log_->FindProducer(request.producer());
  if (producer == nullptr) {
    return SendError(request.request_id(), v1::ERROR_CODE_UNKNOWN_PRODUCER,
                     absl::StrCat("no producer \"", request.producer(), "\" was ever opened"));
  }
  for (const auto& [first, position] : producer->record_of) {
    const EntryHeader& header = log_->records()[position].header;
    if (request.sequence() < first || request.sequence() >= first + header.count) continue;
    r->set_outcome(v1::ResolveReply::OUTCOME_AT_LSN);
    r->set_lsn(header.first_lsn.value() + (request.sequence() - first));
    return;
  }
  bool lossy = log_->generation() > 1;
  if (!request.settle()) return r->set_outcome(v1::ResolveReply::OUTCOME_NOT_YET);
  log_->OpenProducer(request.producer(), now_ns);  // fences the session that could still append it
  r->set_outcome(lossy ? v1::ResolveReply::OUTCOME_MAY_HAVE_BEEN_LOST
                       : v1::ResolveReply::OUTCOME_NEVER);
}

}  // namespace ringjournal::client
