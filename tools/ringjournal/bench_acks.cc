#include "tools/ringjournal/bench_acks.h"

#include "absl/strings/str_cat.h"
#include "proto/client.pb.h"

namespace ringjournal::bench {
namespace {

constexpr uint32_t kResultsField = 5;  // AppendReply.results
constexpr std::byte kAppendReplyTag{0x0a};
constexpr std::byte kErrorTag{0x22};
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field; for bytes *value is their length and *pos stands before them.
bool ReadField(const std::byte** pos, const std::byte* end, uint32_t* number, uint64_t* value,
               bool* is_bytes) {
  uint64_t tag;
  if (!ReadVarint(pos, end, &tag)) return false;
  *number = static_cast<uint32_t>(tag >> 3);
  *is_bytes = (tag & 7) == kBytes;
  switch (tag & 7) {
    case kVarint:
      return ReadVarint(pos, end, value);
    case kFixed64:
      if (end - *pos < 8) return false;
      *value = Load64(*pos);
      *pos += 8;
      return true;
    case kFixed32:
      if (end - *pos < 4) return false;
      *value = Load32(*pos);
      *pos += 4;
      return true;
    case kBytes:
      return ReadVarint(pos, end, value) && *value <= static_cast<uint64_t>(end - *pos);
    default:
      return false;
  }
}

bool ReadResult(const std::byte* pos, const std::byte* end, AckedAppend* ack) {
  *ack = {};
  while (pos != end) {
    uint32_t number;
    uint64_t value;
    bool is_bytes;
    if (!ReadField(&pos, end, &number, &value, &is_bytes)) return false;
    if (is_bytes) pos += value;
    if (number == 1) ack->request_id = value;
    if (number == 2) ack->first_lsn = value;
    if (number == 5) ack->count = static_cast<uint32_t>(value);
    if (number == 6) ack->level = static_cast<uint32_t>(value);
    if (number == 9) ack->duplicate = value != 0;
  }
  return true;
}

std::string DescribeError(ByteSpan frame) {
  v1::ServerMessage message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return "the server sent an error that does not parse; check that both are of one version";
  }
  return absl::StrCat("the server refused with ", v1::ErrorCode_Name(message.error().code()), ": ",
                      message.error().message());
}

}  // namespace

AckFrame::AckFrame(ByteSpan frame) {
  if (frame.empty()) return;
  if (frame[0] == kErrorTag) {
    error_ = DescribeError(frame);
    return;
  }
  if (frame[0] != kAppendReplyTag) return;
  pos_ = frame.data() + 1;
  end_ = frame.data() + frame.size();
  uint64_t length;
  if (!ReadVarint(&pos_, end_, &length) || length != static_cast<uint64_t>(end_ - pos_)) {
    error_ = "an acknowledgement does not parse: its length is wrong; check the server's version";
    pos_ = end_;
  }
}

bool AckFrame::Next(AckedAppend* ack) {
  while (pos_ != end_) {
    uint32_t number;
    uint64_t value;
    bool is_bytes;
    if (!ReadField(&pos_, end_, &number, &value, &is_bytes)) break;
    const std::byte* inner = pos_;
    if (is_bytes) pos_ += value;
    if (number != kResultsField || !is_bytes) continue;
    if (!ReadResult(inner, pos_, ack)) break;
    return true;
  }
  if (pos_ != end_) error_ = "an acknowledgement does not parse; check the server's version";
  pos_ = end_;
  return false;
}

}  // namespace ringjournal::bench
