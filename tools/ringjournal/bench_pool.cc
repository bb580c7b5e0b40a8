#include "tools/ringjournal/bench_pool.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/transaction_run.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"

namespace ringjournal::bench {
namespace {

constexpr int kConnectionShift = 48;  // of the mark; below it the number
constexpr std::byte kTagAppend{0x0a};
constexpr std::byte kTagRequestId{0x09};
constexpr std::byte kTagFirstSequence{0x11};
constexpr std::byte kTagLevel{0x18};
constexpr std::byte kTagBodyCrc{0x3d};
constexpr size_t kLengthBytes = 4;    // of the frame
constexpr size_t kEnvelopeBytes = 5;  // tag and four-byte length of ClientMessage.append

// A bijection on 64 bits whose every output bit depends on every input bit (splitmix64).
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

void FillPayload(uint32_t connection, uint64_t number, std::span<std::byte> out) {
  uint64_t mark = uint64_t{connection} << kConnectionShift | number;
  Store64(out.data(), mark);
  size_t at = 8;
  for (; at + 8 <= out.size(); at += 8) Store64(out.data() + at, Mix(mark + at));
  uint64_t last = Mix(mark + at);
  if (at < out.size()) std::memcpy(out.data() + at, &last, out.size() - at);
}

PayloadMark ReadPayloadMark(ByteSpan payload) {
  if (payload.size() < kPayloadBytesMin) return {UINT32_MAX, 0};
  uint64_t mark = Load64(payload.data());
  return {static_cast<uint32_t>(mark >> kConnectionShift),
          mark & ((uint64_t{1} << kConnectionShift) - 1)};
}

size_t AppendPool::FrameBytes(uint32_t batch, uint32_t payload_bytes) {
  return kFrameRunAt + batch * client::TransactionRun::EncodedSize(payload_bytes);
}

AppendPool::AppendPool(const Options& options)
    : options_(options), frame_bytes_(FrameBytes(options.batch, options.payload_bytes)) {}

AppendPool::~AppendPool() {
  if (memory_ != nullptr) munmap(memory_, bytes());
}

absl::StatusOr<std::unique_ptr<AppendPool>> AppendPool::Create(const Options& options) {
  std::unique_ptr<AppendPool> pool(new AppendPool(options));
  if (options.payload_bytes < kPayloadBytesMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a payload of ", options.payload_bytes, " bytes has no room for the mark by which it is ",
        "checked; give --payload ", kPayloadBytesMin, " or more"));
  }
  if (pool->frame_bytes() > limits::kFrameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("an append of ", options.batch, " payloads has ", pool->frame_bytes(),
                     " bytes, but a frame holds ", limits::kFrameBytesMax,
                     "; give a smaller --batch or --payload"));
  }
  void* memory = mmap(nullptr, pool->bytes(), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot allocate ", pool->bytes(),
                     " bytes for encoded appends: ", strerror(errno), "; free memory"));
  }
  pool->memory_ = static_cast<std::byte*>(memory);
  for (uint32_t c = 0; c < options.connections; ++c) {
    for (uint64_t n = 0; n < options.slots; ++n) {
      pool->Encode(c, n);
      pool->Refresh(c, n);
    }
  }
  return pool;
}

void AppendPool::EncodeRun(uint32_t connection, uint64_t n, client::TransactionRun* run) const {
  std::vector<std::byte> payload(options_.payload_bytes);
  run->Clear();
  for (uint32_t i = 0; i < options_.batch; ++i) {
    FillPayload(connection, PayloadNumber(n, i), payload);
    run->Add(AsView(payload));
  }
  RJ_CHECK(run->size_bytes() == run_bytes());
}

void AppendPool::Encode(uint32_t connection, uint64_t n) {
  EncodeRun(connection, n, &scratch_);
  std::byte* p = frame(connection, n);
  Store32(p, static_cast<uint32_t>(frame_bytes_ - kLengthBytes));
  p[kLengthBytes] = kTagAppend;
  WriteVarint4(p + kLengthBytes + 1,
               static_cast<uint32_t>(frame_bytes_ - kLengthBytes - kEnvelopeBytes));
  p[kFrameRequestIdAt - 1] = kTagRequestId;
  p[kFrameSequenceAt - 1] = kTagFirstSequence;
  p[kFrameCrcAt - 3] = kTagLevel;
  p[kFrameCrcAt - 2] = static_cast<std::byte>(options_.level);
  p[kFrameCrcAt - 1] = kTagBodyCrc;
  Store32(p + kFrameCrcAt, Crc32c(scratch_.bytes()));
  std::memcpy(p + kFrameRunAt, scratch_.bytes().data(), run_bytes());
}

}  // namespace ringjournal::bench
