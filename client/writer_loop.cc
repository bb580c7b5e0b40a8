// What callers do: submit, withdraw, wait. The thread itself: writer_thread.cc.
#include "client/writer_loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

// Outages end appends, by their own deadlines, and never the Writer: a century of patience.
constexpr int64_t kPatienceNs = int64_t{100} * 365 * 86400 * kSecondNs;

AppendSessionOptions SessionOptionsOf(const ClientOptions& client, const std::string& journal,
                                      const WriterOptions& options, const std::string& producer) {
  AppendSessionOptions session;
  session.session = Driver::SessionOptionsFrom(client);
  session.client_instance = Driver::Seed();
  session.session.retry_for_ns = kPatienceNs;
  session.journal = journal;
  session.producer = producer;
  session.writer = options.writer;
  session.create = options.create;
  session.accept_loss_before_first_open = true;
  session.appends_in_flight_max =
      std::clamp(options.appends_in_flight_max, 1u, limits::kClientAppendsInFlightMax);
  session.bytes_in_flight_max =
      std::min(options.bytes_in_flight_max, limits::kClientBytesInFlightMax);
  return session;
}

std::string ProducerOf(const WriterOptions& options) {
  if (!options.producer.empty()) return options.producer;
  return absl::StrFormat("random-%016x", Driver::Seed());
}

// The threads of Writers leave interrupts to the threads of the program.
ClientOptions WithoutInterrupt(ClientOptions options) {
  options.interrupt_fd = -1;
  return options;
}

// Driver::NowNs counts suspended time too; waiting is in what is left from now.
std::chrono::steady_clock::time_point SteadyOf(int64_t until_ns) {
  int64_t left = std::clamp<int64_t>(until_ns - Driver::NowNs(), 0, kPatienceNs / 100);
  return std::chrono::steady_clock::now() + std::chrono::nanoseconds(left);
}

}  // namespace

WriterLoop::WriterLoop(const ClientOptions& client, const std::string& journal,
                       const WriterOptions& options)
    : client_options_(WithoutInterrupt(client)),
      on_loss_(options.on_loss),
      open_timeout_ns_(options.open_timeout.count()),
      append_timeout_ns_(options.append_timeout.count()),
      default_level_(options.level),
      appends_max_(
          std::clamp(options.appends_in_flight_max, 1u, limits::kClientAppendsInFlightMax)),
      bytes_max_(std::min(options.bytes_in_flight_max, limits::kClientBytesInFlightMax)),
      producer_(ProducerOf(options)),
      session_(SessionOptionsOf(client, journal, options, producer_)),
      driver_(&session_, client_options_) {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  RJ_CHECK(wake_ >= 0);
}

WriterLoop::~WriterLoop() {
  if (thread_.joinable()) {
    RJ_CHECK(!OnOwnThread());  // a callback must not destroy its Writer
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      Wake();
    }
    thread_.join();
  }
  close(wake_);
}

absl::Status WriterLoop::Open() {
  int64_t until = Driver::NowNs() + open_timeout_ns_;
  while (!session_.streaming()) {
    driver_.Turn(until);
    DecideLoss();
    if (session_.stopped()) return session_.status();
    if (!session_.streaming() && Driver::NowNs() >= until) {
      std::string trouble(session_.last_trouble().message());
      if (trouble.empty()) trouble = "the server did not answer";
      return MakeError(ErrorCode::kDeadline,
                       absl::StrCat("the journal could not be opened within ",
                                    FormatDurationNs(open_timeout_ns_), ": ", trouble));
    }
  }
  StartThread();
  return absl::OkStatus();
}

// A signal to the process belongs to a thread of the program, never to this one.
void WriterLoop::StartThread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "rj-writer");
}

bool WriterLoop::HasRoom(size_t bytes) const {
  // An empty one takes any append, so that one above bytes_max_ is not stuck.
  return in_flight_ == 0 || (in_flight_ < appends_max_ && bytes_ + bytes <= bytes_max_);
}

absl::Status WriterLoop::Submit(PendingAppend append, int64_t until_ns, uint64_t* id) {
  bool may_wait = until_ns > 0 && !OnOwnThread();
  std::unique_lock lock(mutex_);
  while (ended_.ok() && !stopping_ && !HasRoom(append.run.size())) {
    bool timed_out = !may_wait || Driver::NowNs() >= until_ns;
    if (timed_out) {
      return MakeError(ErrorCode::kWindowFull,
                       absl::StrCat("the writer is full: ", in_flight_, " appends of ", bytes_,
                                    " bytes have no outcome yet; wait for outcomes, or allow more "
                                    "in flight"));
    }
    changed_.wait_until(lock, SteadyOf(until_ns));
  }
  if (!ended_.ok()) return ended_;
  if (stopping_) return MakeError(ErrorCode::kStopped, "the writer is being destroyed");
  append.id = *id = next_id_++;
  append.deadline_ns = Driver::NowNs() + append_timeout_ns_;
  ++in_flight_;
  bytes_ += append.run.size();
  ++stats_.accepted;
  queue_.push_back(std::move(append));
  Wake();
  return absl::OkStatus();
}

bool WriterLoop::Withdraw(uint64_t id, Sequence* sequence) {
  std::lock_guard lock(mutex_);
  auto queued = std::ranges::find(queue_, id, &PendingAppend::id);
  if (queued != queue_.end()) {
    --in_flight_;
    bytes_ -= queued->run.size();
    ++stats_.not_applied;
    queue_.erase(queued);
    changed_.notify_all();
    return true;
  }
  auto sent = std::ranges::find(sent_, id, &Sent::id);
  if (sent != sent_.end()) *sequence = sent->first_sequence;
  return false;
}

bool WriterLoop::AllFinished(uint64_t up_to) const {
  if (running_id_ != 0 && running_id_ <= up_to) return false;
  for (const Sent& sent : sent_) {
    if (sent.id > up_to) return true;
    if (!sent.reported) return false;
  }
  return queue_.empty() || queue_.front().id > up_to;
}

bool WriterLoop::WaitFinished(int64_t until_ns) {
  std::unique_lock lock(mutex_);
  uint64_t up_to = next_id_ - 1;
  while (!AllFinished(up_to)) {
    if (Driver::NowNs() >= until_ns) return false;
    changed_.wait_until(lock, SteadyOf(until_ns));
  }
  return true;
}

WriterLoop::Reported WriterLoop::TakeFailures() {
  std::lock_guard lock(mutex_);
  return std::exchange(reported_, {});
}

Level WriterLoop::safety(Lsn* highest) const {
  std::lock_guard lock(mutex_);
  *highest = highest_;
  return safety_;
}

void WriterLoop::SetSafe(Lsn up_to, Level level) {
  std::lock_guard lock(mutex_);
  if (highest_ <= up_to) safety_ = std::max(safety_, level);
}

absl::Status WriterLoop::status() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

std::optional<LossNotice> WriterLoop::last_loss() const {
  std::lock_guard lock(mutex_);
  return last_loss_;
}

size_t WriterLoop::in_flight() const {
  std::lock_guard lock(mutex_);
  return in_flight_;
}

WriterStats WriterLoop::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace ringjournal::client
