#include "tests/fuzz/mend.h"

#include <algorithm>

#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/format/entry_layout.h"
#include "journal/segment/segment_format.h"
#include "proto/entry.pb.h"

namespace ringjournal::fuzz {
namespace {

// Both framing messages of a segment start with their CRC: tag, four bytes, then what it covers.
constexpr size_t kCrcFieldBytes = 5;

std::byte* At(std::string* bytes, size_t offset) {
  return reinterpret_cast<std::byte*>(bytes->data()) + offset;
}

void StoreField(std::byte* header, const char* name, uint64_t value) {
  for (const HeaderField& field : kHeaderLayout) {
    if (std::string_view(field.name) != name) continue;
    field.width == 4 ? Store32(header + field.offset, static_cast<uint32_t>(value))
                     : Store64(header + field.offset, value);
  }
}

// Returns the description's bytes with padding, 0 if there is none.
size_t MendDescription(std::string* bytes, uint64_t* chain) {
  uint32_t length = 0;
  if (bytes->size() < kRecordPrefixBytes + kCrcFieldBytes) return 0;
  std::byte* p = At(bytes, 0);
  if (p[0] != kDescriptionTag || !ReadVarint4(p + 1, &length) || length < kCrcFieldBytes) return 0;
  if (bytes->size() - kRecordPrefixBytes < length) return 0;
  const ByteSpan rest{p + kRecordPrefixBytes + kCrcFieldBytes, length - kCrcFieldBytes};
  Store32(p + kRecordPrefixBytes + 1, Crc32c(rest));
  v1::SegmentDescription description;
  if (description.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) {
    *chain = description.chain_before();
  }
  return PaddedBytes(kRecordPrefixBytes + length);
}

// Returns the offset of the next group.
size_t MendGroup(std::string* bytes, size_t offset, uint64_t* chain) {
  std::byte* p = At(bytes, offset);
  const size_t from = 2 + kCrcFieldBytes;
  Store32(p + 3, Crc32c({p + from, kGroupHeaderBytes - from}));
  GroupHeader header;
  if (!DecodeGroupHeader({p, kGroupHeaderBytes}, &header)) return offset + limits::kBlockBytes;
  size_t at = offset + kGroupHeaderBytes;
  while (const size_t length = MendRecord(bytes, at, chain)) at += length;
  return offset + std::max<size_t>(header.length, limits::kBlockBytes);
}

}  // namespace

size_t MendRecord(std::string* bytes, size_t offset, uint64_t* chain) {
  if (offset > bytes->size() || bytes->size() - offset < kRecordOverheadBytes) return 0;
  std::byte* p = At(bytes, offset);
  uint32_t length = 0;
  if (p[0] != kEntryTag || !ReadVarint4(p + 1, &length) || length < kHeaderBytes) return 0;
  if (bytes->size() - offset - kRecordPrefixBytes < length) return 0;
  std::byte* header = p + kRecordPrefixBytes;
  const size_t body_bytes = length - kHeaderBytes;
  StoreField(header, "body_crc32c", Crc32c({header + kHeaderBytes, body_bytes}));
  StoreField(header, "body_length", body_bytes);
  RecordView view;
  view.record = {p, kRecordPrefixBytes + length};
  *chain = ComputeChain(view, *chain);
  StoreField(header, "chain", *chain);
  const size_t from = kHeaderCrcFrom;
  StoreField(header, "header_crc32c", Crc32c({header + from, kHeaderBytes - from}));
  return kRecordPrefixBytes + length;
}

void MendRun(std::string* bytes) {
  uint64_t chain = 0;
  size_t at = 0;
  while (const size_t length = MendRecord(bytes, at, &chain)) at += length;
}

void MendSegment(std::string* bytes) {
  uint64_t chain = 0;
  size_t at = MendDescription(bytes, &chain);
  while (at > 0 && at < bytes->size() && bytes->size() - at >= kGroupHeaderBytes) {
    at = MendGroup(bytes, at, &chain);
  }
}

}  // namespace ringjournal::fuzz
