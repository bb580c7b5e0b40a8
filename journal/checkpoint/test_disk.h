// A disk for tests: files in memory, operations that wait until the test lets them happen.
#ifndef JOURNAL_CHECKPOINT_TEST_DISK_H_
#define JOURNAL_CHECKPOINT_TEST_DISK_H_

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "journal/base/check.h"
#include "journal/checkpoint/storage_op.h"
#include "journal/segment/segment_format.h"

namespace ringjournal {

// Performs operations in the order in which they were asked, faults on demand. One thread.
class TestDisk {
 public:
  using Kind = StorageOp::Kind;

  // Takes what the code under test asks for.
  void Take(std::vector<StorageOp>* ops) {
    for (StorageOp& op : *ops) {
      if (op.kind == Kind::kClose) {
        handles_.erase(op.file);
      } else {
        pending_.push_back(std::move(op));
      }
    }
    ops->clear();
  }
  const std::deque<StorageOp>& pending() const { return pending_; }
  size_t pending_of(Kind kind) const {
    return static_cast<size_t>(std::count_if(pending_.begin(), pending_.end(),
                                             [&](const auto& op) { return op.kind == kind; }));
  }
  // Files that are open.
  size_t handles() const { return handles_.size(); }
  // Does the oldest operation.
  StorageDone CompleteOne() {
    RJ_CHECK(!pending_.empty());
    StorageOp op = std::move(pending_.front());
    pending_.pop_front();
    return {op.token, Perform(op)};
  }

  bool full = false;             // no new file is made
  int64_t write_result = 0;      // not 0: what writes answer instead
  int64_t open_result = 0;       // likewise for opening a segment
  int64_t remove_result = 0;     // likewise for removing and recycling
  uint64_t spares_prepared = 0;  // tried, also where it failed
  std::map<std::string, std::shared_ptr<std::string>> files;

 private:
  int64_t Perform(const StorageOp& op) {
    switch (op.kind) {
      case Kind::kPrepareSpare:
        ++spares_prepared;
        if (full) return -ENOSPC;
        files[op.name] = std::make_shared<std::string>();
        while (files[op.name]->size() < op.size) *files[op.name] += UnusedBlock();
        return 0;
      case Kind::kOpenSegment:
        if (open_result != 0) return open_result;
        return Rename(op.from, op.name) < 0 ? -ENOENT : Open(op.name);
      case Kind::kWrite:
        return write_result != 0 ? write_result : Write(op);
      case Kind::kRemove:
        if (remove_result != 0) return remove_result;
        return files.erase(op.name) == 1 ? 0 : -ENOENT;
      case Kind::kRecycle:
        if (remove_result != 0) return remove_result;
        if (op.size == 0) return -EINVAL;  // how long would the spare be?
        return Rename(op.name, op.from);
      case Kind::kOpenRead:
        return Open(op.name);
      case Kind::kRead:
        return Read(op);
      case Kind::kClose:
        break;
    }
    return 0;
  }
  int64_t Rename(const std::string& from, const std::string& to) {
    auto it = files.find(from);
    if (it == files.end()) return -ENOENT;
    files[to] = it->second;
    files.erase(from);
    return 0;
  }
  int64_t Open(const std::string& name) {
    auto it = files.find(name);
    if (it == files.end()) return -ENOENT;
    handles_[++last_handle_] = it->second;
    return last_handle_;
  }
  int64_t Write(const StorageOp& op) {
    std::string* bytes = handles_.at(op.file).get();
    if (bytes->size() < op.offset + op.data.size()) bytes->resize(op.offset + op.data.size());
    bytes->replace(op.offset, op.data.size(), AsView(op.data));
    return static_cast<int64_t>(op.data.size());
  }
  int64_t Read(const StorageOp& op) {
    RJ_CHECK(op.offset % limits::kBlockBytes == 0);
    RJ_CHECK(op.buffer.size() % limits::kBlockBytes == 0);
    RJ_CHECK(reinterpret_cast<uintptr_t>(op.buffer.data()) % limits::kBlockBytes == 0);
    const std::string& bytes = *handles_.at(op.file);
    if (op.offset >= bytes.size()) return 0;
    size_t n = std::min<size_t>(op.buffer.size(), bytes.size() - op.offset);
    std::memcpy(op.buffer.data(), bytes.data() + op.offset, n);
    return static_cast<int64_t>(n);
  }

  std::deque<StorageOp> pending_;
  std::map<int64_t, std::shared_ptr<std::string>> handles_;
  int64_t last_handle_ = 0;
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_TEST_DISK_H_
