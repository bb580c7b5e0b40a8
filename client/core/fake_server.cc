#include "client/core/fake_server.h"

#include <algorithm>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/format/append_scan.h"
#include "journal/format/control.h"

namespace ringjournal::client {

void FakeServer::StartConnection() {
  refusing_ = preface_seen_ = false;
  inbound_.clear();
  outbound_.clear();
}

void FakeServer::Feed(ByteSpan bytes) {
  inbound_.append(AsView(bytes));
  if (!preface_seen_) {
    if (inbound_.size() < kPreface.size()) return;
    RJ_CHECK(inbound_.starts_with(kPreface));
    inbound_.erase(0, kPreface.size());
    preface_seen_ = true;
  }
  while (inbound_.size() >= kFrameHeaderBytes) {
    size_t size = Load32(inbound_.data());
    if (inbound_.size() < kFrameHeaderBytes + size) return;
    std::string frame = inbound_.substr(kFrameHeaderBytes, size);
    inbound_.erase(0, kFrameHeaderBytes + size);
    Handle(AsBytes(frame));
  }
}

void FakeServer::Send(const v1::ServerMessage& message) {
  AppendFrame(message.SerializeAsString(), &outbound_);
}

void FakeServer::SendError(uint64_t request_id, v1::ErrorCode code, const std::string& message) {
  v1::ServerMessage reply;
  reply.mutable_error()->set_request_id(request_id);
  reply.mutable_error()->set_code(code);
  reply.mutable_error()->set_message(message);
  if (code == v1::ERROR_CODE_FENCED) {
    reply.mutable_error()->mutable_fenced()->set_client_instance(fenced_by);
  }
  Send(reply);
}

void FakeServer::Handle(ByteSpan frame) {
  v1::ClientMessage message;
  RJ_CHECK(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  received.push_back(message);
  if (on_message && on_message(message)) return;
  v1::ServerMessage reply;
  if (message.has_hello()) {
    reply.mutable_hello_reply()->set_request_id(message.hello().request_id());
    reply.mutable_hello_reply()->set_protocol(1);
    reply.mutable_hello_reply()->set_heartbeat_interval_ms(5000);
    Send(reply);
  } else if (message.has_status()) {
    reply.mutable_status_reply()->set_request_id(message.status().request_id());
    reply.mutable_status_reply()->set_verdict("all is well");
    Send(reply);
  } else if (message.has_heartbeat()) {
    reply.mutable_heartbeat()->set_nonce(message.heartbeat().nonce());
    Send(reply);
  } else if (message.has_open()) {
    HandleOpen(message.open());
  } else if (message.has_append()) {
    HandleAppend(message.append(), frame);
  } else if (message.has_resume()) {
    refusing_ = false;
    reply.mutable_resume_reply()->set_request_id(message.resume().request_id());
    reply.mutable_resume_reply()->set_expected_sequence(last_sequence + 1);
    Send(reply);
  } else if (message.has_read()) {
    HandleRead(message.read());
  }
}

void FakeServer::HandleOpen(const v1::Open& open) {
  v1::ServerMessage reply;
  v1::OpenReply* r = reply.mutable_open_reply();
  r->set_request_id(open.request_id());
  r->set_journal_id(journal_id);
  r->set_generation(generation);
  r->set_epoch(1);
  r->set_last_sequence(open.producer().empty() ? 0 : last_sequence);
  if (!open.producer().empty()) r->set_producer_epoch(++producer_epoch);
  r->set_last_sequence_lsn(last_sequence_lsn);
  for (const v1::LossReport& loss : losses) *r->add_losses() = loss;
  r->mutable_watermarks()->mutable_committed()->set_lsn(end_.last().lsn.value());
  r->mutable_watermarks()->mutable_oldest()->set_lsn(1);
  Send(reply);
  if (!open.producer().empty()) AddControl();
}

void FakeServer::HandleAppend(const v1::Append& append, ByteSpan frame) {
  AppendEnvelope envelope;
  AppendRefusal refusal;
  RJ_CHECK(ScanAppend(frame, &envelope, &refusal));
  RJ_CHECK(envelope.body_crc32c == Crc32c(envelope.body));
  if (refusing_) {
    return SendError(append.request_id(), v1::ERROR_CODE_BEHIND_REFUSED, "behind");
  }
  if (refuse_next > 0) {
    --refuse_next;
    refusing_ = true;
    return SendError(append.request_id(), refuse_code, "refused by the test");
  }
  if (append.first_sequence() <= last_sequence) {
    return SendAck(append, lsn_of_sequence_[append.first_sequence()], true);
  }
  RJ_CHECK(append.first_sequence() == last_sequence + 1);
  uint64_t lsn = end_.next_lsn.value();
  lsn_of_sequence_[append.first_sequence()] = lsn;
  last_sequence += envelope.count;
  AddRecord(v1::ENTRY_KIND_TRANSACTIONS, envelope.count, envelope.body);
  if (!hold_acks) SendAck(append, lsn, false);
}

void FakeServer::SendAck(const v1::Append& append, uint64_t first_lsn, bool duplicate) {
  v1::ServerMessage reply;
  reply.mutable_append_reply()->set_generation(generation);
  reply.mutable_append_reply()->set_epoch(1);
  v1::AppendResult* result = reply.mutable_append_reply()->add_results();
  result->set_request_id(append.request_id());
  result->set_first_lsn(first_lsn);
  result->set_count(static_cast<uint32_t>(append.transactions_size()));
  result->set_level(append.level());
  result->set_memory_copies(1);
  result->set_duplicate(duplicate);
  Send(reply);
}

// All of the journal from the entry that holds `from` on, one entry a message.
void FakeServer::HandleRead(const v1::Read& read) {
  ByteSpan rest = AsBytes(log_);
  RecordView view;
  while (!rest.empty()) {
    RJ_CHECK(ParseRecord(rest, &view) == RecordVerdict::kOk);
    rest = rest.subspan(view.record.size());
    if (view.header.next_lsn().value() <= read.from().lsn()) continue;
    SendRecord(read.request_id(), view.record);
  }
  if (read.follow()) return;
  v1::ServerMessage end;
  end.mutable_read_end()->set_request_id(read.request_id());
  end.mutable_read_end()->set_reason(v1::ReadEnd::REASON_REACHED_END);
  end.mutable_read_end()->set_next_lsn(end_.next_lsn.value());
  Send(end);
}

// The record goes out verbatim, as a server sends it from the ring.
void FakeServer::SendRecord(uint64_t request_id, ByteSpan record) {
  v1::ReadData head;
  head.set_request_id(request_id);
  head.set_visible_lsn(end_.last().lsn.value());
  std::string data = head.SerializeAsString();
  std::byte prefix[16];
  std::byte* p = WriteVarint(prefix, 31 << 3 | 2);
  p = WriteVarint(p, record.size());
  data += AsView({prefix, static_cast<size_t>(p - prefix)});
  data += AsView(record);
  p = WriteVarint(prefix, v1::ServerMessage::kReadData << 3 | 2);
  p = WriteVarint(p, data.size());
  AppendFrame(std::string(AsView({prefix, static_cast<size_t>(p - prefix)})) + data, &outbound_);
}

void FakeServer::AddRecord(uint32_t kind, uint32_t count, ByteSpan body) {
  EntryHeader header;
  header.body_crc32c = Crc32c(body);
  header.body_length = static_cast<uint32_t>(body.size());
  header.index = end_.next_index;
  header.first_lsn = end_.next_lsn;
  header.count = count;
  header.epoch = {generation, 1};
  header.kind = kind;
  std::string record(RecordBytes(body.size()), '\0');
  auto* out = reinterpret_cast<std::byte*>(record.data());
  end_.chain = EncodeRecordHead(header, end_.chain, out);
  std::ranges::copy(body, out + kRecordOverheadBytes);
  end_.next_index = end_.next_index.next();
  end_.next_lsn += count;
  log_ += record;
}

void FakeServer::AddControl() {
  v1::ControlRecord control;
  control.mutable_clock();
  std::string body = EncodeControlBody(control);
  AddRecord(v1::ENTRY_KIND_CLOCK, 0, AsBytes(body));
}

void FakeServer::AddTransactions(const std::vector<std::string>& payloads) {
  v1::Append append;
  for (const std::string& payload : payloads) append.add_transactions()->set_payload(payload);
  std::string body = append.SerializeAsString();
  AddRecord(v1::ENTRY_KIND_TRANSACTIONS, static_cast<uint32_t>(payloads.size()), AsBytes(body));
}

std::vector<std::string> FakeServer::Payloads() const {
  std::vector<std::string> payloads;
  v1::Entries entries;
  RJ_CHECK(entries.ParseFromString(log_));
  for (const v1::Entry& entry : entries.entries()) {
    for (const v1::Transaction& t : entry.transactions()) payloads.push_back(t.payload());
  }
  return payloads;
}

}  // namespace ringjournal::client
