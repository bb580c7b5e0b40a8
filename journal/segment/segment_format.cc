#include "journal/segment/segment_format.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"

namespace ringjournal {
namespace {

// Both framing messages start with their CRC, which covers what follows it.
constexpr std::byte kCrcFieldTag{0x0d};
constexpr size_t kCrcFieldBytes = 5;
constexpr size_t kGroupPrefixBytes = 2;
constexpr size_t kGroupCrcFrom = kGroupPrefixBytes + kCrcFieldBytes;

// A field of SegmentGroup; `offset` is that of the value from the group's start.
struct GroupField {
  const char* name;
  int number;
  size_t width;
  size_t offset;
};
constexpr GroupField kGroupLayout[] = {
    {"crc32c", 1, 4, 3},          {"length", 2, 4, 8},
    {"segment_offset", 3, 8, 13}, {"first_index", 4, 8, 22},
    {"durable_offset", 5, 8, 31}, {"commit_index", 6, 8, 40},
    {"commit_lsn", 7, 8, 49},     {"opener_incarnation", 8, 8, 58},
    {"opener_counter", 9, 8, 67}, {"closing", 10, 1, 76},
};
static_assert(kGroupLayout[9].offset + kGroupLayout[9].width == kGroupHeaderBytes);

constexpr uint8_t TagOf(const GroupField& field) {
  int wire_type = field.width == 4 ? 5 : field.width == 8 ? 1 : 0;
  return static_cast<uint8_t>(field.number << 3 | wire_type);
}

bool DescriptionAgreesWithItself(const v1::SegmentDescription& d) {
  const v1::StateSnapshot& state = d.state();
  return d.journal_id().size() == 16 && d.first_index() > 0 && d.first_lsn() > 0 &&
         state.next_index() == d.first_index() && state.next_lsn() == d.first_lsn() &&
         state.chain() == d.chain_before();
}

// Of no bytes, too.
bool IsZero(ByteSpan bytes) {
  // Comparing with itself shifted by one runs at the speed of memcmp and ends at the first bit.
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

void WritePadding(std::byte* out, size_t gap) {
  if (gap == 0) return;
  RJ_CHECK(gap != 1 && gap < (1u << 28));
  // The shortest length field whose content then fits: where the minimal varint is a byte too
  // short (a gap of 130, say), a longer form of it fills the gap exactly.
  size_t width = 1;
  while (VarintSize(gap - 1 - width) > width) ++width;
  std::memset(out, 0, gap);
  out[0] = kPaddingTag;
  size_t content = gap - 1 - width;
  for (size_t i = 0; i < width; ++i) {
    bool more = i + 1 < width;
    out[1 + i] = static_cast<std::byte>((content & 0x7f) | (more ? 0x80 : 0));
    content >>= 7;
  }
}

bool IsPadding(ByteSpan gap) {
  if (gap.empty()) return true;
  if (gap[0] != kPaddingTag) return false;
  const std::byte* p = gap.data() + 1;
  const std::byte* end = gap.data() + gap.size();
  uint64_t content;
  if (!ReadVarint(&p, end, &content)) return false;
  return content == static_cast<uint64_t>(end - p) && IsZero({p, end});
}

const std::string& UnusedBlock() {
  static const auto* block = [] {
    auto* made = new std::string(limits::kBlockBytes, '\0');
    WritePadding(reinterpret_cast<std::byte*>(made->data()), made->size());
    return made;
  }();
  return *block;
}

bool IsUnused(ByteSpan bytes, uint64_t offset) {
  ByteSpan unused = AsBytes(UnusedBlock());
  while (!bytes.empty()) {
    size_t place = offset % limits::kBlockBytes;
    size_t n = std::min<size_t>(bytes.size(), limits::kBlockBytes - place);
    if (std::memcmp(bytes.data(), unused.data() + place, n) != 0 && !IsZero(bytes.first(n))) {
      return false;
    }
    bytes = bytes.subspan(n);
    offset += n;
  }
  return true;
}

std::string EncodeDescription(v1::SegmentDescription description) {
  if (description.layout_version() == 0) description.set_layout_version(kSegmentLayoutVersion);
  description.clear_crc32c();
  std::string rest = description.SerializeAsString();
  size_t body = kCrcFieldBytes + rest.size();
  RJ_CHECK(body < (1u << 28));
  size_t used = kRecordPrefixBytes + body;
  std::string out(PaddedBytes(used), '\0');
  auto* p = reinterpret_cast<std::byte*>(out.data());
  p[0] = kDescriptionTag;
  WriteVarint4(p + 1, static_cast<uint32_t>(body));
  p[kRecordPrefixBytes] = kCrcFieldTag;
  Store32(p + kRecordPrefixBytes + 1, Crc32c(AsBytes(rest)));
  std::memcpy(p + kRecordPrefixBytes + kCrcFieldBytes, rest.data(), rest.size());
  WritePadding(p + used, out.size() - used);
  return out;
}

DescriptionVerdict DecodeDescription(ByteSpan file, v1::SegmentDescription* description,
                                     size_t* bytes) {
  if (file.empty()) return DescriptionVerdict::kCutOff;
  if (file[0] != kDescriptionTag) return DescriptionVerdict::kNotADescription;
  if (file.size() < kRecordPrefixBytes + kCrcFieldBytes) return DescriptionVerdict::kCutOff;
  uint32_t length;
  if (!ReadVarint4(file.data() + 1, &length)) return DescriptionVerdict::kDamaged;
  if (length < kCrcFieldBytes) return DescriptionVerdict::kDamaged;
  if (file.size() - kRecordPrefixBytes < length) return DescriptionVerdict::kCutOff;
  ByteSpan body = file.subspan(kRecordPrefixBytes, length);
  ByteSpan rest = body.subspan(kCrcFieldBytes);
  if (body[0] != kCrcFieldTag || Load32(&body[1]) != Crc32c(rest) ||
      !description->ParseFromArray(rest.data(), static_cast<int>(rest.size()))) {
    return DescriptionVerdict::kDamaged;
  }
  *bytes = kRecordPrefixBytes + length;
  if (description->layout_version() > kSegmentLayoutVersion) {
    return DescriptionVerdict::kNewerVersion;
  }
  return DescriptionAgreesWithItself(*description) ? DescriptionVerdict::kOk
                                                   : DescriptionVerdict::kDamaged;
}

LogPosition PositionBefore(const v1::SegmentDescription& description) {
  const v1::StateSnapshot& state = description.state();
  return {Index(description.first_index()),
          Lsn(description.first_lsn()),
          description.chain_before(),
          {state.generation(), state.epoch()}};
}

SegmentOpener OpenerOf(const v1::SegmentDescription& description) {
  return {Incarnation(description.opener_incarnation()), description.opener_counter()};
}

void EncodeGroupHeader(const GroupHeader& header, std::byte* out) {
  std::memset(out, 0, kGroupHeaderBytes);
  out[0] = kGroupTag;
  out[1] = static_cast<std::byte>(kGroupHeaderBytes - kGroupPrefixBytes);
  for (const GroupField& field : kGroupLayout) out[field.offset - 1] = std::byte{TagOf(field)};
  Store32(out + kGroupLayout[1].offset, header.length);
  Store64(out + kGroupLayout[2].offset, header.segment_offset);
  Store64(out + kGroupLayout[3].offset, header.first_index.value());
  Store64(out + kGroupLayout[4].offset, header.durable_offset);
  Store64(out + kGroupLayout[5].offset, header.committed.index.value());
  Store64(out + kGroupLayout[6].offset, header.committed.lsn.value());
  Store64(out + kGroupLayout[7].offset, header.opener.incarnation.value());
  Store64(out + kGroupLayout[8].offset, header.opener.counter);
  out[kGroupLayout[9].offset] = static_cast<std::byte>(header.closing ? 1 : 0);
  Store32(out + kGroupLayout[0].offset,
          Crc32c({out + kGroupCrcFrom, kGroupHeaderBytes - kGroupCrcFrom}));
}

bool DecodeGroupHeader(ByteSpan bytes, GroupHeader* header) {
  if (bytes.size() < kGroupHeaderBytes) return false;
  const std::byte* in = bytes.data();
  if (in[0] != kGroupTag || in[1] != std::byte{kGroupHeaderBytes - kGroupPrefixBytes}) return false;
  if (in[kGroupPrefixBytes] != kCrcFieldTag) return false;
  uint32_t crc = Crc32c({in + kGroupCrcFrom, kGroupHeaderBytes - kGroupCrcFrom});
  if (Load32(in + kGroupLayout[0].offset) != crc) return false;
  for (const GroupField& field : kGroupLayout) {
    if (in[field.offset - 1] != std::byte{TagOf(field)}) return false;
  }
  header->length = Load32(in + kGroupLayout[1].offset);
  header->segment_offset = Load64(in + kGroupLayout[2].offset);
  header->first_index = Index(Load64(in + kGroupLayout[3].offset));
  header->durable_offset = Load64(in + kGroupLayout[4].offset);
  header->committed = {Index(Load64(in + kGroupLayout[5].offset)),
                       Lsn(Load64(in + kGroupLayout[6].offset))};
  header->opener = {Incarnation(Load64(in + kGroupLayout[7].offset)),
                    Load64(in + kGroupLayout[8].offset)};
  header->closing = in[kGroupLayout[9].offset] != std::byte{0};
  return true;
}

bool BelongsAt(const GroupHeader& header, const SegmentOpener& opener, uint64_t offset) {
  return header.opener == opener && header.segment_offset == offset &&
         header.length >= limits::kBlockBytes && header.length % limits::kBlockBytes == 0 &&
         header.durable_offset <= offset;
}

std::string GroupLayoutTable() {
  std::string out = "| offset | bytes | field | number |\n|---:|---:|---|---:|\n";
  absl::StrAppend(&out, "| 0 | 1 | tag of `Entries.groups` (0x1a) | |\n");
  absl::StrAppend(&out, "| 1 | 1 | length of the group header (",
                  kGroupHeaderBytes - kGroupPrefixBytes, ") | |\n");
  for (const GroupField& field : kGroupLayout) {
    absl::StrAppend(&out, "| ", field.offset, " | ", field.width, " | `", field.name, "` | ",
                    field.number, " |\n");
  }
  absl::StrAppend(&out, "| ", kGroupHeaderBytes, " | | records, then padding | |\n");
  return out;
}

}  // namespace ringjournal
