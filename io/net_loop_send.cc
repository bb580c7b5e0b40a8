// Sending: at once where the socket takes it, else one io_uring send at a time from our own copy.
#include <errno.h>
#include <sys/socket.h>

#include "io/net_loop.h"

namespace ringjournal::io {

using State = Connection::State;

void NetLoop::Send(ConnectionId id, ByteSpan head, ByteSpan body) {
  Connection* c = connections_.Find(id);
  if (c == nullptr || !c->sendable() || head.size() + body.size() == 0) return;
  size_t sent = 0;
  if (c->state == State::kOpen && c->out == nullptr) sent = SendNow(*c, head, body);
  if (c->error != 0) {
    int32_t error = c->error;
    c->error = 0;
    return Fail(id, *c, error);
  }
  if (sent == head.size() + body.size()) return;
  ++stats_.queued_sends;
  Queue(*c, head, body, sent);
  if (c->queued_bytes() > options_.send_queue_bytes_max) return Fail(id, *c, ENOBUFS);
  if (c->state == State::kOpen) PumpSend(id, *c);
}

size_t NetLoop::queued_bytes(ConnectionId id) {
  Connection* c = connections_.Find(id);
  return c == nullptr ? 0 : c->queued_bytes();
}

// Bytes that the socket took without waiting. On failure sets c.error.
size_t NetLoop::SendNow(Connection& c, ByteSpan head, ByteSpan body) {
  iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                    {const_cast<std::byte*>(body.data()), body.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = body.empty() ? 1 : 2;
  ssize_t sent = sendmsg(c.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS && errno != ENOMEM) c.error = errno;
  return 0;
}

void NetLoop::Queue(Connection& c, ByteSpan head, ByteSpan body, size_t sent) {
  if (c.out == nullptr) {
    if (spares_.empty()) {
      c.out = std::make_unique<OutBuffer>();
    } else {
      c.out = std::move(spares_.back());
      spares_.pop_back();
    }
  }
  if (sent < head.size()) c.out->Append(head.subspan(sent));
  c.out->Append(sent > head.size() ? body.subspan(sent - head.size()) : body);
  if (c.out->size() >= options_.send_low_mark_bytes) c.above_mark = true;
}

// One send in flight per socket: two could interleave after a short one.
void NetLoop::PumpSend(ConnectionId id, Connection& c) {
  if (c.send_in_flight || c.queued_bytes() == 0) return;
  c.send_in_flight = true;
  ++c.operations;
  ByteSpan chunk = c.out->Chunk();
  queue_->Begin({Op::kSend, id.slot, id.generation}, [&](io_uring_sqe* sqe) {
    io_uring_prep_send(sqe, c.fd, chunk.data(), chunk.size(), MSG_NOSIGNAL | MSG_WAITALL);
  });
}

void NetLoop::OnSend(ConnectionId id, const io_uring_cqe& cqe) {
  Connection& c = connections_.Get(id);
  c.send_in_flight = false;
  --c.operations;
  if (c.state == State::kClosing) return FinishCloseIfIdle(id, c);
  bool failed = cqe.res < 0 && cqe.res != -EINTR && cqe.res != -EAGAIN;
  if (c.error != 0 || failed) {
    ReleaseOut(c);
    if (c.error == 0) Fail(id, c, -cqe.res);
    return;
  }
  c.out->Consume(cqe.res > 0 ? static_cast<size_t>(cqe.res) : 0);
  if (c.above_mark && c.out->size() < options_.send_low_mark_bytes) {
    c.above_mark = false;
    if (c.state == State::kOpen) Emit({.kind = Event::Kind::kSendDrained, .connection = id});
  }
  if (c.out->size() > 0) return PumpSend(id, c);
  ReleaseOut(c);
  if (c.state == State::kFlushing) StartLinger(id, c);
}

// The connection is broken for sending. What was received before the break is still delivered: the
// armed receive ends by itself, then the error is reported. A connection that is not receiving is
// told at once.
void NetLoop::Fail(ConnectionId id, Connection& c, int32_t error) {
  c.error = error;
  if (c.out != nullptr) {
    c.out->DropUnsent();
    if (!c.send_in_flight) ReleaseOut(c);
  }
  if (c.state == State::kFlushing) return StartClose(id, c);
  shutdown(c.fd, SHUT_RDWR);
  if (!c.receive_armed && !(c.arm_due && !c.receive_paused)) EndReceive(id, c, -error);
}

// An idle connection has no buffer; a few are kept for the next that needs one.
void NetLoop::ReleaseOut(Connection& c) {
  c.out->Clear();
  if (spares_.size() < limits::kSparesMax && c.out->capacity() <= limits::kSpareBytesMax) {
    spares_.push_back(std::move(c.out));
  }
  c.out.reset();
}

}  // namespace ringjournal::io
