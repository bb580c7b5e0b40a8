// The bytes of a segment beside its entries: description, group header, padding.
//
//   | description, padding | group header, record, record, padding | group header, … | unused
//   0                      4096·a                                  4096·b
//
// A segment is one `Entries` message: every part is a field of it, so any protobuf toolchain reads
// it. Writer, scanner and readers share this header only. docs/formats.md has the tables.
#ifndef JOURNAL_SEGMENT_SEGMENT_FORMAT_H_
#define JOURNAL_SEGMENT_SEGMENT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"
#include "journal/format/entry_layout.h"
#include "journal/segment/segment_name.h"
#include "proto/entry.pb.h"

namespace ringjournal {

inline constexpr uint32_t kSegmentLayoutVersion = 1;

// Tag, one-byte length and the fields of SegmentGroup, each of them always written.
inline constexpr size_t kGroupHeaderBytes = 77;

// Room to build any group: the largest record alone, its header, and padding that a gap of one
// byte lets grow by a block.
inline constexpr size_t kGroupStagingBytes = limits::kFrameBytesMax + 2 * limits::kBlockBytes;
static_assert(kGroupStagingBytes % limits::kBlockBytes == 0);
static_assert(limits::kGroupBytesMax <= limits::kFrameBytesMax);

// `n` rounded up to whole blocks.
inline constexpr uint64_t AlignToBlock(uint64_t n) {
  return (n + limits::kBlockBytes - 1) / limits::kBlockBytes * limits::kBlockBytes;
}

// ---- padding ----

// Where padding behind `used` bytes ends: the next block boundary, or the one after it if only one
// byte is left, since the smallest padding field has two.
inline constexpr uint64_t PaddedBytes(uint64_t used) {
  uint64_t end = AlignToBlock(used);
  return end - used == 1 ? end + limits::kBlockBytes : end;
}
// Bytes on disk of a group that holds so many bytes of records.
inline constexpr uint64_t GroupBytes(uint64_t record_bytes) {
  return PaddedBytes(kGroupHeaderBytes + record_bytes);
}
// Fills `gap` bytes with one padding field; nothing for 0. `gap` is not 1 and below 2^28.
void WritePadding(std::byte* out, size_t gap);
// True if `gap` is empty or exactly one padding field of zeros.
bool IsPadding(ByteSpan gap);
// ---- room made ahead ----

// One block as it is before it is used: a padding field of its own, so that a segment that is still
// being filled is one protobuf message from its first byte to its last. Valid for ever.
const std::string& UnusedBlock();
// True if nothing was written to `bytes`, which stand at `offset` of their file: unused blocks, or
// the zeros of a hole. Of no bytes, too.
bool IsUnused(ByteSpan bytes, uint64_t offset);

// ---- description ----

// The description's field, padded to whole blocks. Sets crc32c; a layout_version of 0 stands for
// this version's. The state must stand at first_index (DecodeDescription demands it).
std::string EncodeDescription(v1::SegmentDescription description);

enum class DescriptionVerdict {
  kOk,
  kCutOff,           // the file ends inside it
  kNotADescription,  // the file starts with something else
  kDamaged,          // CRC32C does not match, or the content contradicts itself
  kNewerVersion,     // whole, but of a layout that this version cannot read
};

// Reads the description at the front of a segment file. On kOk *bytes is its length without the
// padding, so that the first group starts at PaddedBytes(*bytes). On kNewerVersion the message is
// filled as far as this version knows it. Otherwise the outputs are unspecified.
DescriptionVerdict DecodeDescription(ByteSpan file, v1::SegmentDescription* description,
                                     size_t* bytes);

// What the first entry of a segment must continue.
LogPosition PositionBefore(const v1::SegmentDescription& description);
// The opener that the description names.
SegmentOpener OpenerOf(const v1::SegmentDescription& description);

// ---- group header ----

struct GroupHeader {
  uint32_t length = 0;          // bytes of the group with header and padding; whole blocks
  uint64_t segment_offset = 0;  // where it starts in its file
  Index first_index;            // of its first entry; of the next one in an empty group
  uint64_t durable_offset = 0;  // everything of this file below it was synced before
  Watermark committed;          // when the group was written
  SegmentOpener opener;         // as in the description
  bool closing = false;         // last group; holds no entry
};

// Writes kGroupHeaderBytes.
void EncodeGroupHeader(const GroupHeader& header, std::byte* out);
// False unless `bytes` starts with a whole group header whose CRC32C matches.
bool DecodeGroupHeader(ByteSpan bytes, GroupHeader* header);
// True if it can stand at `offset` of the segment that `opener` opened: a stale block of a recycled
// file, or a block that was written to the wrong place, cannot.
bool BelongsAt(const GroupHeader& header, const SegmentOpener& opener, uint64_t offset);

// The group header as a table in Markdown: docs/formats.md holds it, a test compares.
std::string GroupLayoutTable();

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_SEGMENT_FORMAT_H_
