#include "journal/segment/group_builder.h"

#include <cstring>

#include "journal/base/check.h"

namespace ringjournal {
namespace {

// A group filled to here never has a gap of one byte that would grow it beyond the limit.
constexpr size_t kUsedBytesMax = limits::kGroupBytesMax - 2;

}  // namespace

GroupBuilder::GroupBuilder(std::span<std::byte> staging) : staging_(staging) {
  RJ_CHECK(staging.size() >= kGroupStagingBytes);
  RJ_CHECK(reinterpret_cast<uintptr_t>(staging.data()) % limits::kBlockBytes == 0);
}

void GroupBuilder::Start(const GroupInfo& info) {
  RJ_CHECK(info.segment_offset % limits::kBlockBytes == 0);
  RJ_CHECK(info.durable_offset <= info.segment_offset);
  info_ = info;
  used_ = kGroupHeaderBytes;
}

size_t GroupBuilder::room_bytes() const {
  if (info_.closing || used_ >= kUsedBytesMax) return 0;
  return kUsedBytesMax - used_;
}

bool GroupBuilder::Fits(size_t record_bytes) const {
  if (info_.closing) return false;
  if (record_bytes <= room_bytes()) return true;
  return empty() && GroupBytes(record_bytes) <= kGroupStagingBytes;
}

void GroupBuilder::Add(ByteSpan records) {
  RJ_CHECK(Fits(records.size()));
  std::memcpy(staging_.data() + used_, records.data(), records.size());
  used_ += records.size();
}

ByteSpan GroupBuilder::Finish() {
  size_t length = PaddedBytes(used_);
  WritePadding(staging_.data() + used_, length - used_);
  GroupHeader header;
  header.length = static_cast<uint32_t>(length);
  header.segment_offset = info_.segment_offset;
  header.first_index = info_.first_index;
  header.durable_offset = info_.durable_offset;
  header.committed = info_.committed;
  header.opener = info_.opener;
  header.closing = info_.closing;
  EncodeGroupHeader(header, staging_.data());
  return staging_.first(length);
}

}  // namespace ringjournal
