// The turn: wait, reap, dispatch; start and end of the loop.
#include "io/net_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ringjournal::io {
namespace {

// One completion gives at most so many events.
constexpr size_t kEventsPerCompletion = 2;
// Descriptors for everything that is not a connection.
constexpr uint64_t kOtherDescriptors = 64;

void Relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Half the connections may complete at once before the kernel has to keep a list; a client's few
// need little of the locked memory that all processes of a user share.
Uring::Options SizeQueues(const NetLoop::Options& options) {
  Uring::Options ring = options.ring;
  uint32_t wanted = std::clamp(options.connections_max / 2, 512u, 16384u);
  if (ring.cq_entries == 0) ring.cq_entries = std::bit_ceil(wanted);
  if (ring.sq_entries == 0) ring.sq_entries = std::min(1024u, ring.cq_entries / 4);
  return ring;
}

}  // namespace

NetLoop::NetLoop(const Options& options)
    : options_(options), connections_(options.connections_max) {
  limit_receive_ = options.allow_receive_limit;
  events_.reserve(limits::kTurnEventsMax);
}

absl::StatusOr<std::unique_ptr<NetLoop>> NetLoop::Create(const Options& options) {
  if (options.connections_max == 0 || options.connections_max > limits::kLoopConnectionsMax) {
    return absl::InvalidArgumentError(absl::StrCat("a loop cannot have ", options.connections_max,
                                                   " connections: configure 1 to ",
                                                   limits::kLoopConnectionsMax, "."));
  }
  // Before any accept is armed: the kernel samples the limit then.
  absl::StatusOr<uint64_t> files = RaiseOpenFileLimit(options.connections_max + kOtherDescriptors);
  if (!files.ok()) return files.status();
  std::unique_ptr<NetLoop> loop(new NetLoop(options));
  absl::StatusOr<std::unique_ptr<Uring>> ring = Uring::Create(SizeQueues(options));
  if (!ring.ok()) return ring.status();
  loop->ring_ = *std::move(ring);
  absl::StatusOr<std::unique_ptr<BufferGroup>> buffers =
      BufferGroup::Create(loop->ring_.get(), options.buffers);
  if (!buffers.ok()) return buffers.status();
  loop->buffers_ = *std::move(buffers);
  // Blocking, since io_uring would answer EAGAIN on a non-blocking one instead of waiting.
  loop->wake_fd_.Reset(eventfd(0, EFD_CLOEXEC));
  if (!loop->wake_fd_.is_open()) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot open an eventfd: ", strerror(errno),
                                                     ". Raise the limit of open files."));
  }
  loop->queue_ = std::make_unique<OpQueue>(loop->ring_.get());
  loop->acceptor_ = std::make_unique<Acceptor>(loop->queue_.get());
  loop->files_ = std::make_unique<FileOps>(loop->queue_.get());
  loop->ArmWake();
  return loop;
}

NetLoop::~NetLoop() {
  if (started_) Drain();
  for (size_t slot = 0; slot < connections_.slots(); ++slot) {
    if (int fd = connections_.at(slot).fd; fd >= 0) close(fd);
  }
  ring_.reset();
}

// Cancels everything and waits: the kernel may be using our memory until the last completion.
void NetLoop::Drain() {
  queue_->Begin({Op::kDrain}, [](io_uring_sqe* sqe) {
    io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  });
  while (queue_->in_flight() > 0) {
    // Its thread has ended, and with it, by the kernel's own waiting, its operations.
    if (ring_->Enter({.wait_nr = 1, .timeout_ns = 100'000'000}) == -EEXIST) return;
    while (const io_uring_cqe* next = ring_->Peek()) {
      io_uring_cqe cqe = *next;
      ring_->Advance();
      queue_->NoteCompletion(cqe);
      if (CompletionKey::Unpack(cqe.user_data).op == Op::kAccept && cqe.res >= 0) close(cqe.res);
    }
  }
}

void NetLoop::Start() {
  if (started_) return;
  absl::Status enabled = ring_->Enable();
  RJ_CHECK(enabled.ok());
  unsigned workers[2] = {limits::kKernelWorkersMax, limits::kKernelWorkersMax};
  io_uring_register_iowq_max_workers(ring_->raw(), workers);  // best effort
  started_ = true;
}

absl::StatusOr<Address> NetLoop::Listen(const Address& address) {
  return Listen(address, options_.sockets);
}

absl::StatusOr<Address> NetLoop::Listen(const Address& address, const SocketOptions& sockets) {
  return acceptor_->Listen(address, sockets);
}

void NetLoop::StopAccepting() { acceptor_->Stop(); }

std::span<const Event> NetLoop::Turn(const WaitOptions& wait) {
  Start();
  now_ns_ = MonotonicNs();
  events_.clear();
  turn_received_bytes_ = 0;
  buffers_->ReturnHeld();
  ArmDue();
  RunTimers();
  Wait(wait);
  while (!ready_.empty() && events_.size() < limits::kTurnEventsMax) {
    events_.push_back(ready_.Pop());
  }
  Reap();
  return events_;
}

