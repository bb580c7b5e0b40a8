#include "journal/format/control.h"

namespace ringjournal {
namespace {

constexpr char kControlTag[] = "\x82\x02";  // field 32, length-delimited

}  // namespace

std::string EncodeControlBody(const v1::ControlRecord& record) {
  std::string bytes = record.SerializeAsString();
  std::byte length[10];
  std::byte* end = WriteVarint(length, bytes.size());
  std::string body(kControlTag, 2);
  body.append(AsView({length, static_cast<size_t>(end - length)}));
  body.append(bytes);
  return body;
}

bool DecodeControlBody(ByteSpan body, v1::ControlRecord* record) {
  if (body.size() < 3 || AsView(body.first(2)) != std::string_view(kControlTag, 2)) return false;
  const std::byte* pos = body.data() + 2;
  const std::byte* end = body.data() + body.size();
  uint64_t length;
  if (!ReadVarint(&pos, end, &length) || length != static_cast<size_t>(end - pos)) return false;
  return record->ParseFromArray(pos, static_cast<int>(length));
}

bool IsKnownKind(uint32_t kind) {
  return kind > v1::ENTRY_KIND_UNKNOWN && kind <= v1::ENTRY_KIND_CLOCK;
}

}  // namespace ringjournal
