#include "client/takeover/active_writer.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/takeover/records.h"
#include "client/takeover/writer_marks.h"

namespace ringjournal::client {
namespace {

using Clock = std::chrono::steady_clock;

int64_t NowNs() { return Clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

absl::Status BadLevel() {
  return MakeError(
      ErrorCode::kLevelNotOffered,
      "an active writer acts on what is acknowledged, so its level must be replicated, "
      "disk or disk_quorum: what is only received may be lost with its leader");
}

absl::Status WrongThread() {
  return MakeError(ErrorCode::kWrongThread,
                   "FlushMarks waits for an outcome, and was called from a callback, behind which "
                   "outcomes come: call it on another thread");
}

WriterMarksOptions MarksOf(const ActiveWriterOptions& options) {
  WriterMarksOptions marks;
  marks.writer = options.writer.writer;
  marks.claimant = options.claimant;
  marks.heartbeat_ns = options.heartbeat.count();
  marks.committed = options.committed;
  marks.acted = options.acted;
  return marks;
}

}  // namespace

struct ActiveWriter::Impl {
  struct Shared {
    explicit Shared(const WriterMarksOptions& options) : marks(options) {}
    std::mutex mutex;
    std::condition_variable wake;
    WriterMarks marks;          // under mutex
    bool stopping = false;      // under mutex
    std::thread::id callbacks;  // the Writer's thread, once a callback has run; under mutex
  };

  explicit Impl(const ActiveWriterOptions& options)
      : shared(std::make_shared<Shared>(MarksOf(options))) {}

  AppendCallback Noting(AppendCallback done);
  void Note(const AppendOutcome& outcome);
  void Say(const v1::WriterRecord& record);
  void StartThread();
  void Run();

  std::shared_ptr<Shared> shared;
  std::unique_ptr<Writer> writer;
  std::thread thread;
};

void ActiveWriter::Impl::Note(const AppendOutcome& outcome) {
  if (outcome.fate != Fate::kApplied || outcome.receipt.first_lsn == Lsn()) return;
  std::lock_guard lock(shared->mutex);
  shared->marks.OnCommitted(outcome.receipt.last_lsn());
}

AppendCallback ActiveWriter::Impl::Noting(AppendCallback done) {
  return [this, done = std::move(done)](const AppendOutcome& outcome) {
    Note(outcome);
    {
      std::lock_guard lock(shared->mutex);
      shared->callbacks = std::this_thread::get_id();
    }
    done(outcome);
  };
}

// An append that is refused for the moment has its outcome at once.
void ActiveWriter::Impl::Say(const v1::WriterRecord& record) {
  TransactionRun run;
  AddRecord(record, &run);
  auto done = [shared = shared](const AppendOutcome& outcome) {
    std::lock_guard lock(shared->mutex);
    shared->marks.OnOutcome(outcome.fate == Fate::kApplied);
    shared->wake.notify_all();
  };
  if (writer->TryAppend(std::move(run), done).ok()) return;
  std::lock_guard lock(shared->mutex);
  shared->marks.OnRefused(NowNs());
}

// A signal to the process belongs to a thread of the program, never to this one.
void ActiveWriter::Impl::StartThread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), "rj-heartbeat");
}

void ActiveWriter::Impl::Run() {
  std::unique_lock lock(shared->mutex);
  while (!shared->stopping) {
    // One time for both questions: else the record may become due in between, and nobody wakes us.
    const int64_t now_ns = NowNs();
    std::optional<v1::WriterRecord> record = shared->marks.Next(now_ns);
    if (record.has_value()) {
      lock.unlock();
      Say(*record);
      if (!writer->status().ok()) return;
      lock.lock();
      continue;
    }
    // Where it is due, one is under way, and its outcome wakes us.
    const auto pause = std::chrono::nanoseconds(shared->marks.due_ns() - now_ns);
    if (pause.count() > 0) {
      shared->wake.wait_for(lock, pause);
    } else {
      shared->wake.wait(lock);
    }
  }
}

ActiveWriter::ActiveWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<ActiveWriter>> ActiveWriter::Open(
    const Journal& journal, const ActiveWriterOptions& options) {
  if (options.writer.level == Level::kReceived) return BadLevel();
  auto impl = std::make_unique<Impl>(options);
  auto writer = journal.OpenWriter(options.writer);
  if (!writer.ok()) return writer.status();
  impl->writer = *std::move(writer);
  impl->StartThread();
  return std::unique_ptr<ActiveWriter>(new ActiveWriter(std::move(impl)));
}

ActiveWriter::~ActiveWriter() {
  {
    std::lock_guard lock(impl_->shared->mutex);
    impl_->shared->stopping = true;
    impl_->shared->wake.notify_all();
  }
  impl_->thread.join();
  // The Writer ends as a member does: callbacks of its last outcomes may still append through it.
}

AppendOutcome ActiveWriter::Append(std::string_view payload, std::chrono::nanoseconds timeout) {
  return Append(TransactionRun::Of(payload), timeout);
}

AppendOutcome ActiveWriter::Append(TransactionRun run, std::chrono::nanoseconds timeout) {
  AppendOutcome outcome = impl_->writer->Append(std::move(run), timeout);
  impl_->Note(outcome);
  return outcome;
}

absl::Status ActiveWriter::AppendAsync(TransactionRun run, AppendCallback done) {
  return impl_->writer->AppendAsync(std::move(run), impl_->Noting(std::move(done)));
}

absl::Status ActiveWriter::TryAppend(TransactionRun run, AppendCallback done) {
  return impl_->writer->TryAppend(std::move(run), impl_->Noting(std::move(done)));
}

absl::Status ActiveWriter::MarkActed(Lsn through) {
  std::lock_guard lock(impl_->shared->mutex);
  return impl_->shared->marks.MarkActed(through);
}

absl::Status ActiveWriter::AddDigest(Lsn lsn, uint64_t value) {
  std::lock_guard lock(impl_->shared->mutex);
  return impl_->shared->marks.AddDigest(lsn, value);
}

absl::Status ActiveWriter::FlushMarks(std::chrono::nanoseconds timeout) {
  const auto until = Clock::now() + timeout;
  std::unique_lock lock(impl_->shared->mutex);
  if (impl_->shared->callbacks == std::this_thread::get_id()) return WrongThread();
  while (!impl_->shared->marks.said_all()) {
    if (absl::Status status = impl_->writer->status(); !status.ok()) return status;
    if (Clock::now() >= until) {
      return MakeError(ErrorCode::kDeadline,
                       "the last act markers are not acknowledged yet; ask again, or leave: what "
                       "they would have said is then in doubt");
    }
    impl_->shared->marks.Hurry();
    impl_->shared->wake.notify_all();
    impl_->shared->wake.wait_for(lock, std::chrono::milliseconds(1));
  }
  return impl_->writer->status();
}

absl::Status ActiveWriter::status() const { return impl_->writer->status(); }
Writer& ActiveWriter::writer() { return *impl_->writer; }

}  // namespace ringjournal::client