void NetLoop::RunTimers() {
  acceptor_->Tick(now_ns_);
  while (!lingering_.empty() && lingering_.front().deadline_ns <= now_ns_) {
    ConnectionId id = lingering_.Pop().id;
    if (connections_.Find(id) != nullptr) Close(id);
  }
}

void NetLoop::Wait(const WaitOptions& wait) {
  if (ring_->overflowed()) ++stats_.overflows;
  int64_t until = acceptor_->deadline_ns();
  if (!lingering_.empty()) until = std::min(until, lingering_.front().deadline_ns);
  if (wait.timeout_ns >= 0) until = std::min(until, now_ns_ + wait.timeout_ns);
  bool has_work = !ready_.empty() || !arm_due_.empty() || ring_->Peek() != nullptr;
  if (has_work || until <= now_ns_) {
    if (ring_->unsubmitted() > 0 || ring_->wants_enter()) ring_->Enter({});
    return;
  }
  int64_t now = now_ns_;
  if (wait.spin_ns > 0) {
    if (ring_->unsubmitted() > 0) ring_->Enter({});
    now = std::min(until, now_ns_ + wait.spin_ns);
    if (Spin(now)) return;
  }
  if (now >= until) return;
  ring_->Enter({.wait_nr = std::max(1u, wait.wait_nr),
                .timeout_ns = until == INT64_MAX ? -1 : until - now,
                .min_wait_us = wait.min_wait_us});
}

// True as soon as there is a completion.
bool NetLoop::Spin(int64_t until_ns) {
  for (;;) {
    if (ring_->wants_enter()) ring_->Enter({});
    if (ring_->Peek() != nullptr) return true;
    if (MonotonicNs() >= until_ns) return false;
    Relax();
  }
}

void NetLoop::Reap() {
  reaping_ = true;
  while (events_.size() + kEventsPerCompletion <= limits::kTurnEventsMax &&
         turn_received_bytes_ < limits::kTurnReceivedBytes) {
    const io_uring_cqe* next = ring_->Peek();
    if (next == nullptr) break;
    io_uring_cqe cqe = *next;
    ring_->Advance();
    queue_->NoteCompletion(cqe);
    Dispatch(CompletionKey::Unpack(cqe.user_data), cqe);
  }
  reaping_ = false;
}

void NetLoop::Dispatch(CompletionKey key, const io_uring_cqe& cqe) {
  ConnectionId id = {key.slot, key.generation};
  Event event;
  switch (key.op) {
    case Op::kAccept:
      return OnAccept(key, cqe);
    case Op::kConnect:
      return OnConnect(id, cqe);
    case Op::kReceive:
      return OnReceive(id, cqe);
    case Op::kSend:
      return OnSend(id, cqe);
    case Op::kCancelReceive:
      return OnCancelReceive(id, cqe);
    case Op::kCancelAll:
      return OnCancelAll(id);
    case Op::kFile:
      if (files_->OnCompletion(key, cqe, &event)) Emit(event);
      return;
    case Op::kWake:
      return OnWake();
    case Op::kCancelAccept:
    case Op::kDrain:
    case Op::kNone:
      return;
  }
}

void NetLoop::Emit(const Event& event) {
  if (reaping_) {
    events_.push_back(event);
  } else {
    ready_.Push(event);
  }
}

void NetLoop::ArmWake() {
  queue_->Begin({Op::kWake}, [&](io_uring_sqe* sqe) {
    io_uring_prep_read(sqe, wake_fd_.get(), &wake_count_, sizeof wake_count_, 0);
  });
}

void NetLoop::Wake() {
  // Once is enough until the loop has seen it.
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  int saved = errno;  // of the code that a signal handler interrupts
  uint64_t one = 1;
  ssize_t written = write(wake_fd_.get(), &one, sizeof one);
  (void)written;  // cannot fail: the counter never comes near its limit
  errno = saved;
}

void NetLoop::OnWake() {
  // Before the event, so that a Wake from here on gives another one.
  wake_pending_.store(false, std::memory_order_release);
  ArmWake();
  Emit({.kind = Event::Kind::kWake});
}

void NetLoop::WriteFile(uint64_t token, int fd, uint64_t offset, ByteSpan bytes, bool dsync) {
  files_->Write({token, fd, offset}, bytes, dsync);
}

void NetLoop::ReadFile(uint64_t token, int fd, uint64_t offset, std::span<std::byte> bytes) {
  files_->Read({token, fd, offset}, bytes);
}

NetLoop::Stats NetLoop::stats() const {
  Stats stats = stats_;
  stats.connections = connections_.open();
  stats.accept_pauses = acceptor_->pauses();
  stats.operations_in_flight = queue_->in_flight();
  return stats;
}

}  // namespace ringjournal::io
