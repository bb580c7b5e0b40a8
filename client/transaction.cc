#include "client/transaction.h"

namespace ringjournal::client {
namespace {

// Fields of Transaction and Header in entry.proto; a test holds them to the generated code.
enum Field : uint32_t { kPayload = 1, kType = 2, kKey = 3, kId = 4, kClientTime = 5, kHeaders = 6 };
enum HeaderField : uint32_t { kName = 1, kValue = 2 };
constexpr uint32_t kWireFixed64 = 1, kWireBytes = 2;

void PutBytes(uint32_t field, std::string_view value, std::string* out) {
  if (value.empty()) return;  // proto3 leaves out what is empty
  std::byte head[1 + 10];
  head[0] = static_cast<std::byte>(field << 3 | kWireBytes);
  std::byte* end = WriteVarint(head + 1, value.size());
  out->append(AsView({head, static_cast<size_t>(end - head)}));
  out->append(value);
}

// One field; `*value` holds the bytes of a length-delimited or fixed one.
bool TakeField(const std::byte** pos, const std::byte* end, uint64_t* tag, ByteSpan* value) {
  uint64_t number = 0;
  if (!ReadVarint(pos, end, tag)) return false;
  size_t size = 0;
  switch (*tag & 7) {
    case 0:
      *value = {};
      return ReadVarint(pos, end, &number);
    case kWireFixed64:
      size = 8;
      break;
    case kWireBytes:
      if (!ReadVarint(pos, end, &number)) return false;
      size = number;
      break;
    case 5:
      size = 4;
      break;
    default:
      return false;
  }
  if (size > static_cast<size_t>(end - *pos)) return false;
  *value = {*pos, size};
  *pos += size;
  return true;
}

bool ParseHeader(ByteSpan encoded, TransactionHeader* header) {
  const std::byte* pos = encoded.data();
  const std::byte* end = pos + encoded.size();
  while (pos != end) {
    uint64_t tag;
    ByteSpan value;
    if (!TakeField(&pos, end, &tag, &value)) return false;
    if (tag == (kName << 3 | kWireBytes)) header->name = AsView(value);
    if (tag == (kValue << 3 | kWireBytes)) header->value = AsView(value);
  }
  return true;
}

}  // namespace

void EncodeTransaction(const Transaction& transaction, std::string* out) {
  PutBytes(kPayload, transaction.payload, out);
  PutBytes(kType, transaction.type, out);
  PutBytes(kKey, transaction.key, out);
  PutBytes(kId, transaction.id, out);
  if (transaction.client_time_ns != 0) {
    char fixed[9] = {static_cast<char>(kClientTime << 3 | kWireFixed64)};
    Store64(fixed + 1, transaction.client_time_ns);
    out->append(fixed, sizeof fixed);
  }
  for (const TransactionHeader& header : transaction.headers) {
    std::string encoded;
    PutBytes(kName, header.name, &encoded);
    PutBytes(kValue, header.value, &encoded);
    std::byte head[1 + 10];
    head[0] = static_cast<std::byte>(kHeaders << 3 | kWireBytes);
    std::byte* end = WriteVarint(head + 1, encoded.size());
    out->append(AsView({head, static_cast<size_t>(end - head)}));
    out->append(encoded);
  }
}

bool ParseTransaction(ByteSpan encoded, Transaction* transaction) {
  *transaction = {};
  const std::byte* pos = encoded.data();
  const std::byte* end = pos + encoded.size();
  while (pos != end) {
    uint64_t tag;
    ByteSpan value;
    if (!TakeField(&pos, end, &tag, &value)) return false;
    if (tag == (kClientTime << 3 | kWireFixed64))
      transaction->client_time_ns = Load64(value.data());
    if ((tag & 7) != kWireBytes) continue;
    switch (tag >> 3) {
      case kPayload:
        transaction->payload = AsView(value);
        break;
      case kType:
        transaction->type = AsView(value);
        break;
      case kKey:
        transaction->key = AsView(value);
        break;
      case kId:
        transaction->id = AsView(value);
        break;
      case kHeaders:
        if (!ParseHeader(value, &transaction->headers.emplace_back())) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

}  // namespace ringjournal::client
