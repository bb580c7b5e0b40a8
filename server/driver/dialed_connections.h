// The connections that the shard dials: its own numbers for them, and the loop's.
#ifndef SERVER_DRIVER_DIALED_CONNECTIONS_H_
#define SERVER_DRIVER_DIALED_CONNECTIONS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "io/net_loop.h"
#include "server/session/effects.h"

namespace ringjournal {

// Stands between effects and the loop: a ConnectionId made from a number at or above
// kDialedConnections means the connection that was dialed under it, any other is the loop's own.
// Loop thread only.
class DialedConnections {
 public:
  explicit DialedConnections(io::NetLoop* loop) : loop_(loop) {}

  // A connection under this number is wanted; its host's name is being looked up.
  void Want(ConnectionNumber number) { wanted_.insert(number); }
  // The answer, or why there is none. Starts to connect, unless it was closed meanwhile. What
  // becomes of it comes as kConnected, or, where that cannot even begin, out of TakeFailed.
  void Dial(ConnectionNumber number, const absl::StatusOr<io::Address>& address,
            const io::SocketOptions& sockets);
  std::vector<Dialed> TakeFailed() { return std::exchange(failed_, {}); }
  bool has_failed() const { return !failed_.empty(); }

  // The shard's number of a connection that the loop speaks of.
  ConnectionNumber NumberOf(io::ConnectionId id) const;
  bool IsDialed(io::ConnectionId id) const { return numbers_.count(id.ToU64()) > 0; }
  // The loop has ended it.
  void Forget(io::ConnectionId id);
  // Ends all.
  void CloseAll();

  // ---- as CarryOutConnections wants a loop ----
  void Send(io::ConnectionId named, ByteSpan head, ByteSpan body) {
    loop_->Send(Find(named), head, body);
  }
  void PauseReceive(io::ConnectionId named) { loop_->PauseReceive(Find(named)); }
  void ResumeReceive(io::ConnectionId named) { loop_->ResumeReceive(Find(named)); }
  void Close(io::ConnectionId named) {
    wanted_.erase(named.ToU64());
    loop_->Close(Find(named));
  }
  void CloseAfterFlush(io::ConnectionId named) {
    wanted_.erase(named.ToU64());
    loop_->CloseAfterFlush(Find(named));
  }
  size_t queued_bytes(io::ConnectionId named) { return loop_->queued_bytes(Find(named)); }

 private:
  // No connection, if that one is gone.
  io::ConnectionId Find(io::ConnectionId named) const;

  io::NetLoop* loop_;
  absl::flat_hash_map<ConnectionNumber, io::ConnectionId> ids_;
  absl::flat_hash_map<uint64_t, ConnectionNumber> numbers_;
  absl::flat_hash_set<ConnectionNumber> wanted_;  // no connection is under way yet
  std::vector<Dialed> failed_;
};

}  // namespace ringjournal

#endif  // SERVER_DRIVER_DIALED_CONNECTIONS_H_
