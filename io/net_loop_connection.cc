// Beginning and end of connections.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "io/net_loop.h"

namespace ringjournal::io {

using State = Connection::State;

void NetLoop::OnAccept(CompletionKey key, const io_uring_cqe& cqe) {
  int fd = acceptor_->OnAccept(key, cqe, now_ns_);
  if (fd < 0) return;
  if (connections_.full()) {
    ++stats_.refused;
    close(fd);
    return;
  }
  ++stats_.accepted;
  ConnectionId id = connections_.Add(fd, State::kOpen);
  Emit({.kind = Event::Kind::kAccepted, .connection = id, .token = key.slot});
  ArmReceive(id, connections_.Get(id));
}

absl::StatusOr<ConnectionId> NetLoop::Connect(const Address& peer, const SocketOptions& sockets) {
  if (connections_.full()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot connect to ", peer.ToString(), ": all ", options_.connections_max,
                     " connections are in use. Close some, or raise the configured limit."));
  }
  absl::StatusOr<FileDescriptor> fd = OpenSocket(peer, sockets);
  if (!fd.ok()) return fd.status();
  ConnectionId id = connections_.Add(fd->Release(), State::kConnecting);
  Connection& c = connections_.Get(id);
  c.connecting_to = std::make_unique<Address>(peer);
  ++c.operations;
  queue_->Begin({Op::kConnect, id.slot, id.generation}, [&](io_uring_sqe* sqe) {
    io_uring_prep_connect(sqe, c.fd, c.connecting_to->raw(), c.connecting_to->raw_bytes());
  });
  return id;
}

void NetLoop::OnConnect(ConnectionId id, const io_uring_cqe& cqe) {
  Connection& c = connections_.Get(id);
  --c.operations;
  c.connecting_to.reset();
  if (c.state == State::kClosing) return FinishCloseIfIdle(id, c);
  Emit({.kind = Event::Kind::kConnected, .connection = id, .result = cqe.res});
  if (cqe.res < 0) return StartClose(id, c);
  c.state = State::kOpen;
  if (c.wants_receive()) ArmReceive(id, c);
  PumpSend(id, c);
}

void NetLoop::Close(ConnectionId id) {
  Connection* c = connections_.Find(id);
  if (c != nullptr && c->state != State::kClosing) StartClose(id, *c);
}

void NetLoop::CloseAfterFlush(ConnectionId id) {
  Connection* c = connections_.Find(id);
  if (c == nullptr) return;
  if (c->state == State::kConnecting || (c->state == State::kOpen && c->error != 0)) {
    return StartClose(id, *c);
  }
  if (c->state != State::kOpen) return;
  c->state = State::kFlushing;
  // What arrives is discarded: unread bytes would turn our end of stream into a reset.
  c->receive_paused = false;
  if (c->wants_receive()) ArmReceive(id, *c);
  if (c->queued_bytes() == 0 && !c->send_in_flight) StartLinger(id, *c);
}

void NetLoop::StartLinger(ConnectionId id, Connection& c) {
  if (c.receive_ended) return StartClose(id, c);
  c.state = State::kLingering;
  shutdown(c.fd, SHUT_WR);
  if (c.wants_receive()) ArmReceive(id, c);
  lingering_.Push({id, now_ns_ + int64_t{options_.linger_ms} * 1'000'000});
}

// close(2) alone would neither end an armed receive nor, while one is armed, tell the peer. So:
// shut down, cancel, wait for each operation's own final completion, close.
void NetLoop::StartClose(ConnectionId id, Connection& c) {
  c.state = State::kClosing;
  c.arm_due = false;
  if (c.out != nullptr) c.out->DropUnsent();
  if (c.operations > 0) {
    shutdown(c.fd, SHUT_RDWR);
    ++c.operations;
    queue_->Begin({Op::kCancelAll, id.slot, id.generation}, [&](io_uring_sqe* sqe) {
      io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL);
      sqe->fd = c.fd;
    });
  }
  FinishCloseIfIdle(id, c);
}

void NetLoop::OnCancelAll(ConnectionId id) {
  Connection& c = connections_.Get(id);
  --c.operations;
  FinishCloseIfIdle(id, c);
}

void NetLoop::FinishCloseIfIdle(ConnectionId id, Connection& c) {
  if (c.operations > 0) return;
  if (c.out != nullptr) ReleaseOut(c);
  close(c.fd);
  connections_.Remove(id);
  acceptor_->OnDescriptorFreed();
  Emit({.kind = Event::Kind::kClosed, .connection = id});
}

absl::StatusOr<Address> NetLoop::PeerAddress(ConnectionId id) {
  Connection* c = connections_.Find(id);
  sockaddr_storage peer = {};
  socklen_t bytes = sizeof peer;
  if (c == nullptr || getpeername(c->fd, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) {
    return absl::NotFoundError(
        "the connection is gone, and its peer's address with it; ask earlier");
  }
  return Address::FromSockaddr(reinterpret_cast<sockaddr*>(&peer), bytes);
}

}  // namespace ringjournal::io
