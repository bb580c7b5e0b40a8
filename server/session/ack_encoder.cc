#include "server/session/ack_encoder.h"

#include "journal/base/bytes.h"

namespace ringjournal {
namespace {

// Frame length, tag of ServerMessage.append_reply, its length as a four-byte varint.
constexpr size_t kHeadBytes = 4 + 1 + 4;

template <class T>
void Put(std::string* out, uint8_t tag, T value) {
  char bytes[1 + sizeof value];
  bytes[0] = static_cast<char>(tag);
  std::memcpy(bytes + 1, &value, sizeof value);
  out->append(bytes, sizeof bytes);
}

void PutSmall(std::string* out, uint8_t tag, uint8_t value) {
  char bytes[2] = {static_cast<char>(tag), static_cast<char>(value)};
  out->append(bytes, 2);
}

// Fixed parts of one AppendResult: four fixed64, one fixed32, four one-byte varints.
constexpr uint8_t kResultBytes = 4 * 9 + 5 + 4 * 2;

}  // namespace

void AckEncoder::Begin(Epoch epoch, Lsn committed, Lsn durable) {
  start_ = out_->size();
  out_->append(kHeadBytes, '\0');
  Put<uint32_t>(out_, 0x0d, epoch.generation);
  Put<uint32_t>(out_, 0x15, epoch.epoch);
  Put<uint64_t>(out_, 0x19, committed.value());
  Put<uint64_t>(out_, 0x21, durable.value());
}

void AckEncoder::Add(const Ack& ack, const Copies& copies) {
  PutSmall(out_, 0x2a, kResultBytes);
  Put<uint64_t>(out_, 0x09, ack.request_id);
  Put<uint64_t>(out_, 0x11, ack.place.first_lsn.value());
  Put<uint64_t>(out_, 0x19, ack.place.index.value());
  Put<uint64_t>(out_, 0x21, ack.place.chain);
  Put<uint32_t>(out_, 0x2d, ack.place.count);
  PutSmall(out_, 0x30, static_cast<uint8_t>(ack.level));
  PutSmall(out_, 0x38, static_cast<uint8_t>(copies.memory));
  PutSmall(out_, 0x40, static_cast<uint8_t>(copies.disk));
  PutSmall(out_, 0x48, ack.place.duplicate ? 1 : 0);
}

void AckEncoder::End() {
  char* head = out_->data() + start_;
  uint32_t body = static_cast<uint32_t>(out_->size() - start_ - kHeadBytes);
  Store32(head, body + 5);
  head[4] = 0x0a;
  WriteVarint4(reinterpret_cast<std::byte*>(head + 5), body);
}

}  // namespace ringjournal
