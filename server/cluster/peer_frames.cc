#include "server/cluster/peer_frames.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "journal/format/frame.h"

namespace ringjournal {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t kReplicateTag = WireFormatLite::MakeTag(
    v1::PeerMessage::kReplicateFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kEntriesTag = WireFormatLite::MakeTag(v1::Replicate::kEntriesFieldNumber,
                                                         WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

void AppendVarint(uint32_t value, std::string* out) {
  uint8_t bytes[5];
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(value, bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

size_t VarintBytes(size_t value) {
  return CodedOutputStream::VarintSize32(static_cast<uint32_t>(value));
}

// `body` is a Replicate. Everything before the entries is parsed by the generated code.
bool ParseReplicate(ByteSpan body, PeerFrame* frame) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(body.data()), static_cast<int>(body.size()));
  size_t head_bytes = body.size();
  while (uint32_t tag = in.ReadTag()) {
    if (tag == kEntriesTag) {
      head_bytes = static_cast<size_t>(in.CurrentPosition()) - VarintBytes(kEntriesTag);
      uint32_t length = 0;
      if (!in.ReadVarint32(&length)) return false;
      frame->entries = body.subspan(static_cast<size_t>(in.CurrentPosition()));
      if (frame->entries.size() != length) return false;
      break;
    }
    if (!WireFormatLite::SkipField(&in, tag)) return false;
  }
  return frame->message.mutable_replicate()->ParseFromArray(body.data(),
                                                            static_cast<int>(head_bytes));
}

}  // namespace

void AppendPeerFrame(const v1::PeerMessage& message, std::string* out) {
  size_t bytes = message.ByteSizeLong();
  size_t at = out->size();
  out->resize(at + kFrameHeaderBytes + bytes);
  Store32(out->data() + at, static_cast<uint32_t>(bytes));
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<uint8_t*>(out->data() + at + kFrameHeaderBytes));
}

void AppendReplicateHead(const v1::Replicate& head, size_t entries_bytes, std::string* out) {
  std::string fields = head.SerializeAsString();
  if (entries_bytes > 0) {
    AppendVarint(kEntriesTag, &fields);
    AppendVarint(static_cast<uint32_t>(entries_bytes), &fields);
  }
  size_t inner = fields.size() + entries_bytes;
  size_t outer = VarintBytes(kReplicateTag) + VarintBytes(inner) + inner;
  size_t at = out->size();
  out->resize(at + kFrameHeaderBytes);
  Store32(out->data() + at, static_cast<uint32_t>(outer));
  AppendVarint(kReplicateTag, out);
  AppendVarint(static_cast<uint32_t>(inner), out);
  out->append(fields);
}

bool ParsePeerFrame(ByteSpan body, PeerFrame* frame) {
  frame->entries = {};
  CodedInputStream in(reinterpret_cast<const uint8_t*>(body.data()), static_cast<int>(body.size()));
  uint32_t length = 0;
  if (in.ReadTag() == kReplicateTag && in.ReadVarint32(&length)) {
    ByteSpan rest = body.subspan(static_cast<size_t>(in.CurrentPosition()));
    if (rest.size() == length) return ParseReplicate(rest, frame);
  }
  // A Replicate with something behind it would hide its entries.
  return frame->message.ParseFromArray(body.data(), static_cast<int>(body.size())) &&
         !frame->message.has_replicate();
}

}  // namespace ringjournal
