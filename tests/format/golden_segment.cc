#include "tests/format/golden_segment.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "journal/base/checksum.h"
#include "journal/format/control.h"
#include "journal/segment/group_builder.h"

namespace ringjournal {
namespace {

constexpr uint64_t kTimeNs = 1700000000'000000000;

SegmentName Name() {
  SegmentName name;
  for (uint8_t i = 0; i < 16; ++i) name.journal.bytes[i] = static_cast<uint8_t>(0x10 * i + i);
  name.first_index = Index(2);
  name.opener = {Incarnation(3), 1};
  return name;
}

// Writes the log of the example: entry 1 lies in an earlier segment.
class Writer {
 public:
  Writer() : memory_(kGroupStagingBytes + limits::kBlockBytes), builder_(Staging()) {
    position_.next_index = Index(2);
    position_.chain = 0x1122334455667788;
    position_.epoch = {1, 3};
  }

  std::string Run() {
    Describe();
    Begin(false, 0);
    Append(ProducerOpenBody(), v1::ENTRY_KIND_PRODUCER_OPEN, 0);
    Append(TransactionsBody(), v1::ENTRY_KIND_TRANSACTIONS, 2);
    Finish();
    Begin(false, limits::kBlockBytes);
    Append(ClockBody(), v1::ENTRY_KIND_CLOCK, 0);
    Finish();
    Begin(true, file_.size());
    Finish();
    return file_;
  }

 private:
  std::span<std::byte> Staging() {
    auto at = reinterpret_cast<uintptr_t>(memory_.data());
    size_t skip = (limits::kBlockBytes - at % limits::kBlockBytes) % limits::kBlockBytes;
    return {memory_.data() + skip, kGroupStagingBytes};
  }

  static std::string ProducerOpenBody() {
    v1::ControlRecord record;
    record.mutable_producer_open()->set_name("teller-1");
    record.mutable_producer_open()->set_producer_epoch(1);
    return EncodeControlBody(record);
  }
  static std::string ClockBody() {
    v1::ControlRecord record;
    record.mutable_clock();
    return EncodeControlBody(record);
  }
  static std::string TransactionsBody() {
    v1::Entry entry;
    entry.add_transactions()->set_payload("pay 5 to Bob");
    v1::Transaction* second = entry.add_transactions();
    second->set_payload("pay 7 to Eve");
    second->set_type("bank.Payment");
    second->set_key("Eve");
    second->set_id("tx-2");
    second->set_client_time_ns(kTimeNs - 5);
    v1::Header* header = second->add_headers();
    header->set_name("channel");
    header->set_value("counter");
    return entry.SerializeAsString();
  }

  void Describe() {
    v1::SegmentDescription d;
    d.set_journal_id(std::string(Name().journal.view()));
    d.set_first_index(2);
    d.set_first_lsn(1);
    d.set_chain_before(position_.chain);
    d.set_opener_incarnation(3);
    d.set_opener_counter(1);
    v1::StateSnapshot* state = d.mutable_state();
    state->set_next_index(2);
    state->set_next_lsn(1);
    state->set_chain(position_.chain);
    state->set_generation(1);
    state->set_epoch(3);
    state->set_log_time_ns(kTimeNs);
    state->set_oldest_lsn(1);
    state->set_oldest_index(1);
    v1::EpochHistory* epoch = state->add_history();
    epoch->set_generation(1);
    epoch->set_epoch(3);
    epoch->set_first_index(1);
    file_ = EncodeDescription(d);
  }

  void Begin(bool closing, uint64_t durable_offset) {
    GroupInfo info;
    info.segment_offset = file_.size();
    info.first_index = position_.next_index;
    info.durable_offset = durable_offset;
    info.committed = position_.last();
    info.opener = Name().opener;
    info.closing = closing;
    builder_.Start(info);
  }
  void Finish() { file_ += AsView(builder_.Finish()); }

  void Append(const std::string& body, v1::EntryKind kind, uint32_t count) {
    EntryHeader h;
    h.body_length = static_cast<uint32_t>(body.size());
    h.body_crc32c = Crc32c(AsBytes(body));
    h.index = position_.next_index;
    h.first_lsn = position_.next_lsn;
    h.count = count;
    h.epoch = position_.epoch;
    h.log_time_ns = kTimeNs + h.index.value();
    if (count > 0) {
      h.producer_id = ProducerId(2);
      h.producer_epoch = 1;
      h.first_sequence = Sequence(1);
    }
    h.kind = kind;
    h.flags = count > 0 ? 0 : kFlagServerBodyCrc;
    std::string record(kRecordOverheadBytes, '\0');
    auto* head = reinterpret_cast<std::byte*>(record.data());
    position_.chain = EncodeRecordHead(h, position_.chain, head);
    position_.next_index = h.index.next();
    position_.next_lsn = h.next_lsn();
    record += body;
    builder_.Add(AsBytes(record));
  }

  std::vector<std::byte> memory_;
  GroupBuilder builder_;
  LogPosition position_;
  std::string file_;
};

}  // namespace

std::string BuildGoldenSegment() { return Writer().Run(); }

std::string GoldenSegmentName() { return Name().ToFileName(); }

std::string HexLines(const std::string& bytes, size_t offset, size_t length) {
  std::string out;
  for (size_t at = offset; at < offset + length; at += 16) {
    absl::StrAppendFormat(&out, "%05x ", at);
    std::string text;
    for (size_t i = at; i < std::min(at + 16, offset + length); ++i) {
      auto c = static_cast<unsigned char>(bytes[i]);
      absl::StrAppendFormat(&out, " %02x", c);
      text.push_back(c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.');
    }
    out += std::string(2 + 3 * (16 - text.size()), ' ') + text + "\n";
  }
  return out;
}

}  // namespace ringjournal
