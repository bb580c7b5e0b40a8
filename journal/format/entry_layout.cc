#include "journal/format/entry_layout.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"

namespace ringjournal {
namespace {

constexpr size_t Offset(int number) {
  return kHeaderLayout[static_cast<size_t>(number - 1)].offset;
}

// The header with all tags in place and every value 0.
consteval std::array<uint8_t, kHeaderBytes> MakeTemplate() {
  std::array<uint8_t, kHeaderBytes> bytes = {};
  for (const HeaderField& field : kHeaderLayout) {
    int tag = field.number << 3 | (field.width == 4 ? 5 : 1);
    if (field.number < 16) {
      bytes[field.offset - 1] = static_cast<uint8_t>(tag);
    } else {
      bytes[field.offset - 2] = static_cast<uint8_t>(tag & 0x7f) | 0x80;
      bytes[field.offset - 1] = static_cast<uint8_t>(tag >> 7);
    }
  }
  return bytes;
}
constexpr std::array<uint8_t, kHeaderBytes> kTemplate = MakeTemplate();

// 0xff where a tag stands.
consteval std::array<uint8_t, kHeaderBytes> MakeTagMask() {
  std::array<uint8_t, kHeaderBytes> mask = {};
  for (auto& m : mask) m = 0xff;
  for (const HeaderField& field : kHeaderLayout) {
    for (int i = 0; i < field.width; ++i) mask[field.offset + static_cast<size_t>(i)] = 0;
  }
  return mask;
}
constexpr std::array<uint8_t, kHeaderBytes> kTagMask = MakeTagMask();

// Eight bytes at a time, the last word overlapping the one before: recovery does this for every
// entry.
bool TagsAreInPlace(const std::byte* header) {
  auto wrong_at = [header](size_t i) {
    return (Load64(header + i) ^ Load64(kTemplate.data() + i)) & Load64(kTagMask.data() + i);
  };
  uint64_t wrong = wrong_at(kHeaderBytes - 8);
  for (size_t i = 0; i + 8 <= kHeaderBytes; i += 8) wrong |= wrong_at(i);
  return wrong == 0;
}

void ReadHeader(const std::byte* h, EntryHeader* out) {
  out->header_crc32c = Load32(h + Offset(1));
  out->chain = Load64(h + Offset(2));
  out->body_crc32c = Load32(h + Offset(3));
  out->body_length = Load32(h + Offset(4));
  out->index = Index(Load64(h + Offset(5)));
  out->first_lsn = Lsn(Load64(h + Offset(6)));
  out->count = Load32(h + Offset(7));
  out->epoch = {Load32(h + Offset(8)), Load32(h + Offset(9))};
  out->log_time_ns = Load64(h + Offset(10));
  out->producer_id = ProducerId(Load64(h + Offset(11)));
  out->producer_epoch = Load32(h + Offset(12));
  out->first_sequence = Sequence(Load64(h + Offset(13)));
  out->writer = {Load32(h + Offset(14)), Load32(h + Offset(15))};
  out->kind = Load32(h + Offset(16));
  out->flags = Load32(h + Offset(17));
}

}  // namespace

uint64_t EncodeRecordHead(const EntryHeader& header, uint64_t previous_chain, std::byte* out) {
  // Built and hashed on the stack: the ring's memory is cold, and reading back what was just stored
  // there costs several times the hashing itself.
  std::byte head[kRecordOverheadBytes];
  head[0] = kEntryTag;
  WriteVarint4(head + 1, static_cast<uint32_t>(kHeaderBytes) + header.body_length);
  std::byte* h = head + kRecordPrefixBytes;
  std::memcpy(h, kTemplate.data(), kHeaderBytes);
  Store32(h + Offset(3), header.body_crc32c);
  Store32(h + Offset(4), header.body_length);
  Store64(h + Offset(5), header.index.value());
  Store64(h + Offset(6), header.first_lsn.value());
  Store32(h + Offset(7), header.count);
  Store32(h + Offset(8), header.epoch.generation);
  Store32(h + Offset(9), header.epoch.epoch);
  Store64(h + Offset(10), header.log_time_ns);
  Store64(h + Offset(11), header.producer_id.value());
  Store32(h + Offset(12), header.producer_epoch);
  Store64(h + Offset(13), header.first_sequence.value());
  Store32(h + Offset(14), header.writer.generation);
  Store32(h + Offset(15), header.writer.epoch);
  Store32(h + Offset(16), header.kind);
  Store32(h + Offset(17), header.flags);
  Store32(h + Offset(18), kLayoutVersion);
  uint64_t chain = ChainHash(previous_chain, {h + kChainFrom, kHeaderBytes - kChainFrom});
  Store64(h + Offset(2), chain);
  Store32(h + Offset(1), Crc32c({h + kHeaderCrcFrom, kHeaderBytes - kHeaderCrcFrom}));
  std::memcpy(out, head, sizeof head);
  return chain;
}

const char* RecordVerdictText(RecordVerdict verdict) {
  switch (verdict) {
    case RecordVerdict::kOk:
      return "ok";
    case RecordVerdict::kCutOff:
      return "cut off";
    case RecordVerdict::kNotARecord:
      return "not a record";
    case RecordVerdict::kBadHeader:
      return "bad header";
    case RecordVerdict::kHeaderCrc:
      return "header CRC does not match";
    case RecordVerdict::kLayoutVersion:
      return "layout of a newer version";
    case RecordVerdict::kBodyCrc:
      return "body CRC does not match";
  }
  return "?";
}

RecordVerdict ParseRecord(ByteSpan bytes, RecordView* view) {
  if (bytes.empty()) return RecordVerdict::kCutOff;
  if (bytes[0] != kEntryTag) return RecordVerdict::kNotARecord;
  if (bytes.size() < kRecordPrefixBytes) return RecordVerdict::kCutOff;
  uint32_t length;
  if (!ReadVarint4(bytes.data() + 1, &length)) return RecordVerdict::kNotARecord;
  if (length < kHeaderBytes) return RecordVerdict::kBadHeader;
  if (bytes.size() < kRecordOverheadBytes) return RecordVerdict::kCutOff;
  const std::byte* h = bytes.data() + kRecordPrefixBytes;
  if (!TagsAreInPlace(h)) return RecordVerdict::kBadHeader;
  ReadHeader(h, &view->header);
  uint32_t crc = Crc32c({h + kHeaderCrcFrom, kHeaderBytes - kHeaderCrcFrom});
  if (crc != view->header.header_crc32c) return RecordVerdict::kHeaderCrc;
  if (Load32(h + Offset(18)) != kLayoutVersion) return RecordVerdict::kLayoutVersion;
  if (view->header.body_length != length - kHeaderBytes) return RecordVerdict::kBadHeader;
  if (bytes.size() < kRecordPrefixBytes + length) return RecordVerdict::kCutOff;
  view->record = bytes.first(kRecordPrefixBytes + length);
  view->body = view->record.subspan(kRecordOverheadBytes);
  return RecordVerdict::kOk;
}

void ReadTrustedRecord(const std::byte* record, RecordView* view) {
  ReadHeader(record + kRecordPrefixBytes, &view->header);
  view->record = {record, RecordBytes(view->header.body_length)};
  view->body = view->record.subspan(kRecordOverheadBytes);
}

RecordVerdict VerifyBody(const RecordView& view) {
  return Crc32c(view.body) == view.header.body_crc32c ? RecordVerdict::kOk
                                                      : RecordVerdict::kBodyCrc;
}

uint64_t ComputeChain(const RecordView& view, uint64_t previous_chain) {
  return ChainHash(previous_chain, {view.header_bytes() + kChainFrom, kHeaderBytes - kChainFrom});
}

std::string LogPosition::Advance(const RecordView& view) {
  const EntryHeader& h = view.header;
  if (h.index != next_index) {
    return absl::StrCat("entry ", h.index.value(), " where ", next_index.value(), " must follow");
  }
  if (h.first_lsn != next_lsn) {
    return absl::StrCat("LSN ", h.first_lsn.value(), " where ", next_lsn.value(), " must follow");
  }
  if (h.epoch < epoch) return "an epoch older than that of the entry before";
  if (h.chain != ComputeChain(view, chain)) return "chain hash does not continue";
  next_index = next_index.next();
  next_lsn = h.next_lsn();
  chain = h.chain;
  epoch = h.epoch;
  return "";
}

std::string LayoutTable() {
  std::string out = "| offset | bytes | field | number |\n|---:|---:|---|---:|\n";
  absl::StrAppend(&out, "| 0 | 1 | tag of `Entries.entries` (0x0a) | |\n");
  absl::StrAppend(&out, "| 1 | 4 | length of the entry, a varint of four bytes | |\n");
  for (const HeaderField& field : kHeaderLayout) {
    absl::StrAppend(&out, "| ", kRecordPrefixBytes + field.offset, " | ", field.width, " | `",
                    field.name, "` | ", field.number, " |\n");
  }
  absl::StrAppend(&out, "| ", kRecordOverheadBytes,
                  " | `body_length` | body: field 31, or field 32 | |\n");
  return out;
}

}  // namespace ringjournal
