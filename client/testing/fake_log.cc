#include "client/testing/fake_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"
#include "journal/format/append_scan.h"
#include "journal/format/control.h"

namespace ringjournal::client {

namespace {

// Transactions of the library's own, among those of a transaction system.
bool IsOfTheLibrary(ByteSpan transaction) {
  return AsView(TransactionField(transaction, v1::Transaction::kTypeFieldNumber))
      .starts_with("ringjournal.v1.");
}

}  // namespace

FakeLog::FakeLog(std::string name, int number) : name_(std::move(name)), number_(number) {
  StartOver();
}

void FakeLog::Create(const v1::JournalSettings& settings) {
  exists_ = true;
  settings_ = settings;
  writers_.set_fenced(settings.fenced());
}

void FakeLog::Remove() {
  StartOver();
  exists_ = false;
}

void FakeLog::StartOver() {
  id_ = absl::StrCat(std::string(12, 'f'), absl::Hex(number_, absl::kZeroPad3),
                     std::string(1, static_cast<char>('a' + times_created_++ % 26)));
  generation_ = 1;
  records_.clear();
  bytes_ = 0;
  end_ = {};
  durable_ = {};
  oldest_lsn_ = Lsn(1);
  producers_.clear();
  losses_.clear();
  writers_.ForgetFrom(Index());
}

FakeProducer* FakeLog::FindProducer(const std::string& name) {
  auto found = producers_.find(name);
  return found == producers_.end() ? nullptr : &found->second;
}

void FakeLog::FillProducer(const std::string& name, const FakeProducer& producer,
                           v1::Producer* out) const {
  out->set_name(name);
  out->set_id(producer.id);
  out->set_epoch(producer.epoch);
  out->set_last_sequence(producer.last_sequence);
  if (producer.record_of.empty()) return;
  const EntryHeader& last = records_[producer.record_of.rbegin()->second].header;
  out->set_last_index(last.index.value());
  out->set_last_lsn(last.first_lsn.value() + last.count - 1);
}

FakeProducer* FakeLog::OpenProducer(const std::string& name, uint64_t now_ns,
                                    uint64_t client_instance) {
  FakeProducer& producer = producers_[name];
  if (producer.id == 0) producer.id = end_.next_index.value();
  ++producer.epoch;
  producer.client_instance = client_instance;
  v1::ControlRecord control;
  control.mutable_producer_open()->set_name(name);
  control.mutable_producer_open()->set_producer_id(producer.id);
  control.mutable_producer_open()->set_producer_epoch(producer.epoch);
  AddControl(v1::ENTRY_KIND_PRODUCER_OPEN, control, now_ns);
  return &producer;
}

size_t FakeLog::AppendRun(FakeProducer* producer, uint64_t first_sequence, uint32_t count,
                          ByteSpan run, uint64_t now_ns) {
  EntryHeader header;
  header.count = count;
  header.kind = v1::ENTRY_KIND_TRANSACTIONS;
  if (producer != nullptr) {
    header.producer_id = ProducerId(producer->id);
    header.producer_epoch = producer->epoch;
    header.first_sequence = Sequence(first_sequence);
    producer->last_sequence = first_sequence + count - 1;
    producer->record_of[first_sequence] = records_.size();
  }
  AddRecord(header, run, now_ns);
  return records_.size() - 1;
}

void FakeLog::Trim(Lsn first_kept, uint64_t now_ns) {
  oldest_lsn_ = std::max(oldest_lsn_, std::min(first_kept, next_lsn()));
  v1::ControlRecord control;
  control.mutable_trim()->set_first_lsn(oldest_lsn_.value());
  AddControl(v1::ENTRY_KIND_TRIM, control, now_ns);
}

void FakeLog::Lose(Lsn first_lost, uint64_t now_ns) {
  size_t keep = Find(first_lost);
  v1::LossReport report;
  report.set_generation(++generation_);
  report.set_first_lsn(keep < records_.size() ? records_[keep].header.first_lsn.value()
                                              : next_lsn().value());
  for (auto set : {&v1::LossReport::set_received, &v1::LossReport::set_replicated}) {
    (report.*set)(v1::LOSS_VERDICT_POSSIBLE);
  }
  report.set_disk(v1::LOSS_VERDICT_NONE);
  report.set_disk_quorum(v1::LOSS_VERDICT_NONE);
  report.set_reason("a test of the fake journal said so");
  losses_.push_back(report);
  end_ = {};
  std::vector<FakeRecord> kept(records_.begin(), records_.begin() + static_cast<long>(keep));
  records_.swap(kept);
  bytes_ = 0;
  for (const FakeRecord& record : records_) bytes_ += record.bytes.size();
  if (!records_.empty()) {
    const EntryHeader& last = records_.back().header;
    end_ = {last.index.next(), last.next_lsn(), last.chain, last.epoch};
  }
  writers_.ForgetFrom(end_.next_index);
  for (auto& [name, producer] : producers_) {
    std::erase_if(producer.record_of, [&](const auto& place) { return place.second >= keep; });
    producer.last_sequence = 0;
    for (const auto& [first, position] : producer.record_of) {
      producer.last_sequence = first + records_[position].header.count - 1;
    }
  }
  durable_ = std::min(durable_, end_.last());
  AddControl(v1::ENTRY_KIND_EPOCH_START, {}, now_ns);
}

bool FakeLog::AcquireWriter(const v1::WriterAcquire& claim, uint64_t now_ns,
                            v1::ErrorReply* refusal) {
  v1::ControlRecord control;
  v1::WriterFence* fence = control.mutable_writer_fence();
  switch (writers_.Judge(claim, generation_, fence, refusal)) {
    case FakeWriters::Verdict::kRefused:
      return false;
    case FakeWriters::Verdict::kAgain:
      return true;
    case FakeWriters::Verdict::kGranted:
      break;
  }
  AddControl(v1::ENTRY_KIND_WRITER_FENCE, control, now_ns);
  writers_.Note(*fence, records_.back().header);
  return true;
}

void FakeLog::AddControl(v1::EntryKind kind, const v1::ControlRecord& control, uint64_t now_ns) {
  v1::ControlRecord record = control;
  if (record.record_case() == v1::ControlRecord::RECORD_NOT_SET) record.mutable_epoch_start();
  std::string body = EncodeControlBody(record);
  EntryHeader header;
  header.kind = kind;
  AddRecord(header, AsBytes(body), now_ns);
}

void FakeLog::AddRecord(EntryHeader header, ByteSpan body, uint64_t now_ns) {
  header.body_crc32c = Crc32c(body);
  header.body_length = static_cast<uint32_t>(body.size());
  header.index = end_.next_index;
  header.first_lsn = end_.next_lsn;
  header.epoch = {generation_, generation_};
  header.writer = writers_.current().epoch;
  uint64_t before = records_.empty() ? 0 : records_.back().header.log_time_ns;
  header.log_time_ns = std::max(now_ns, before);  // monotone, as a leader keeps it
  FakeRecord record;
  record.bytes.resize(RecordBytes(body.size()));
  auto* out = reinterpret_cast<std::byte*>(record.bytes.data());
  header.chain = EncodeRecordHead(header, end_.chain, out);
  std::ranges::copy(body, out + kRecordOverheadBytes);
  record.header = header;
  end_ = {header.index.next(), header.next_lsn(), header.chain, header.epoch};
  bytes_ += record.bytes.size();
  records_.push_back(std::move(record));
  if (durable_at_once_) MakeDurable();
}

size_t FakeLog::Find(Lsn lsn) const {
  auto ends_at_or_before = [](const FakeRecord& record, Lsn wanted) {
    return record.header.next_lsn() <= wanted;
  };
  auto found = std::lower_bound(records_.begin(), records_.end(), lsn, ends_at_or_before);
  return static_cast<size_t>(found - records_.begin());
}

std::vector<std::string> FakeLog::Payloads() const {
  std::vector<std::string> payloads;
  for (const FakeRecord& record : records_) {
    if (record.header.count == 0) continue;
    TransactionCursor cursor(AsBytes(record.bytes).subspan(kRecordOverheadBytes));
    ByteSpan transaction;
    for (Lsn lsn = record.header.first_lsn; cursor.Next(&transaction); lsn = lsn.next()) {
      if (lsn < oldest_lsn_ || IsOfTheLibrary(transaction)) continue;
      payloads.emplace_back(AsView(TransactionPayload(transaction)));
    }
  }
  return payloads;
}

void FakeLog::FillWatermarks(v1::Watermarks* marks) const {
  auto fill = [](Watermark mark, v1::Watermark* out) {
    out->set_index(mark.index.value());
    out->set_lsn(mark.lsn.value());
  };
  marks->mutable_oldest()->set_index(1);
  marks->mutable_oldest()->set_lsn(oldest_lsn_.value());
  fill(durable_, marks->mutable_durable());
  fill(end_.last(), marks->mutable_committed());
  fill(end_.last(), marks->mutable_end());
}

void FakeLog::FillReply(v1::JournalReply* reply) const {
  v1::JournalConfig* config = reply->mutable_config();
  config->set_id(id_);
  config->set_name(name_);
  config->set_generation(generation_);
  config->set_epoch(generation_);
  config->mutable_leader()->set_node("fake");
  config->add_isr()->set_node("fake");
  config->add_members("fake");
  config->set_min_isr(1);
  config->set_target_copies(1);
  *config->mutable_settings() = settings_;
  config->mutable_settings()->set_fenced(writers_.fenced());
  for (const v1::LossReport& loss : losses_) *config->add_losses() = loss;
  FillWatermarks(reply->mutable_watermarks());
  const uint64_t ring = settings_.ring_bytes();
  reply->mutable_stats()->set_ring_bytes(ring > 0 ? ring : limits::kFakeJournalBytesMax);
  reply->mutable_stats()->set_ring_bytes_used(bytes_);
  reply->mutable_stats()->set_producer_count(producers_.size());
  reply->mutable_stats()->set_storage_state("ok");
  reply->mutable_stats()->set_role(v1::JOURNAL_ROLE_LEADER);
}

FakeLog* FakeJournals::Place(const std::string& name) {
  auto found = logs_.find(name);
  if (found != logs_.end()) return found->second;
  FakeLog* log = &others_.emplace_back(name, static_cast<int>(logs_.size()));
  log->Remove();
  logs_.emplace(name, log);
  return log;
}

FakeLog* FakeJournals::Find(const std::string& name) {
  auto found = logs_.find(name);
  return found != logs_.end() && found->second->exists() ? found->second : nullptr;
}

}  // namespace ringjournal::client
