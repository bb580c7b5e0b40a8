#include "client/transaction_run.h"

namespace ringjournal::client {
namespace {

constexpr std::string_view kRunTag = "\xfa\x01";   // field 31, length-delimited
constexpr char kPayloadTag = 0x0a;                 // Transaction.payload, length-delimited
constexpr size_t kHeadBytesMax = 2 + 10 + 1 + 10;  // both tags and both varints

// proto3 leaves out an empty payload; so do we, so that there is one encoding of it.
size_t PayloadFieldSize(size_t payload_bytes) {
  return payload_bytes == 0 ? 0 : 1 + VarintSize(payload_bytes) + payload_bytes;
}

}  // namespace

void TransactionRun::Add(std::string_view payload) {
  std::byte head[kHeadBytesMax];
  std::byte* p = head;
  *p++ = static_cast<std::byte>(kRunTag[0]);
  *p++ = static_cast<std::byte>(kRunTag[1]);
  p = WriteVarint(p, PayloadFieldSize(payload.size()));
  if (!payload.empty()) {
    *p++ = static_cast<std::byte>(kPayloadTag);
    p = WriteVarint(p, payload.size());
  }
  bytes_.append(reinterpret_cast<const char*>(head), static_cast<size_t>(p - head));
  bytes_.append(payload);
  ++count_;
}

void TransactionRun::Add(const Transaction& transaction) {
  std::string encoded;
  EncodeTransaction(transaction, &encoded);
  AddEncoded(encoded);
}

void TransactionRun::AddEncoded(std::string_view transaction) {
  std::byte length[10];
  std::byte* end = WriteVarint(length, transaction.size());
  bytes_.append(kRunTag);
  bytes_.append(reinterpret_cast<const char*>(length), static_cast<size_t>(end - length));
  bytes_.append(transaction);
  ++count_;
}

size_t TransactionRun::EncodedSize(size_t payload_bytes) {
  size_t field = PayloadFieldSize(payload_bytes);
  return kRunTag.size() + VarintSize(field) + field;
}

}  // namespace ringjournal::client
