// Builds one group of a segment in a staging buffer, ready for one aligned direct write.
#ifndef JOURNAL_SEGMENT_GROUP_BUILDER_H_
#define JOURNAL_SEGMENT_GROUP_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/base/bytes.h"
#include "journal/segment/segment_format.h"

namespace ringjournal {

// What the group header says, known when the group is begun.
struct GroupInfo {
  uint64_t segment_offset = 0;  // where the group will be written: whole blocks
  Index first_index;            // of the first entry added; of the next one if none is
  uint64_t durable_offset = 0;  // everything of this file below it has been synced; whole groups
  Watermark committed;
  SegmentOpener opener;
  bool closing = false;  // the last group; takes no entries
};

// Start, Add, Add, …, Finish, and again. Allocates nothing.
//
// The buffer is the caller's, kGroupStagingBytes large and aligned to a block, and must not be
// touched while a write from it is in flight: with several writes in flight there are as many
// buffers and builders. One thread.
class GroupBuilder {
 public:
  explicit GroupBuilder(std::span<std::byte> staging);

  // Begins a group; what was not finished is dropped.
  void Start(const GroupInfo& info);
  // Bytes of whole records that the group still takes within limits::kGroupBytesMax.
  size_t room_bytes() const;
  // True if `record_bytes` more bytes fit: within room_bytes(), or one record of any legal size as
  // the only content of the group.
  bool Fits(size_t record_bytes) const;
  // Copies one record or a contiguous run of whole records, as they lie in the ring, with one
  // memcpy. They continue what was added before. Fits(records.size()) must hold.
  void Add(ByteSpan records);
  // Pads, writes the header and returns the bytes to write at info.segment_offset: whole blocks,
  // valid until the next Start.
  ByteSpan Finish();

  bool empty() const { return used_ == kGroupHeaderBytes; }
  size_t record_bytes() const { return used_ - kGroupHeaderBytes; }
  const GroupInfo& info() const { return info_; }

 private:
  std::span<std::byte> staging_;
  GroupInfo info_;
  size_t used_ = kGroupHeaderBytes;
};

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_GROUP_BUILDER_H_
