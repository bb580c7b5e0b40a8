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
  });
}

// Every turn, since buffers may have come back before we saw who found none. At most as many as
// there are buffers: the next ones would only fail again.
void NetLoop::ArmStarved() {
  size_t arms = std::min<size_t>(starved_.size(), buffers_->count());
  for (; arms > 0; --arms) {
    ConnectionId id = starved_.Pop();
    Connection* c = connections_.Find(id);
    if (c == nullptr || !c->starved) continue;
    c->starved = false;
    if (c->wants_receive()) ArmReceive(id, *c);
  }
}

void NetLoop::PauseReceive(ConnectionId id) {
  Connection* c = connections_.Find(id);
  if (c == nullptr || c->receive_paused) return;
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
  switch (result) {
    case -ENOBUFS:
      ++stats_.starved;
      c.starved = true;
      starved_.Push(id);
      return;
    case -ECANCELED:
      // A send failed while this one was being paused, so it will not be armed to find out.
      if (c.error != 0 && c.receive_paused) return EndReceive(id, c, 0);
      break;
    case -EINTR:
    case -EAGAIN:
      break;
    default:
      if (result <= 0) return EndReceive(id, c, result);
      break;  // the completion queue was full: the kernel ends the multishot
  }
  if (c.wants_receive()) ArmReceive(id, c);
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
  c.starved = false;
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
