// Greeting, opening and appending. Reads and requests: fake_requests.cc.
#include "client/testing/fake_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/checksum.h"

namespace ringjournal::client {
namespace {
constexpr uint32_t kRetryAfterMs = 20;
}

bool FakeSession::Feed(ByteSpan bytes, uint64_t now_ns) {
  while (preface_.size() < kPreface.size() && !bytes.empty()) {
    preface_.push_back(static_cast<char>(bytes[0]));
    bytes = bytes.subspan(1);
  }
  if (!kPreface.starts_with(preface_)) return false;
  ByteSpan frame;
  for (;;) {
    FrameDecoder::Result result = decoder_.Next(&bytes, &frame);
    if (result == FrameDecoder::Result::kNeedMore) break;
    if (result == FrameDecoder::Result::kTooLarge || !Handle(frame, now_ns)) return false;
  }
  return true;
}

void FakeSession::Send(const v1::ServerMessage& message) {
  AppendFrame(message.SerializeAsString(), &outbound_);
}

void FakeSession::SendError(uint64_t request_id, v1::ErrorCode code, const std::string& message) {
  v1::ErrorReply error;
  error.set_code(code);
  error.set_message(message);
  if (code == v1::ERROR_CODE_BACK_PRESSURE) {
    error.mutable_back_pressure()->set_retry_after_ms(kRetryAfterMs);
  }
  SendError(request_id, std::move(error));
}

void FakeSession::SendError(uint64_t request_id, v1::ErrorReply error) {
  v1::ServerMessage reply;
  *reply.mutable_error() = std::move(error);
  reply.mutable_error()->set_request_id(request_id);
  Send(reply);
}

bool FakeSession::Handle(ByteSpan frame, uint64_t now_ns) {
  if (LooksLikeAppend(frame)) return HandleAppend(frame, now_ns);
  v1::ClientMessage message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) return false;
  v1::ServerMessage reply;
  switch (message.message_case()) {
    case v1::ClientMessage::kHello:
      HandleHello(message.hello());
      return true;
    case v1::ClientMessage::kHeartbeat:
      reply.mutable_heartbeat()->set_nonce(message.heartbeat().nonce());
      Send(reply);
      return true;
    case v1::ClientMessage::kOpen:
      HandleOpen(message.open(), now_ns);
      return true;
    case v1::ClientMessage::kResume: {
      refusing_ = false;
      const FakeProducer* producer = log_->FindProducer(producer_);
      reply.mutable_resume_reply()->set_request_id(message.resume().request_id());
      reply.mutable_resume_reply()->set_expected_sequence(
          producer == nullptr ? 0 : producer->last_sequence + 1);
      Send(reply);
      return true;
    }
    case v1::ClientMessage::kRead:
      HandleRead(message.read());
      return true;
    case v1::ClientMessage::kReadCredit:
      if (reading_) reading_->credit_bytes += message.read_credit().bytes();
      return true;
    case v1::ClientMessage::kReadStop:
      if (reading_) EndRead(v1::ReadEnd::REASON_STOPPED, Lsn(), Lsn());
      return true;
    default:
      return HandleRequest(message, now_ns);
  }
}

void FakeSession::HandleHello(const v1::Hello& hello) {
  v1::ServerMessage reply;
  v1::HelloReply* r = reply.mutable_hello_reply();
  r->set_request_id(hello.request_id());
  r->set_protocol(1);
  r->set_node("fake");
  r->set_heartbeat_interval_ms(limits::kHeartbeatIntervalMs);
  r->mutable_limits()->set_frame_bytes_max(limits::kFrameBytesMax);
  r->mutable_limits()->set_transaction_bytes_max(limits::kTransactionBytesMax);
  r->mutable_limits()->set_transactions_per_append_max(limits::kTransactionsPerAppendMax);
  r->mutable_limits()->set_read_credit_bytes_max(limits::kReadCreditBytesMax);
  Send(reply);
}

FakeLog* FakeSession::Known(const std::string& journal, uint64_t request_id) {
  if (FakeLog* found = journals_->Find(journal); found != nullptr) return found;
  SendError(request_id, v1::ERROR_CODE_JOURNAL_NOT_FOUND,
            absl::StrCat("there is no journal \"", journal, "\"; the fake journal is called \"",
                         journals_->main()->name(), "\""));
  return nullptr;
}

