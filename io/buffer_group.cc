#include "io/buffer_group.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "absl/strings/str_cat.h"
#include "io/kernel_abi.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {
namespace {

void* MapMemory(size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

absl::Status NoBuffers(const char* what, int error, size_t bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot ", what, " ", bytes, " bytes of receive buffers: ", strerror(error),
                   ". Free memory, or raise the memory limit of the process."));
}

}  // namespace

absl::StatusOr<std::unique_ptr<BufferGroup>> BufferGroup::Create(Uring* ring,
                                                                 const Options& options) {
  std::unique_ptr<BufferGroup> group(new BufferGroup());
  bool incremental = options.allow_incremental && ring->has(abi::kFeatureNoIowait);
  for (;; incremental = false) {
    group->count_ = options.count > 0 ? options.count
                    : incremental     ? limits::kReceiveBuffers
                                      : limits::kClassicReceiveBuffers;
    group->bytes_ = options.bytes > 0 ? options.bytes
                    : incremental     ? limits::kReceiveBufferBytes
                                      : limits::kClassicReceiveBufferBytes;
    RJ_CHECK(group->count_ <= 32768 && (group->count_ & (group->count_ - 1)) == 0);
    RJ_RETURN_IF_ERROR(group->Map());
    int error = group->Register(ring, incremental);
    if (error == 0) break;
    if (error != -EINVAL || !incremental) return NoBuffers("register", -error, group->bytes_);
  }
  group->incremental_ = incremental;
  group->held_.reserve(group->count_);
  group->consumed_.resize(group->count_);
  for (uint32_t i = 0; i < group->count_; ++i) group->held_.push_back(static_cast<uint16_t>(i));
  group->ReturnHeld();
  return group;
}

absl::Status BufferGroup::Map() {
  if (ring_ != nullptr) munmap(ring_, count_ * sizeof(io_uring_buf));
  if (memory_ != nullptr) munmap(memory_, size_t{count_} * bytes_);
  memory_ = nullptr;
  void* ring = MapMemory(count_ * sizeof(io_uring_buf));
  ring_ = ring == MAP_FAILED ? nullptr : static_cast<io_uring_buf_ring*>(ring);
  if (ring_ == nullptr) return NoBuffers("allocate", errno, count_ * sizeof(io_uring_buf));
  size_t bytes = size_t{count_} * bytes_;
  void* memory = MapMemory(bytes);
  if (memory == MAP_FAILED) return NoBuffers("allocate", errno, bytes);
  memory_ = static_cast<std::byte*>(memory);
  madvise(memory, bytes, MADV_HUGEPAGE);  // best effort
  return absl::OkStatus();
}

int BufferGroup::Register(Uring* ring, bool incremental) {
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(ring_);
  registration.ring_entries = count_;
  registration.bgid = kGroup;
  registration.pad = incremental ? abi::kBufferRingIncremental : 0;  // the kernel calls it `flags`
  return io_uring_register_buf_ring(ring->raw(), &registration, 0);
}

BufferGroup::~BufferGroup() {
  if (ring_ != nullptr) munmap(ring_, count_ * sizeof(io_uring_buf));
  if (memory_ != nullptr) munmap(memory_, size_t{count_} * bytes_);
}

ByteSpan BufferGroup::Take(const io_uring_cqe& cqe) {
  uint16_t buffer = static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
  uint32_t bytes = cqe.res > 0 ? static_cast<uint32_t>(cqe.res) : 0;
  RJ_CHECK(buffer < count_);
  std::byte* start = memory_ + size_t{buffer} * bytes_;
  if (!incremental_) {
    RJ_CHECK(bytes <= bytes_);
    held_.push_back(buffer);
    return {start, bytes};
  }
  // We count for ourselves: the kernel's flag has had gaps where no byte was received.
  uint32_t offset = consumed_[buffer];
  RJ_CHECK(bytes <= bytes_ - offset);
  consumed_[buffer] += bytes;
  bool more = (cqe.flags & abi::kCqeBufferMore) != 0;
  if (consumed_[buffer] == bytes_ || (bytes > 0 && !more)) held_.push_back(buffer);
  return {start + offset, bytes};
}

void BufferGroup::Provide(uint16_t buffer) {
  // Not io_uring_buf_ring_add: its flexible array has another offset in C++ with some headers.
  auto* entries = reinterpret_cast<io_uring_buf*>(ring_);
  uint16_t at = static_cast<uint16_t>(ring_->tail + provided_++) & (count_ - 1);
  entries[at].addr = reinterpret_cast<uint64_t>(memory_ + size_t{buffer} * bytes_);
  entries[at].len = bytes_;
  entries[at].bid = buffer;  // and never `resv`: that is the tail in the first entry
  consumed_[buffer] = 0;
}

void BufferGroup::ReturnHeld() {
  if (held_.empty()) return;
  for (uint16_t buffer : held_) Provide(buffer);
  held_.clear();
  uint16_t tail = static_cast<uint16_t>(ring_->tail + provided_);
  __atomic_store_n(&ring_->tail, tail, __ATOMIC_RELEASE);
  provided_ = 0;
}

}  // namespace ringjournal::io
