#include "client/core/append_window.h"

#include <bit>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/format/frame.h"

namespace ringjournal::client {
namespace {

// Tags of ClientMessage.append and of the fields of Append, in the order of their numbers. A test
// parses the frames with the generated code.
constexpr std::byte kTagAppend{0x0a};
constexpr std::byte kTagRequestId{0x09};
constexpr std::byte kTagFirstSequence{0x11};
constexpr std::byte kTagLevel{0x18};
constexpr std::byte kTagExpectedLsn{0x21};
constexpr std::byte kTagWriterGeneration{0x2d};
constexpr std::byte kTagWriterEpoch{0x35};
constexpr std::byte kTagBodyCrc{0x3d};

struct Head {
  std::byte bytes[64];
  size_t size;
  size_t request_id_offset;
  size_t sequence_offset;
};

// Append's own fields; both offsets count from the first of them.
Head EncodeFields(const AppendRequest& request, Epoch writer, uint32_t crc) {
  Head head = {};
  std::byte* p = head.bytes;
  *p++ = kTagRequestId;
  head.request_id_offset = static_cast<size_t>(p - head.bytes);
  p += 8;
  *p++ = kTagFirstSequence;
  head.sequence_offset = static_cast<size_t>(p - head.bytes);
  p += 8;
  *p++ = kTagLevel;
  *p++ = static_cast<std::byte>(request.level);
  if (request.expected_lsn) {
    *p++ = kTagExpectedLsn;
    Store64(p, request.expected_lsn->value());
    p += 8;
  }
  if (writer != Epoch()) {
    *p++ = kTagWriterGeneration;
    Store32(p, writer.generation);
    p += 4;
    *p++ = kTagWriterEpoch;
    Store32(p, writer.epoch);
    p += 4;
  }
  *p++ = kTagBodyCrc;
  Store32(p, crc);
  p += 4;
  head.size = static_cast<size_t>(p - head.bytes);
  return head;
}

void EncodeFrame(const AppendRequest& request, Epoch writer, AppendSlot* slot) {
  uint32_t crc = request.body_crc32c ? *request.body_crc32c : Crc32c(request.run);
  Head head = EncodeFields(request, writer, crc);
  size_t append_size = head.size + request.run.size();
  std::byte prefix[kFrameHeaderBytes + 1 + 10];
  std::byte* p = prefix + kFrameHeaderBytes;
  *p++ = kTagAppend;
  p = WriteVarint(p, append_size);
  size_t prefix_size = static_cast<size_t>(p - prefix);
  Store32(prefix, static_cast<uint32_t>(prefix_size - kFrameHeaderBytes + append_size));
  slot->frame.clear();
  slot->frame.append(AsView({prefix, prefix_size}));
  slot->frame.append(AsView({head.bytes, head.size}));
  slot->frame.append(AsView(request.run));
  slot->request_id_offset = prefix_size + head.request_id_offset;
  slot->sequence_offset = prefix_size + head.sequence_offset;
}

}  // namespace

AppendWindow::AppendWindow(uint32_t appends_max, uint64_t bytes_max, Epoch writer)
    : appends_max_(appends_max),
      bytes_max_(bytes_max),
      writer_(writer),
      slots_(std::bit_ceil(static_cast<size_t>(appends_max))),
      mask_(slots_.size() - 1) {
  RJ_CHECK(appends_max > 0);
}

bool AppendWindow::HasRoom(size_t run_bytes) const {
  return empty() || (count_ < appends_max_ && bytes_ + run_bytes <= bytes_max_);
}

AppendSlot& AppendWindow::Push(const AppendRequest& request, Sequence first_sequence) {
  RJ_CHECK(count_ < slots_.size());
  AppendSlot& slot = at(count_++);
  EncodeFrame(request, writer_, &slot);
  slot.request_id = 0;
  slot.ordinal = kNotQueued;
  slot.sent_before = slot.maybe_applied = slot.known_applied = slot.done = false;
  slot.outcome = AppendOutcome{.token = request.token, .count = request.count};
  SetSequence(&slot, first_sequence);
  bytes_ += slot.frame.size();
  return slot;
}

void AppendWindow::PopFront() {
  RJ_CHECK(count_ > 0);
  bytes_ -= at(0).frame.size();
  head_ = (head_ + 1) & mask_;
  --count_;
}

size_t AppendWindow::Find(uint64_t request_id) const {
  if (count_ == 0 || request_id == 0) return count_;
  // Ids are mostly consecutive: try that place first.
  uint64_t front = at(0).request_id;
  if (request_id >= front && request_id - front < count_) {
    size_t guess = static_cast<size_t>(request_id - front);
    if (at(guess).request_id == request_id) return guess;
  }
  for (size_t i = 0; i < count_; ++i) {
    if (at(i).request_id == request_id) return i;
  }
  return count_;
}

void AppendWindow::SetRequestId(AppendSlot* slot, uint64_t request_id) {
  slot->request_id = request_id;
  Store64(slot->frame.data() + slot->request_id_offset, request_id);
}

void AppendWindow::SetSequence(AppendSlot* slot, Sequence first_sequence) {
  slot->outcome.first_sequence = first_sequence;
  Store64(slot->frame.data() + slot->sequence_offset, first_sequence.value());
}

}  // namespace ringjournal::client
