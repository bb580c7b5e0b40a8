// Receiving: one multishot receive per connection, buffers from the group, back-pressure by cancel.
#include <errno.h>

#include "io/net_loop.h"

namespace ringjournal::io {

using State = Connection::State;

void NetLoop::ArmReceive(ConnectionId id, Connection& c) {
  c.receive_armed = true;
  ++c.operations;
  queue_->Begin({Op::kReceive, id.slot, id.generation}, [&](io_uring_sqe* sqe) {
    io_uring_prep_recv_multishot(sqe, c.fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BufferGroup::kGroup;
    if (!limit_receive_) return;
    // Else the kernel goes on until all buffers are full: no fairness, and a pause comes far too
    // late.
    sqe->len = limits::kReceiveBufferBytes;
    sqe->file_index = limits::kReceiveAheadBytesMax;
  });
}

// The receives that have ended: for want of a buffer, after as much as one may take, or because the
// completion queue was full. Every turn, since buffers may have come back before we saw who found
// none; at most as many as there are buffers, since the next ones would only fail again.
void NetLoop::ArmDue() {
  size_t arms = std::min<size_t>(arm_due_.size(), buffers_->count());
  for (; arms > 0; --arms) {
    ConnectionId id = arm_due_.Pop();
    Connection* c = connections_.Find(id);
    if (c == nullptr || !c->arm_due) continue;
    c->arm_due = false;
    if (c->wants_receive()) ArmReceive(id, *c);
  }
}

void NetLoop::PauseReceive(ConnectionId id) {
  Connection* c = connections_.Find(id);
  // A broken connection is read to its end, which tells of the error.
  if (c == nullptr || c->receive_paused || c->error != 0) return;
  if (c->state != State::kOpen && c->state != State::kConnecting) return;
  c->receive_paused = true;
  if (c->receive_armed && !c->receive_cancelled) CancelReceive(id, *c);
}

void NetLoop::ResumeReceive(ConnectionId id) {
  Connection* c = connections_.Find(id);
  if (c == nullptr) return;
  c->receive_paused = false;
  // Where it is still armed, its final completion arms it again.
  if (c->wants_receive()) ArmReceive(id, *c);
}

void NetLoop::CancelReceive(ConnectionId id, Connection& c) {
  c.receive_cancelled = true;
  ++c.operations;
  uint64_t target = CompletionKey{Op::kReceive, id.slot, id.generation}.Pack();
  queue_->Begin({Op::kCancelReceive, id.slot, id.generation},
                [&](io_uring_sqe* sqe) { io_uring_prep_cancel64(sqe, target, 0); });
}

void NetLoop::OnCancelReceive(ConnectionId id, const io_uring_cqe& cqe) {
  Connection& c = connections_.Get(id);
  --c.operations;
  c.receive_cancelled = false;
  if (c.state == State::kClosing) return FinishCloseIfIdle(id, c);
  // Not found although it is armed: it was busy just then.
  if (cqe.res < 0 && c.receive_paused && c.receive_armed) CancelReceive(id, c);
}

void NetLoop::OnReceive(ConnectionId id, const io_uring_cqe& cqe) {
  Connection& c = connections_.Get(id);
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    ByteSpan bytes = buffers_->Take(cqe);
    turn_received_bytes_ += bytes.size();
    if (!bytes.empty()) Deliver(id, c, bytes);
  }
  if (!OpQueue::IsFinal(cqe)) return;
  c.receive_armed = false;
  --c.operations;
  if (c.state == State::kClosing) return FinishCloseIfIdle(id, c);
  OnReceiveFinal(id, c, cqe.res);
}

void NetLoop::OnReceiveFinal(ConnectionId id, Connection& c, int32_t result) {
  if (result == -EINVAL && limit_receive_) {
    limit_receive_ = false;  // an older kernel
  } else if (result == -ENOBUFS) {
    ++stats_.starved;
  } else if (result <= 0 && result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    return EndReceive(id, c, result);
  }
  // A send failed while this one was paused: it will not be armed again to find out.
  if (c.error != 0 && c.receive_paused) return EndReceive(id, c, 0);
  if (!c.wants_receive()) return;
  // Not at once: first the user sees this batch, and may pause.
  c.arm_due = true;
  arm_due_.Push(id);
}

void NetLoop::Deliver(ConnectionId id, Connection& c, ByteSpan bytes) {
  if (c.state == State::kOpen) {
    Emit({.kind = Event::Kind::kReceived, .connection = id, .bytes = bytes});
    return;
  }
  c.discarded_bytes += bytes.size();
  if (c.discarded_bytes > limits::kLingerBytesMax && c.state != State::kClosing) StartClose(id, c);
}

// `result`: 0 at the end of the stream, or -errno.
void NetLoop::EndReceive(ConnectionId id, Connection& c, int32_t result) {
  c.receive_ended = true;
  c.arm_due = false;
  if (result < 0 && c.error == 0) c.error = -result;
  if (c.state == State::kLingering || (c.state == State::kFlushing && c.error != 0)) {
    return StartClose(id, c);
  }
  if (c.state != State::kOpen || c.error_reported) return;
  if (c.error != 0) {
    c.error_reported = true;
    if (c.out != nullptr) c.out->DropUnsent();
  }
  Emit({.kind = Event::Kind::kReceiveEnded, .connection = id, .result = -c.error});
}

}  // namespace ringjournal::io
