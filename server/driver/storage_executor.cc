#include "server/driver/storage_executor.h"

#include "journal/base/check.h"

namespace ringjournal {

void StorageExecutor::Register(JournalNumber journal, JournalFiles* files) {
  if (files_.size() <= journal) files_.resize(journal + 1, nullptr);
  files_[journal] = files;
}

void StorageExecutor::Forget(JournalNumber journal) { files_[journal] = nullptr; }

void StorageExecutor::Start(const ShardEffects::Storage& storage) {
  const StorageOp& op = storage.op;
  uint64_t token = Token(storage.journal, op.token);
  int fd = static_cast<int>(op.file);
  if (op.kind == StorageOp::Kind::kWrite) {
    loop_->WriteFile(token, fd, op.offset, op.data, /*dsync=*/true);
  } else if (op.kind == StorageOp::Kind::kRead) {
    loop_->ReadFile(token, fd, op.offset, op.buffer);
  } else {
    RunOnWorker(storage.journal, op);
  }
}

void StorageExecutor::RunOnWorker(JournalNumber journal, const StorageOp& op) {
  JournalFiles* files = files_[journal];
  RJ_CHECK(files != nullptr);
  bool answered = op.kind != StorageOp::Kind::kClose;
  worker_->Submit([files, op] { return files->Execute(op); },
                  [this, journal, token = op.token, answered](int64_t result) {
                    if (answered) answers_.push_back({journal, {token, result}});
                  });
}

StorageAnswer StorageExecutor::OnFileDone(const io::Event& event) {
  return {static_cast<JournalNumber>(event.token >> 32),
          {static_cast<uint32_t>(event.token), event.result}};
}

void StorageExecutor::TakeAnswers(std::vector<StorageAnswer>* out) {
  out->insert(out->end(), answers_.begin(), answers_.end());
  answers_.clear();
}

}  // namespace ringjournal