void FakeSession::HandleOpen(const v1::Open& open, uint64_t now_ns) {
  if (open.create() && journals_->Find(open.journal()) == nullptr) {
    journals_->Place(open.journal())->Create({});
  }
  FakeLog* found = Known(open.journal(), open.request_id());
  if (found == nullptr) return;
  if (open.journal() == faults_->leaderless) {
    return SendError(open.request_id(), v1::ERROR_CODE_UNAVAILABLE, "nobody leads it");
  }
  log_ = found;
  if (ShowsLoss(open)) return;
  const Epoch writer{open.writer_generation(), open.writer_epoch()};
  v1::ErrorReply refusal;
  if (!open.producer().empty() && !log_->writers().MayOpen(writer, log_->generation(), &refusal)) {
    return SendError(open.request_id(), std::move(refusal));
  }
  if (IsReplaced(open)) {
    return SendError(open.request_id(), v1::ERROR_CODE_FENCED,
                     "somebody else has opened this producer since");
  }
  v1::ServerMessage reply;
  v1::OpenReply* r = reply.mutable_open_reply();
  r->set_request_id(open.request_id());
  r->set_journal_id(log_->id());
  if (open.has_last_receipt()) JudgeReceipt(open.last_receipt(), r);
  if (!open.producer().empty()) {
    FakeProducer* producer = log_->OpenProducer(open.producer(), now_ns, open.client_instance());
    r->set_producer_id(producer->id);
    r->set_producer_epoch(producer->epoch);
    r->set_last_sequence(producer->last_sequence);
    producer_ = open.producer();
    producer_epoch_ = producer->epoch;
    writer_ = writer;
    fence_at_open_ = log_->writers().current().index;
  }
  r->set_generation(log_->generation());
  r->set_epoch(log_->generation());
  log_->FillWatermarks(r->mutable_watermarks());
  for (const v1::LossReport& loss : log_->losses()) *r->add_losses() = loss;
  opened_ = true;
  refusing_ = false;
  Send(reply);
}

// As a server does it: a session whose producer somebody else has taken opens it no more.
bool FakeSession::IsReplaced(const v1::Open& open) const {
  const FakeProducer* producer = log_->FindProducer(open.producer());
  if (producer == nullptr || open.producer_epoch() == 0 || open.client_instance() == 0)
    return false;
  return producer->epoch > open.producer_epoch() &&
         producer->client_instance != open.client_instance();
}

// As a server does it: only who holds something at or above a loss is told of it.
bool FakeSession::ShowsLoss(const v1::Open& open) {
  const v1::Receipt& receipt = open.last_receipt();
  if (!open.has_last_receipt() || receipt.journal_id() != log_->id()) return false;
  for (const v1::LossReport& loss : log_->losses()) {
    if (loss.generation() <= std::max(receipt.generation(), open.accept_generation())) continue;
    if (receipt.last_lsn() < loss.first_lsn()) continue;
    v1::ServerMessage reply;
    v1::ErrorReply* error = reply.mutable_error();
    error->set_request_id(open.request_id());
    error->set_code(v1::ERROR_CODE_DATA_LOSS);
    error->set_message(absl::StrCat("acknowledged transactions may have been lost from LSN ",
                                    loss.first_lsn(), " on (", loss.reason(), ")"));
    error->mutable_data_loss()->set_valid_end_lsn(loss.first_lsn() - 1);
    error->mutable_data_loss()->set_generation(loss.generation());
    error->mutable_data_loss()->set_receipt_lsn(receipt.last_lsn());
    *error->mutable_data_loss()->mutable_report() = loss;
    Send(reply);
    return true;
  }
  return false;
}

// Its epochs are its generations, and nothing is ever trimmed from its memory.
void FakeSession::JudgeReceipt(const v1::Receipt& receipt, v1::OpenReply* reply) const {
  const bool here = receipt.journal_id() == log_->id();
  const uint64_t index = receipt.index();
  if (here && index == 0) return reply->set_continuity(v1::CONTINUITY_CANNOT_TELL);
  if (here && index <= log_->end().index.value()) {
    if (log_->records()[index - 1].header.chain == receipt.chain()) {
      return reply->set_continuity(v1::CONTINUITY_CONTINUOUS);
    }
  }
  reply->set_continuity(v1::CONTINUITY_DIVERGED);
  reply->set_diverged_lsn(here ? std::min(receipt.last_lsn(), log_->next_lsn().value()) : 1);
}

