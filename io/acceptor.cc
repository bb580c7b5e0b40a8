#include "io/acceptor.h"

#include <errno.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

absl::StatusOr<Address> Acceptor::Listen(const Address& address, const SocketOptions& options) {
  if (listeners_.size() >= limits::kListenersMax) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot listen on ", address.ToString(),
                                                     ": there are ", limits::kListenersMax,
                                                     " listeners already, use fewer addresses."));
  }
  absl::StatusOr<Listener> listener = OpenListener(address, options);
  if (!listener.ok()) return listener.status();
  listeners_.push_back({.fd = std::move(listener->fd)});
  Arm(static_cast<uint32_t>(listeners_.size() - 1));
  return listener->address;
}

void Acceptor::Arm(uint32_t slot) {
  Slot& listener = listeners_[slot];
  listener.armed = true;
  queue_->Begin({Op::kAccept, slot, listener.generation}, [&](io_uring_sqe* sqe) {
    io_uring_prep_multishot_accept(sqe, listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
  });
}

int Acceptor::OnAccept(CompletionKey key, const io_uring_cqe& cqe, int64_t now_ns) {
  Slot& listener = listeners_[key.slot];
  if (OpQueue::IsFinal(cqe)) {
    listener.armed = false;
    if (listener.stopped) {
      listener.fd.Reset();
    } else if (cqe.res == -EMFILE || cqe.res == -ENFILE || cqe.res == -ENOBUFS ||
               cqe.res == -ENOMEM) {
      // To arm at once would spin: the connection stays in the backlog and fails again.
      ++pauses_;
      retry_at_ns_ = now_ns + int64_t{limits::kAcceptRetryMs} * 1'000'000;
    } else {
      Arm(key.slot);
    }
  }
  if (cqe.res >= 0 && listener.stopped) close(cqe.res);
  return cqe.res >= 0 && !listener.stopped ? cqe.res : -1;
}

void Acceptor::OnDescriptorFreed() {
  if (retry_at_ns_ != INT64_MAX) Tick(INT64_MAX);
}

void Acceptor::Tick(int64_t now_ns) {
  if (now_ns < retry_at_ns_) return;
  retry_at_ns_ = INT64_MAX;
  for (uint32_t slot = 0; slot < listeners_.size(); ++slot) {
    Slot& listener = listeners_[slot];
    if (!listener.armed && !listener.stopped) Arm(slot);
  }
}

void Acceptor::Stop() {
  for (uint32_t slot = 0; slot < listeners_.size(); ++slot) Stop(slot);
}

void Acceptor::Stop(uint32_t slot) {
  Slot& listener = listeners_[slot];
  if (listener.stopped) return;
  listener.stopped = true;
  if (!listener.armed) return listener.fd.Reset();
  uint64_t target = CompletionKey{Op::kAccept, slot, listener.generation}.Pack();
  queue_->Begin({Op::kCancelAccept, slot, listener.generation},
                [&](io_uring_sqe* sqe) { io_uring_prep_cancel64(sqe, target, 0); });
}

}  // namespace ringjournal::io
