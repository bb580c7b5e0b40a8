// The bytes of one entry: constants, encode, decode, verify. docs/formats.md has the table.
//
// A record is one `Entries.entries` field: the tag 0x0a, the entry's length as a varint of exactly
// four bytes, the header (kHeaderBytes, every field at a constant offset), then the body.
#ifndef JOURNAL_FORMAT_ENTRY_LAYOUT_H_
#define JOURNAL_FORMAT_ENTRY_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "journal/base/bytes.h"
#include "journal/base/types.h"

namespace ringjournal {

inline constexpr std::byte kEntryTag{0x0a};        // Entries.entries
inline constexpr std::byte kDescriptionTag{0x12};  // Entries.descriptions
inline constexpr std::byte kGroupTag{0x1a};        // Entries.groups
inline constexpr std::byte kPaddingTag{0x22};      // Entries.padding
inline constexpr size_t kRecordPrefixBytes = 5;    // tag and four-byte length
inline constexpr uint32_t kLayoutVersion = 1;

// Bits of Entry.flags.
inline constexpr uint32_t kFlagServerBodyCrc = 1;  // the client gave no CRC; the server computed it

// One header field: its number, its width in bytes, its offset of the value from the header's
// start.
struct HeaderField {
  const char* name;
  int number;
  int width;
  size_t offset;
};

inline constexpr size_t kHeaderFieldCount = 20;

namespace internal {
consteval std::array<HeaderField, kHeaderFieldCount> MakeLayout() {
  struct {
    const char* name;
    int width;
  } const fields[kHeaderFieldCount] = {{"header_crc32c", 4},  {"chain", 8},
                                       {"body_crc32c", 4},    {"body_length", 4},
                                       {"index", 8},          {"first_lsn", 8},
                                       {"count", 4},          {"generation", 4},
                                       {"epoch", 4},          {"log_time_ns", 8},
                                       {"producer_id", 8},    {"producer_epoch", 4},
                                       {"first_sequence", 8}, {"writer_generation", 4},
                                       {"writer_epoch", 4},   {"kind", 4},
                                       {"flags", 4},          {"layout_version", 4},
                                       {"reserved_a", 8},     {"reserved_b", 8}};
  std::array<HeaderField, kHeaderFieldCount> layout = {};
  size_t pos = 0;
  for (size_t i = 0; i < kHeaderFieldCount; ++i) {
    int number = static_cast<int>(i) + 1;
    pos += number < 16 ? 1 : 2;  // the tag
    layout[i] = {fields[i].name, number, fields[i].width, pos};
    pos += static_cast<size_t>(fields[i].width);
  }
  return layout;
}
}  // namespace internal

inline constexpr std::array<HeaderField, kHeaderFieldCount> kHeaderLayout = internal::MakeLayout();
inline constexpr size_t kHeaderBytes =
    kHeaderLayout.back().offset + static_cast<size_t>(kHeaderLayout.back().width);
// The header CRC covers everything after itself; the chain everything after itself.
inline constexpr size_t kHeaderCrcFrom = kHeaderLayout[0].offset + 4;
inline constexpr size_t kChainFrom = kHeaderLayout[1].offset + 8;
inline constexpr size_t kRecordOverheadBytes = kRecordPrefixBytes + kHeaderBytes;

// The header's values. `kind` is an EntryKind of entry.proto.
struct EntryHeader {
  uint32_t header_crc32c = 0;
  uint64_t chain = 0;
  uint32_t body_crc32c = 0;
  uint32_t body_length = 0;
  Index index;
  Lsn first_lsn;
  uint32_t count = 0;
  Epoch epoch;
  uint64_t log_time_ns = 0;
  ProducerId producer_id;
  uint32_t producer_epoch = 0;
  Sequence first_sequence;
  Epoch writer;
  uint32_t kind = 0;
  uint32_t flags = 0;

  // LSN of the next transaction after this entry; of the last one in it is one less.
  Lsn next_lsn() const { return first_lsn + count; }
  Lsn last_lsn() const { return next_lsn().prev(); }
};

// Bytes of the record that holds a body of that size.
inline constexpr size_t RecordBytes(size_t body_bytes) { return kRecordOverheadBytes + body_bytes; }

// Writes prefix and header of a record (kRecordOverheadBytes) in front of a body of
// header.body_length bytes; computes chain and header CRC, ignoring those two in `header`. Returns
// the chain hash.
uint64_t EncodeRecordHead(const EntryHeader& header, uint64_t previous_chain, std::byte* out);

// What is wrong with bytes that should be a record.
enum class RecordVerdict {
  kOk,
  kCutOff,         // fewer bytes than the record needs
  kNotARecord,     // no entry tag or no four-byte length
  kBadHeader,      // a field tag is not where it must be, or the lengths disagree
  kHeaderCrc,      // header CRC32C does not match
  kLayoutVersion,  // a newer layout: needs a newer version of the software
  kBodyCrc,        // body CRC32C does not match
};
const char* RecordVerdictText(RecordVerdict verdict);

// A record in somebody else's memory.
struct RecordView {
  EntryHeader header;
  ByteSpan record;  // prefix, header and body
  ByteSpan body;

  const std::byte* header_bytes() const { return record.data() + kRecordPrefixBytes; }
};

// Looks at the record at the front of `bytes`: prefix, header CRC, lengths. The body's CRC is left
// to VerifyBody, since most callers hop from header to header. On kCutOff with a readable header,
// view->header is filled.
RecordVerdict ParseRecord(ByteSpan bytes, RecordView* view);
// The same without the header CRC: for memory that was verified before (the live ring).
void ReadTrustedRecord(const std::byte* record, RecordView* view);
// kOk or kBodyCrc.
RecordVerdict VerifyBody(const RecordView& view);
// What the chain must be after this record.
uint64_t ComputeChain(const RecordView& view, uint64_t previous_chain);

// Where a log stands: what the next entry must continue.
struct LogPosition {
  Index next_index{1};
  Lsn next_lsn{1};
  uint64_t chain = 0;
  Epoch epoch;

  // Empty if the record continues the log exactly, else what does not fit. Moves behind it.
  std::string Advance(const RecordView& view);
  Watermark last() const { return {next_index.prev(), next_lsn.prev()}; }
};

// The layout as a table in Markdown: docs/formats.md holds it, a test compares.
std::string LayoutTable();

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_ENTRY_LAYOUT_H_