bool FakeSession::HandleAppend(ByteSpan frame, uint64_t now_ns) {
  ++counts_->appends;
  AppendEnvelope append;
  AppendRefusal refusal;
  if (!ScanAppend(frame, &append, &refusal)) {
    Refuse(append.request_id, refusal.code, refusal.message);
    return true;
  }
  if (faults_->lose_before > 0) {
    --faults_->lose_before;
    return false;
  }
  if (Refused(append)) return true;
  FakeProducer* producer = log_->FindProducer(producer_);
  auto known = producer->record_of.find(append.first_sequence.value());
  if (known != producer->record_of.end()) {
    Acknowledge(append, known->second, true);
    return true;
  }
  if (append.first_sequence.value() != producer->last_sequence + 1) {
    Refuse(append.request_id, v1::ERROR_CODE_OUT_OF_ORDER,
           absl::StrCat("expected sequence ", producer->last_sequence + 1));
    return true;
  }
  size_t record =
      log_->AppendRun(producer, append.first_sequence.value(), append.count, append.body, now_ns);
  ++counts_->applied;
  log_->set_last_level(append.level);
  if (append.level >= v1::LEVEL_DISK) log_->MakeDurable();
  if (faults_->lose_after > 0) {
    --faults_->lose_after;
    return false;
  }
  Acknowledge(append, record, false);
  return true;
}

// Answers with a refusal if there is a reason for one.
bool FakeSession::Refused(const AppendEnvelope& append) {
  uint64_t id = append.request_id;
  const FakeProducer* producer = log_->FindProducer(producer_);
  v1::ErrorReply fenced;
  if (!opened_ || producer == nullptr) {
    Refuse(id, v1::ERROR_CODE_NOT_OPEN, "open a journal with a producer first");
  } else if (producer->epoch != producer_epoch_) {
    Refuse(id, v1::ERROR_CODE_FENCED, "a newer session of this producer took over");
  } else if (!log_->writers().MayAppend(append.writer, log_->generation(), &fenced)) {
    refusing_ = true;
    SendError(id, std::move(fenced));
  } else if (refusing_) {
    Refuse(id, v1::ERROR_CODE_BEHIND_REFUSED, "an append before it was refused");
  } else if (faults_->refuse_appends > 0) {
    --faults_->refuse_appends;
    Refuse(id, faults_->refuse_code, "refused, as the test asked for");
  } else if (faults_->ring_full || log_->bytes() > limits::kFakeJournalBytesMax) {
    Refuse(id, v1::ERROR_CODE_BACK_PRESSURE, "the ring is full");
  } else if (append.expected_lsn && *append.expected_lsn != log_->next_lsn() &&
             !producer->record_of.contains(append.first_sequence.value())) {
    Refuse(id, v1::ERROR_CODE_EXPECTED_LSN,
           absl::StrCat("the next LSN is ", log_->next_lsn().value()));
  } else if (append.body_crc32c && *append.body_crc32c != Crc32c(append.body)) {
    Refuse(id, v1::ERROR_CODE_CHECKSUM, "the transactions do not match their checksum");
  } else {
    return false;
  }
  return true;
}

void FakeSession::Refuse(uint64_t request_id, v1::ErrorCode code, const std::string& why) {
  refusing_ = true;
  SendError(request_id, code, why);
}

void FakeSession::Acknowledge(const AppendEnvelope& append, size_t record, bool duplicate) {
  const EntryHeader& header = log_->records()[record].header;
  v1::ServerMessage reply;
  v1::AppendReply* r = reply.mutable_append_reply();
  r->set_generation(log_->generation());
  r->set_epoch(log_->generation());
  r->set_committed_lsn(log_->end().lsn.value());
  r->set_durable_lsn(log_->durable().lsn.value());
  v1::AppendResult* result = r->add_results();
  result->set_request_id(append.request_id);
  result->set_first_lsn(header.first_lsn.value());
  result->set_count(header.count);
  result->set_index(header.index.value());
  result->set_chain(header.chain);
  bool durable = log_->durable().index >= header.index;
  result->set_level(durable ? v1::LEVEL_DISK_QUORUM : v1::LEVEL_REPLICATED);
  result->set_memory_copies(1);
  result->set_disk_copies(durable ? 1 : 0);
  result->set_duplicate(duplicate);
  Send(reply);
}

}  // namespace ringjournal::client
