// Segments for tests, with a tiny language, and a model of what every byte of them is.
#ifndef JOURNAL_SEGMENT_TEST_SEGMENT_H_
#define JOURNAL_SEGMENT_TEST_SEGMENT_H_

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "journal/base/checksum.h"
#include "journal/segment/group_builder.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {

// An aligned staging buffer.
class TestStaging {
 public:
  TestStaging() : memory_(kGroupStagingBytes + limits::kBlockBytes) {}
  std::span<std::byte> span() {
    auto at = reinterpret_cast<uintptr_t>(memory_.data());
    size_t skip = (limits::kBlockBytes - at % limits::kBlockBytes) % limits::kBlockBytes;
    return {memory_.data() + skip, kGroupStagingBytes};
  }

 private:
  std::vector<std::byte> memory_;
};

// The entries of a log, made up from their index.
class TestLog {
 public:
  LogPosition position;

  std::string Record(size_t body_bytes, uint32_t count = 1) {
    std::string body(body_bytes, static_cast<char>('a' + position.next_index.value() % 26));
    return RecordOf(body, count);
  }
  std::string RecordOf(const std::string& body, uint32_t count) {
    EntryHeader h;
    h.body_length = static_cast<uint32_t>(body.size());
    h.body_crc32c = Crc32c(AsBytes(body));
    h.index = position.next_index;
    h.first_lsn = position.next_lsn;
    h.count = count;
    h.epoch = position.epoch;
    h.log_time_ns = 1700000000000000000 + h.index.value();
    h.kind = count > 0 ? v1::ENTRY_KIND_TRANSACTIONS : v1::ENTRY_KIND_CLOCK;
    std::string record(kRecordOverheadBytes, '\0');
    position.chain =
        EncodeRecordHead(h, position.chain, reinterpret_cast<std::byte*>(record.data()));
    position.next_index = h.index.next();
    position.next_lsn = h.next_lsn();
    return record + body;
  }
};

// What stands in a stretch of the file.
struct TestPart {
  enum class Kind { kDescription, kDescriptionPadding, kGroupHeader, kRecord, kPadding };
  Kind kind;
  size_t from = 0, to = 0;
  size_t group = 0;      // position in TestSegment::groups
  LogPosition position;  // before it; for padding and description: before what follows
};

struct TestGroup {
  uint64_t offset = 0;
  uint64_t durable_offset = 0;
  bool closing = false;
};

// Writes a segment the way the server does, group by group.
class TestSegment {
 public:
  static JournalId Journal() {
    JournalId id;
    for (uint8_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(0xa0 + i);
    return id;
  }

  // Opens at the log's position. `producers`: how many the description names.
  explicit TestSegment(TestLog* log, SegmentOpener opener = {Incarnation(3), 1}, int producers = 2)
      : builder_(staging_.span()), log_(log) {
    name.journal = Journal();
    name.first_index = log->position.next_index;
    name.opener = opener;
    bytes = EncodeDescription(Description(producers));
    v1::SegmentDescription d;
    size_t used = 0;
    DecodeDescription(AsBytes(bytes), &d, &used);
    parts.push_back({TestPart::Kind::kDescription, 0, used, 0, log->position});
    parts.push_back({TestPart::Kind::kDescriptionPadding, used, bytes.size(), 0, log->position});
  }

  // A group of one record for each body size. `durable_offset`: what it says was synced.
  TestSegment& Group(std::initializer_list<size_t> body_bytes, uint64_t durable_offset) {
    Begin(durable_offset, false);
    size_t at = bytes.size();
    parts.push_back(
        {TestPart::Kind::kGroupHeader, at, at + kGroupHeaderBytes, group(), log_->position});
    at += kGroupHeaderBytes;
    for (size_t n : body_bytes) {
      LogPosition before = log_->position;
      std::string record = log_->Record(n);
      builder_.Add(AsBytes(record));
      parts.push_back({TestPart::Kind::kRecord, at, at + record.size(), group(), before});
      at += record.size();
    }
    return Write(at);
  }
  // A group whose record the test made with the log itself.
  TestSegment& GroupOf(const std::string& records, Index first, uint64_t durable_offset) {
    Begin(durable_offset, false, first);
    builder_.Add(AsBytes(records));
    return Write(bytes.size() + kGroupHeaderBytes + records.size());
  }
  // Everything was synced.
  TestSegment& Close() {
    Begin(bytes.size(), true);
    size_t at = bytes.size();
    parts.push_back(
        {TestPart::Kind::kGroupHeader, at, at + kGroupHeaderBytes, group(), log_->position});
    return Write(at + kGroupHeaderBytes);
  }
  // Zeros as in a hole.
  TestSegment& Zeros(size_t n) {
    bytes.append(n, '\0');
    return *this;
  }
  // As the file was before it was used.
  TestSegment& UnusedBlocks(size_t n) {
    for (size_t i = 0; i < n; ++i) bytes += UnusedBlock();
    return *this;
  }

  ScanOptions Options() const {
    ScanOptions options;
    options.name = name;
    return options;
  }
  v1::SegmentDescription Description(int producers) const {
    const LogPosition& p = log_->position;
    v1::SegmentDescription d;
    d.set_journal_id(std::string(name.journal.view()));
    d.set_first_index(p.next_index.value());
    d.set_first_lsn(p.next_lsn.value());
    d.set_chain_before(p.chain);
    d.set_opener_incarnation(name.opener.incarnation.value());
    d.set_opener_counter(name.opener.counter);
    v1::StateSnapshot* state = d.mutable_state();
    state->set_next_index(p.next_index.value());
    state->set_next_lsn(p.next_lsn.value());
    state->set_chain(p.chain);
    state->set_generation(p.epoch.generation);
    state->set_epoch(p.epoch.epoch);
    state->set_oldest_index(oldest_index.value());
    for (int i = 0; i < producers; ++i) {
      v1::Producer* producer = state->add_producers();
      producer->set_id(static_cast<uint64_t>(i) + 1);
      producer->set_epoch(1);
      producer->set_name("producer-" + std::to_string(i));
    }
    return d;
  }

  SegmentName name;
  std::string bytes;
  std::vector<TestPart> parts;
  std::vector<TestGroup> groups;
  Watermark committed;  // what the next group says
  static inline Index oldest_index{1};

 private:
  size_t group() const { return groups.size() - 1; }
  void Begin(uint64_t durable_offset, bool closing, Index first = Index(0)) {
    GroupInfo info;
    info.segment_offset = bytes.size();
    info.first_index = first == Index(0) ? log_->position.next_index : first;
    info.durable_offset = durable_offset;
    info.committed = committed;
    info.opener = name.opener;
    info.closing = closing;
    builder_.Start(info);
    groups.push_back({bytes.size(), durable_offset, closing});
  }
  TestSegment& Write(size_t used_end) {
    bytes += AsView(builder_.Finish());
    if (used_end < bytes.size()) {
      parts.push_back({TestPart::Kind::kPadding, used_end, bytes.size(), group(), log_->position});
    }
    return *this;
  }

  TestStaging staging_;
  GroupBuilder builder_;
  TestLog* log_;
};

inline SegmentScan Scan(const std::string& bytes, const ScanOptions& options) {
  return ScanSegment(AsBytes(bytes), options, [](const RecordView&) {});
}

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_TEST_SEGMENT_H_
