#include "io/file_ops.h"

#include <errno.h>
#include <sys/uio.h>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

void FileOps::Write(const Target& target, ByteSpan bytes, bool dsync) {
  Start({.target = target,
         .bytes = const_cast<std::byte*>(bytes.data()),  // only read: is_write
         .length = bytes.size(),
         .is_write = true,
         .dsync = dsync});
}

void FileOps::Read(const Target& target, std::span<std::byte> bytes) {
  Start({.target = target, .bytes = bytes.data(), .length = bytes.size()});
}

void FileOps::Start(const Operation& operation) {
  RJ_CHECK(operation.length <= INT32_MAX);  // the result is an int32_t
  if (free_.empty()) {
    RJ_CHECK(operations_.size() < limits::kFileOpsInFlightMax);
    operations_.emplace_back();
    free_.push_back(static_cast<uint32_t>(operations_.size() - 1));
  }
  uint32_t slot = free_.back();
  free_.pop_back();
  operations_[slot] = operation;
  Submit(slot);
}

void FileOps::Submit(uint32_t slot) {
  const Operation& op = operations_[slot];
  std::byte* at = op.bytes + op.done;
  auto length = static_cast<unsigned>(op.length - op.done);
  queue_->Begin({Op::kFile, slot, 0}, [&](io_uring_sqe* sqe) {
    if (op.is_write) {
      io_uring_prep_write(sqe, op.target.fd, at, length, op.target.offset + op.done);
    } else {
      io_uring_prep_read(sqe, op.target.fd, at, length, op.target.offset + op.done);
    }
    sqe->rw_flags = op.dsync ? RWF_DSYNC : 0;
  });
}

bool FileOps::OnCompletion(CompletionKey key, const io_uring_cqe& cqe, Event* event) {
  Operation& op = operations_[key.slot];
  int32_t result = cqe.res;
  if (result == -EINTR || result == -EAGAIN) {
    Submit(key.slot);
    return false;
  }
  if (result > 0) {
    op.done += static_cast<uint64_t>(result);
    if (op.done < op.length) {
      Submit(key.slot);
      return false;
    }
  }
  // A write of nothing at all, where bytes were asked for, will not do better next time.
  if (result == 0 && op.is_write && op.length > 0) result = -EIO;
  if (result >= 0) result = static_cast<int32_t>(op.done);
  *event = {.kind = Event::Kind::kFileDone, .token = op.target.token, .result = result};
  free_.push_back(key.slot);
  return true;
}

}  // namespace ringjournal::io
