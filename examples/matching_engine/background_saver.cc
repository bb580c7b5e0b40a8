#include "examples/matching_engine/background_saver.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/errors.h"

namespace ringjournal::matching {
namespace {

// What is under way when the engine ends may come to its own end.
constexpr std::chrono::seconds kLastSave(2);

}  // namespace

absl::StatusOr<std::unique_ptr<BackgroundSaver>> BackgroundSaver::Start(
    const client::Journal& journal, const std::string& name) {
  const int stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (stop_fd < 0) return absl::InternalError(absl::StrCat("no eventfd: ", strerror(errno)));
  client::ClientOptions options = journal.options();
  options.interrupt_fd = stop_fd;
  auto client = client::Client::Open(options);
  if (!client.ok()) {
    close(stop_fd);
    return client.status();
  }
  return std::unique_ptr<BackgroundSaver>(
      new BackgroundSaver(stop_fd, (*client)->Journal(journal.name()), name));
}

BackgroundSaver::BackgroundSaver(int stop_fd, client::Journal journal, std::string name)
    : stop_fd_(stop_fd), journal_(std::move(journal)), name_(std::move(name)) {
  thread_ = std::thread([this] { Run(); });
}

BackgroundSaver::~BackgroundSaver() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kLastSave, [&] { return !next_.has_value(); });
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_fd_, &one, sizeof one);
  thread_.join();
  saver_.reset();
  close(stop_fd_);
}

bool BackgroundSaver::busy() const {
  std::lock_guard lock(mutex_);
  return next_.has_value();
}

void BackgroundSaver::Save(client::ApplicationCheckpoint checkpoint, Epoch writer) {
  std::lock_guard lock(mutex_);
  if (next_.has_value()) return;
  next_ = Due{std::move(checkpoint), writer};
  changed_.notify_all();
}

BackgroundSaver::Counts BackgroundSaver::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void BackgroundSaver::Run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || next_.has_value(); });
    if (!next_.has_value()) return;
    lock.unlock();
    Took(SaveNow(*next_));  // Save() leaves it alone while it is there
  }
}

absl::Status BackgroundSaver::SaveNow(const Due& due) {
  // A saver is of one life as a writer, and so of one generation: it trims nothing behind a
  // recovery that may have lost something.
  if (due.writer != writer_) saver_.reset();
  if (saver_ == nullptr) {
    if (absl::Status status = Open(due); !status.ok()) return status;
  }
  absl::Status saved = saver_->Save(due.checkpoint);
  if (!saved.ok()) saver_.reset();  // its Writer may have ended for good
  return saved;
}

absl::Status BackgroundSaver::Open(const Due& due) {
  const uint32_t generation = due.checkpoint.at.epoch.generation;
  auto saver =
      client::CheckpointSaver::Open(journal_, {.name = name_, .writer = due.writer, .trim = true});
  if (!saver.ok()) return saver.status();
  // Only what is there may be trimmed for: a saver that is opened behind a recovery does not know
  // that a checkpoint from before it may be of what was lost.
  auto info = journal_.Info();
  if (!info.ok()) return info.status();
  if (info->epoch.generation != generation) {
    return client::MakeError(
        client::ErrorCode::kDataLoss,
        absl::StrCat("journal ", journal_.name(), " is of generation ", info->epoch.generation,
                     " now, and it is of ", generation, ": what it holds may have been lost"));
  }
  saver_ = *std::move(saver);
  writer_ = due.writer;
  return absl::OkStatus();
}

void BackgroundSaver::Took(const absl::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "engine %s: no checkpoint: %s\n", name_.c_str(),
                 std::string(status.message()).c_str());
  }
  std::lock_guard lock(mutex_);
  ++(status.ok() ? counts_.saved : counts_.failed);
  next_.reset();
  changed_.notify_all();
}

}  // namespace ringjournal::matching
